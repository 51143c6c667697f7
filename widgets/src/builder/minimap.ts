/** A small picture of the whole graph, there while not all of it is in view; a press on it moves the view there. */
import { element } from "../dom";
import { CARD, hueOf } from "./card";
import { around, type Area } from "./geometry";
import type { Gesture } from "./stage";

const [WIDTH, HEIGHT, MARGIN] = [168, 108, 8];
/** A canvas narrower than this has no room to spare. */
const NARROW = 520;

export const minimap: Gesture = (stage) => {
  const map = element("canvas", "opea-minimap", "", { "aria-hidden": "true", title: "The whole graph: press to go there" });
  const ratio = window.devicePixelRatio || 1;
  map.width = WIDTH * ratio;
  map.height = HEIGHT * ratio;
  map.hidden = true;
  stage.layer.append(map);
  let scale = 1;
  let origin = { x: 0, y: 0 };
  let asked = 0;

  const paint = (): void => {
    asked = 0;
    const { cy } = stage;
    if (cy.destroyed()) return;
    const whole = around(cy.nodes("[type]").map((node) => areaAt(node.position(), node.width(), node.height())));
    const view = cy.extent();
    const seen = !whole || (whole.x1 >= view.x1 && whole.y1 >= view.y1 && whole.x2 <= view.x2 && whole.y2 <= view.y2);
    map.hidden = seen || stage.box.clientWidth < NARROW;
    const pen = map.getContext("2d");
    if (map.hidden || !whole || !pen) return;
    const colours = stage.theme();
    const shown = around([whole, { x1: view.x1, y1: view.y1, x2: view.x2, y2: view.y2 }]) ?? whole;
    scale = Math.min((WIDTH - 2 * MARGIN) / (shown.x2 - shown.x1), (HEIGHT - 2 * MARGIN) / (shown.y2 - shown.y1));
    origin = {
      x: shown.x1 - (WIDTH / scale - (shown.x2 - shown.x1)) / 2,
      y: shown.y1 - (HEIGHT / scale - (shown.y2 - shown.y1)) / 2,
    };
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, WIDTH, HEIGHT);
    const { nodes } = stage.scene();
    const draw = (area: Area, colour: string): void => {
      pen.fillStyle = colour;
      pen.fillRect(
        (area.x1 - origin.x) * scale,
        (area.y1 - origin.y) * scale,
        Math.max(2, (area.x2 - area.x1) * scale),
        Math.max(1.5, (area.y2 - area.y1) * scale),
      );
    };
    cy.nodes("[type]").forEach((node) => {
      const card = nodes[String(node.data("name"))];
      const colour = node.data("type") === "node" && card ? hueOf(card.hue, colours) : colours.line;
      if (!node.isParent()) draw(areaAt(node.position(), node.width(), node.height()), colour);
    });
    pen.strokeStyle = colours.brand;
    pen.lineWidth = 1.5;
    pen.strokeRect((view.x1 - origin.x) * scale, (view.y1 - origin.y) * scale, view.w * scale, view.h * scale);
  };
  const soon = (): void => {
    asked ||= requestAnimationFrame(paint);
  };
  const attach = (): void => {
    stage.cy.on("viewport resize", soon);
    stage.cy.on("position add remove", "node", soon);
    soon();
  };
  attach();
  const go = (event: PointerEvent): void => {
    const rect = map.getBoundingClientRect();
    const at = { x: origin.x + (event.clientX - rect.left) / scale, y: origin.y + (event.clientY - rect.top) / scale };
    const zoom = stage.cy.zoom();
    stage.cy.pan({ x: stage.cy.width() / 2 - at.x * zoom, y: stage.cy.height() / 2 - at.y * zoom });
  };
  map.addEventListener("pointerdown", (event) => {
    map.setPointerCapture(event.pointerId);
    go(event);
  });
  map.addEventListener("pointermove", (event) => {
    if (event.buttons & 1) go(event);
  });
  // The canvas below would take the press for one on its ground.
  for (const kind of ["mousedown", "touchstart", "wheel", "dblclick", "contextmenu"]) {
    map.addEventListener(kind, (event) => {
      event.stopPropagation();
    });
  }
  const ends = [stage.on("cy", attach), stage.on("scene", soon), stage.on("theme", soon)];
  return () => {
    cancelAnimationFrame(asked);
    for (const end of ends) end();
    if (!stage.cy.destroyed()) {
      stage.cy.off("viewport resize", soon);
      stage.cy.off("position add remove", "node", soon);
    }
    map.remove();
  };
};

function areaAt({ x, y }: { x: number; y: number }, width: number, height: number): Area {
  return { x1: x - (width || CARD.width) / 2, y1: y - (height || CARD.height) / 2, x2: x + width / 2, y2: y + height / 2 };
}
