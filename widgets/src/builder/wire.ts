/** Drawing a wire from a card's right edge: what fits is lit, what does not says why, the void offers what to add. */
import type { Core, EdgeSingular, EventObject, NodeSingular } from "cytoscape";
import register, { type EdgeHandles, type Options } from "cytoscape-edgehandles";
import { element } from "../dom";
import type { Deck } from "./deck";
import { under, type Box, type Point } from "./placing";
import { light, quickAdd, unlight } from "./quick-add";
import type { Fits } from "./scene";

/** How far beside a card's edge a wire can still begin, and how near its end must come, in pixels. */
const REACH = 10;
const SNAP = 14;

/** The live cytoscape is ipycytoscape's own copy, which is told of no extension: this makes one without it. */
function edgehandles(cy: Core, options: Options): EdgeHandles {
  let made: EdgeHandles | undefined;
  register((_type, _name, make) => {
    made = make.call(cy, options);
  });
  if (!made) throw new Error("edgehandles did not register");
  return made;
}

export function wiring(deck: Deck): () => void {
  const { stage } = deck;
  const handle = element("div", "opea-handle", "", { "aria-hidden": "true", title: "Drag to connect" });
  handle.append(element("span"));
  handle.hidden = true;
  let shown: Box | undefined;
  let source = "";
  let fits: Fits | undefined;
  let asked: { source: string; scene: unknown } | undefined;
  let wires: EdgeHandles | undefined;
  let reached = "";

  // Asked for as soon as the handle shows, so that the answer is there when the wire begins.
  const ask = (name: string): void => {
    const { nodes, edges } = stage.scene();
    const scene = JSON.stringify([Object.keys(nodes), Object.keys(edges)]);
    if (asked?.source === name && asked.scene === scene) return;
    asked = { source: name, scene };
    fits = undefined;
    const mine = asked;
    void deck.fits(name).then((answer) => {
      if (asked !== mine) return;
      fits = answer;
      if (source !== name || !wires?.active) return;
      // It remembers each refusal while a wire is drawn: begin anew, now that it is known what fits.
      begin();
    });
  };
  const place = (box: Box | undefined): void => {
    shown = box;
    handle.hidden = box === undefined;
    if (!box) return;
    const frame = stage.layer.getBoundingClientRect();
    const zoom = stage.cy.zoom();
    const at = deck.inWindow({ x: box.x + box.width, y: box.y });
    handle.style.left = `${at.x - frame.left - REACH}px`;
    handle.style.top = `${at.y - frame.top}px`;
    handle.style.height = `${box.height * zoom}px`;
    ask(box.id);
  };
  const hovered = (event: PointerEvent): void => {
    const at = { x: event.clientX, y: event.clientY };
    deck.pointer = deck.over(at) ? at : undefined;
    if (source || event.buttons > 0 || !(event.target instanceof Node)) return;
    look(stage.box.contains(event.target) || stage.layer.contains(event.target));
  };
  const look = (here: boolean): void => {
    const box = here && deck.pointer ? under(deck.cards(), deck.inGraph(deck.pointer), REACH / stage.cy.zoom()) : undefined;
    const service = box && stage.scene().nodes[box.id]?.role === "service" ? box : undefined;
    if (service?.id !== shown?.id || service?.x !== shown?.x || service?.y !== shown?.y) place(service);
  };
  const begin = (): void => {
    const node = deck.find({ on: "card", id: source });
    if (!node) return;
    wires?.stop();
    // What the card says of itself while the mouse rests on it would lie over the wire.
    node.emit("mouseout");
    wires?.start(node as NodeSingular);
    light(deck, source, fits);
  };
  const start = (event: PointerEvent): void => {
    if (event.button !== 0 || !shown) return;
    event.preventDefault();
    event.stopPropagation();
    handle.setPointerCapture(event.pointerId);
    source = shown.id;
    reached = "";
    handle.classList.add("opea-handle-drawn");
    begin();
  };
  const draw = (event: PointerEvent): void => {
    if (!source) return;
    const at = { x: event.clientX, y: event.clientY };
    wires?.update(deck.inGraph(at));
    deck.hint(why(at), at, true);
  };
  /** Why the card under the pointer takes no wire from here; empty over the ground and over one that does. */
  const why = (at: Point): string => {
    const card = under(deck.cards(), deck.inGraph(at));
    if (!card || card.id === source) return "";
    return fits ? (fits.targets[card.id] ?? "") : "";
  };
  const drop = (event: PointerEvent): void => {
    if (!source) return;
    const at = { x: event.clientX, y: event.clientY };
    const from = source;
    // The last stretch of a quick drag has not been looked at yet.
    wires?.update(deck.inGraph(at));
    const over = under(deck.cards(), deck.inGraph(at));
    const hit = over && over.id !== from && fits?.targets[over.id] === "" ? over.id : "";
    const reason = why(at);
    finish();
    deck.focus();
    const target = hit || (over ? "" : reached);
    if (target) deck.ask("connect", { source: from, target });
    else if (reason) {
      deck.hint(reason, at, true);
      deck.say(reason);
    } else if (over && over.id !== from) deck.ask("connect", { source: from, target: over.id });
    else if (!over && deck.over(at)) quickAdd(deck, at, from);
  };
  const finish = (): void => {
    source = "";
    wires?.stop();
    unlight(deck);
    deck.hint("", { x: 0, y: 0 });
    handle.classList.remove("opea-handle-drawn");
    place(undefined);
  };
  const cancel = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || !source) return;
    event.preventDefault();
    event.stopPropagation();
    reached = "";
    finish();
  };

  const listen = (): void => {
    const { cy } = stage;
    wires = edgehandles(cy, {
      canConnect: (_, target) => fits?.targets[String(target.data("name"))] === "" && target.data("type") === "node" && target.visible(),
      hoverDelay: 0,
      snap: true,
      snapThreshold: SNAP,
      snapFrequency: 60,
      noEdgeEventsInDraw: false,
      disableBrowserGestures: false,
    });
    cy.on("add", ".eh-ghost-edge, .eh-preview", (event: EventObject) => {
      const drawn = event.target as EdgeSingular;
      if (!drawn.isEdge()) return;
      drawn.style({
        "curve-style": "straight", "line-color": stage.theme().brand, "target-arrow-color": stage.theme().brand,
        "target-arrow-shape": "triangle", width: 2, label: "", "line-style": "solid",
        "source-endpoint": "50% 0%", ...(drawn.hasClass("eh-preview") ? { "target-endpoint": "-50% 0%" } : {}),
      });
    });
    cy.on("ehpreviewon", (_event, _source, target?: NodeSingular) => {
      cy.elements(".eh-ghost-edge").style("opacity", 0);
      cy.elements(".target").removeClass("target");
      target?.addClass("target");
      reached = target ? String(target.data("name")) : "";
    });
    cy.on("ehpreviewoff", () => {
      cy.elements(".eh-ghost-edge").style("opacity", 1);
      cy.elements(".target").removeClass("target");
      if (source) reached = "";
    });
    // Python draws the wire that stays.
    cy.on("ehcomplete", (_event, _source, _target, drawn?: EdgeSingular) => {
      drawn?.remove();
    });
    cy.on("viewport", hide);
    cy.on("grab", hide);
  };
  const hide = (): void => {
    if (!source) place(undefined);
  };
  // The card may be another, or stand elsewhere, under a pointer that rests.
  const again = (): void => {
    if (source || !shown) return;
    place(undefined);
    look(true);
  };
  const quiet = (event: Event): void => {
    event.stopPropagation();
  };

  stage.layer.append(handle);
  stage.root.addEventListener("pointermove", hovered);
  stage.root.addEventListener("keydown", cancel, true);
  handle.addEventListener("pointerdown", start);
  handle.addEventListener("pointermove", draw);
  handle.addEventListener("pointerup", drop);
  handle.addEventListener("pointercancel", finish);
  handle.addEventListener("mousedown", quiet);
  handle.addEventListener("touchstart", quiet, { passive: true });
  listen();
  const ends = [
    stage.on("cy", listen),
    stage.on("scene", again),
  ];
  return () => {
    for (const end of ends) end();
    stage.root.removeEventListener("pointermove", hovered);
    stage.root.removeEventListener("keydown", cancel, true);
    wires?.destroy();
    handle.remove();
  };
}
