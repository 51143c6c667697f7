/** What a card takes and gives, shown beside it as text while the mouse rests on it. */
import type { EventObject, NodeSingular, Position } from "cytoscape";
import { element } from "../dom";
import type { Gesture, Stage } from "./stage";

const PATIENCE = 350;

export const hovering: Gesture = (stage) => {
  const tip = element("div", "opea-hover", "", { role: "tooltip" });
  tip.hidden = true;
  stage.layer.append(tip);
  let waiting = 0;
  /** What the pointer rests on, and where it came onto it: cytoscape tells that only once. */
  let under: { hit: NodeSingular; at: Position } | null = null;
  const hide = (): void => {
    window.clearTimeout(waiting);
    tip.hidden = true;
  };
  const show = (): void => {
    tip.hidden = true;
    if (!under || under.hit.removed() || !stage.box.isConnected) return;
    const { hit, at } = under;
    const area = hit.renderedBoundingBox({ includeLabels: false, includeOverlays: false });
    if (at.x < area.x1 || at.x > area.x2 || at.y < area.y1 || at.y > area.y2) return;
    const lines = linesOf(stage, String(hit.data("type")), String(hit.data("name")));
    if (lines.length === 0) return;
    tip.replaceChildren(...lines.map(([text, name]) => element("div", name, text)));
    tip.hidden = false;
    const left = Math.min(Math.max(4, (area.x1 + area.x2 - tip.offsetWidth) / 2), stage.box.clientWidth - tip.offsetWidth - 4);
    const below = area.y2 + 8;
    const top = below + tip.offsetHeight > stage.box.clientHeight ? area.y1 - tip.offsetHeight - 8 : below;
    tip.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  };
  const rest = (): void => {
    hide();
    if (under) waiting = window.setTimeout(show, PATIENCE);
  };
  const over = (event: EventObject): void => {
    under = { hit: event.target as NodeSingular, at: event.renderedPosition };
    rest();
  };
  const out = (): void => {
    under = null;
    hide();
  };
  /** A service that becomes ready must not take away what is being read. */
  const changed = (): void => {
    if (!tip.hidden) show();
  };
  const attach = (): void => {
    stage.cy.on("mouseover", "node", over);
    stage.cy.on("mouseout tapstart grab remove", "node", out);
    stage.cy.on("mousedown", hide);
    stage.cy.on("viewport", rest);
  };
  attach();
  const ends = [stage.on("cy", attach), stage.on("scene", changed)];
  return () => {
    out();
    for (const end of ends) end();
    if (!stage.cy.destroyed()) {
      stage.cy.off("mouseover", "node", over);
      stage.cy.off("mouseout tapstart grab remove", "node", out);
      stage.cy.off("mousedown", hide);
      stage.cy.off("viewport", rest);
    }
    tip.remove();
  };
};

function linesOf(stage: Stage, type: string, name: string): [text: string, className: string][] {
  const scene = stage.scene();
  if (type === "node") {
    const node = scene.nodes[name];
    if (!node) return [];
    const told: [string, string][] = [
      [node.id, "opea-hover-name"],
      [node.hover, ""],
      [[node.state, node.time].filter(Boolean).join(" · "), ""],
      [node.why, node.problem || node.state === "failed" ? "opea-hover-why" : ""],
    ];
    return told.filter(([text]) => text);
  }
  const group = type === "group" ? scene.groups[name] : undefined;
  return group?.folded ? [[name, "opea-hover-name"], [group.members.join(", "), ""]] : [];
}
