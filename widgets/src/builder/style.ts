/** The canvas's style in the theme's colours. */
import type { StylesheetStyle } from "cytoscape";
import { CARD } from "./card";
import { mix, type Colours } from "./theme";

/** A card with round ends, as points from -1 to 1. */
const PILL = pill(CARD.height / CARD.width);

export function stylesheet(colours: Colours): StylesheetStyle[] {
  const thick = colours.contrast ? 1 : 0;
  const node = {
    shape: "round-rectangle",
    width: CARD.width,
    height: CARD.height,
    "background-color": colours.card,
    "border-width": 1 + thick,
    "border-color": colours.line,
    "overlay-opacity": 0,
    "underlay-opacity": 0,
    "underlay-shape": "round-rectangle",
    "transition-duration": 0,
    "z-index": 2,
    label: "",
  };
  const engine = {
    shape: "polygon",
    "shape-polygon-points": PILL,
    "border-style": "dashed",
    "border-color": colours.edge,
    "border-width": 1.25 + thick,
    "background-color": mix(colours.card, colours.text, 0.03),
  };
  const folded = {
    "border-width": 4,
    "border-style": "double",
    "border-color": colours.edge,
  };
  const group = {
    shape: "round-rectangle",
    padding: "18px",
    "background-color": mix(colours.background, colours.brand, 0.05),
    "background-opacity": 0.9,
    "border-width": 1 + thick,
    "border-style": "solid",
    "border-color": mix(colours.line, colours.brand, 0.25),
    label: "data(title)",
    color: colours.quiet,
    "font-family": colours.font,
    "font-size": 12,
    "font-weight": 600,
    "text-valign": "top",
    "text-halign": "center",
    "text-margin-y": -5,
    "text-wrap": "ellipsis",
    "text-max-width": "240px",
    "z-index": 0,
  };
  const note = {
    width: "data(width)",
    height: "data(height)",
    shape: "rectangle",
    "background-color": mix(colours.card, "#e6b800", colours.dark ? 0.16 : 0.14),
    "border-color": mix(colours.line, "#e6b800", 0.45),
    "z-index": 1,
  };
  const edge = {
    width: 1.5 + thick,
    "line-color": colours.edge,
    "curve-style": "straight",
    "target-arrow-color": colours.edge,
    "overlay-opacity": 0,
    "overlay-padding": 6,
  };
  const flow = {
    "source-endpoint": "90deg",
    "target-endpoint": "270deg",
    "target-arrow-shape": "triangle",
    "arrow-scale": 1.1,
    "z-index": 1,
  };
  const bent = {
    "curve-style": "unbundled-bezier",
    "control-point-distances": "data(bends)",
    "control-point-weights": "data(weights)",
    "edge-distances": "node-position",
  };
  const uses = { width: 1 + thick, "line-style": "dashed", "line-dash-pattern": [4, 4], "target-arrow-shape": "none" };
  const painted = (colour: string): object => ({ "line-color": colour, "target-arrow-color": colour });
  const ring = { "border-style": "solid", "border-width": 2.5 + thick, "border-color": colours.brand };
  const rules: Record<string, object> = {
    core: {
      "active-bg-opacity": 0,
      "selection-box-color": colours.brand,
      "selection-box-opacity": 0.12,
      "selection-box-border-color": colours.brand,
      "selection-box-border-width": 1,
    },
    node,
    // What a gesture adds (the end of a wire being drawn) has no picture.
    "node[card]": {
      "background-image": "data(card)",
      "background-width": "100%",
      "background-height": "100%",
      "background-clip": "node",
    },
    "node.engine": engine,
    "node.group": group,
    "node.far": { "font-size": 19, "text-max-width": "400px" },
    "node.folded": folded,
    "node.note": note,
    "node.warning": { "border-color": colours.warn },
    "node.problem": { "border-color": colours.bad, "border-width": 1.5 + thick },
    "node.done": { "border-color": mix(colours.line, colours.good, 0.6) },
    "node.running": { "border-color": colours.brand, "border-width": 2 + thick },
    "node.failed": { "border-color": colours.bad, "border-width": 2 + thick },
    "node.hovered": { "underlay-color": colours.text, "underlay-padding": 3, "underlay-opacity": 0.1 },
    "node.chosen": ring,
    "node.lit": { "underlay-color": colours.brand, "underlay-padding": 5, "underlay-opacity": 0.22, "border-color": colours.brand },
    "node.target": { ...ring, "underlay-color": colours.brand, "underlay-padding": 6, "underlay-opacity": 0.4 },
    edge,
    "edge.flow": flow,
    "edge.uses": uses,
    "edge.bent": bent,
    "edge.running": { ...painted(colours.brand), width: 2.5 + thick },
    "edge.done": painted(mix(colours.edge, colours.good, 0.75)),
    "edge.hovered": { ...painted(colours.text), width: 2 + thick },
    "edge.chosen": { ...painted(colours.brand), width: 2.5 + thick },
    ".dimmed": { opacity: 0.32 },
  };
  return Object.entries(rules).map(([selector, style]) => ({ selector, style }));
}

function pill(height: number): string {
  const points: string[] = [];
  const steps = 8;
  for (const [side, from] of [[1, -90], [-1, 90]] as const) {
    for (let step = 0; step <= steps; step++) {
      const angle = ((from + (180 * step) / steps) * Math.PI) / 180;
      const x = side * (1 - height) + Math.cos(angle) * height;
      points.push(`${x.toFixed(4)} ${Math.sin(angle).toFixed(4)}`);
    }
  }
  return points.join(" ");
}
