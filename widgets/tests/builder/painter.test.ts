import cytoscape, { type Core } from "cytoscape";
import { expect, it } from "vitest";
import type { Nearness } from "../../src/builder/card";
import { bendOf, middle } from "../../src/builder/geometry";
import { merged } from "../../src/builder/merge";
import { Painter } from "../../src/builder/painter";
import { placesOf } from "../../src/builder/plan";
import type { Scene } from "../../src/builder/scene";
import { COLOURS, edge, node, scene } from "./scenes";

function painted(first: Scene): { cy: Core; paint: (next: Scene, near?: Nearness) => void } {
  const cy = cytoscape({ headless: true, styleEnabled: true });
  const painter = new Painter(cy, () => true);
  const paint = (next: Scene, near: Nearness = "near"): void => {
    painter.paint(next, COLOURS, near);
  };
  paint(first);
  return { cy, paint };
}
const idsOf = (cy: Core): string => cy.elements().map((one) => one.id()).sort().join(" ");
const CHAIN = scene([node("a"), node("b", 204), node("c", 408, 80)], ["a>>b", "b>>c"]);

it("shows cards by their middle and wires between them", () => {
  const { cy } = painted(CHAIN);
  expect(idsOf(cy)).toBe("e:a>>b e:b>>c n:a n:b n:c");
  expect(cy.$id("n:b").position()).toEqual(middle({ x: 204, y: 0 }));
  expect(cy.$id("e:a>>b").hasClass("bent")).toBe(false);
  expect(cy.$id("e:b>>c").hasClass("bent")).toBe(true);
});

it("touches nothing but what changed", () => {
  const { cy, paint } = painted(CHAIN);
  const a = cy.$id("n:a");
  let events = 0;
  cy.on("add remove position data", () => events++);
  paint(CHAIN);
  expect(events).toBe(0);
  paint(merged(CHAIN, { nodes: { c: node("c", 408, 200, { state: "failed", problem: "error" }) } }));
  expect(cy.$id("n:c").position().y).toBe(226);
  expect(cy.$id("n:c").classes()).toEqual(expect.arrayContaining(["service", "failed", "problem"]));
  expect(cy.$id("n:a")[0]).toBe(a[0]);
});

it("keeps the classes that gestures gave while a state changes", () => {
  const { cy, paint } = painted(CHAIN);
  cy.$id("n:a").addClass("lit");
  paint(merged(CHAIN, { nodes: { a: node("a", 0, 0, { state: "running" }) }, selected: ["a"] }));
  expect(cy.$id("n:a").classes()).toEqual(expect.arrayContaining(["lit", "running", "chosen"]));
});

it("leaves a card that is being dragged where the hand has it", () => {
  const { cy, paint } = painted(CHAIN);
  cy.$id("n:a").position({ x: 300, y: 300 });
  cy.$id("n:a").grabbed = () => true;
  paint(merged(CHAIN, { nodes: { a: node("a", 10, 10), b: node("b", 204, 10) } }));
  expect(cy.$id("n:a").position()).toEqual({ x: 300, y: 300 });
  expect(cy.$id("n:b").position()).toEqual(middle({ x: 204, y: 10 }));
});

it("writes a group's name larger when the canvas is zoomed out", () => {
  const grouped = merged(CHAIN, { groups: { g: { name: "g", members: ["b", "c"], folded: false } } });
  const { cy, paint } = painted(grouped);
  const size = (): number => parseFloat(String(cy.$id("group:g").style("font-size")));
  const near = size();
  paint(grouped, "far");
  expect(size()).toBeGreaterThan(near * 1.4);
  paint(grouped);
  expect(size()).toBe(near);
});

it("folds a group into one card that has its wires, and opens it again", () => {
  const grouped = merged(CHAIN, { groups: { g: { name: "g", members: ["b", "c"], folded: false } } });
  const { cy, paint } = painted(CHAIN);
  paint(grouped);
  expect(cy.$id("n:b").data("parent")).toBe("group:g");
  expect(cy.edges()).toHaveLength(2);
  paint(merged(grouped, { groups: { g: { name: "g", members: ["b", "c"], folded: true } } }));
  expect(idsOf(cy)).toBe("e:a>>b group:g n:a");
  expect(cy.$id("e:a>>b").target().id()).toBe("group:g");
  paint(grouped);
  expect(idsOf(cy)).toBe("e:a>>b e:b>>c group:g n:a n:b n:c");
  paint(CHAIN);
  expect(idsOf(cy)).toBe("e:a>>b e:b>>c n:a n:b n:c");
  expect(cy.$id("n:b").parent().empty()).toBe(true);
  expect(cy.$id("n:c").position()).toEqual(middle({ x: 408, y: 80 }));
});

it("bundles the wires that a folded group takes together", () => {
  const wide = scene([node("a"), node("b"), node("c")], ["a>>b", "a>>c"], {
    groups: { g: { name: "g", members: ["b", "c"], folded: true } },
  });
  const { cy } = painted(merged(wide, { edges: { "a>>c": edge("a>>c", { state: "running" }) } }));
  expect(cy.edges()).toHaveLength(1);
  expect(cy.edges()[0]?.data("keys")).toEqual(["a>>b", "a>>c"]);
  expect(cy.edges().is(".running")).toBe(true);
});

it("survives names that mean something elsewhere", () => {
  const odd = ["constructor", "__proto__x", "a b", "#n.x[y]", "n:a"].map((id, at) => node(id, at * 200));
  const { cy } = painted(scene(odd, ["a b>>#n.x[y]"]));
  expect(cy.nodes()).toHaveLength(5);
  expect(cy.edges()).toHaveLength(1);
});

it("moves all that a folded group holds by what its card moved", () => {
  const folded = merged(CHAIN, { groups: { g: { name: "g", members: ["b", "c"], folded: true } } });
  const { cy } = painted(folded);
  const at = cy.$id("group:g").position();
  expect(placesOf(folded, new Map([["group:g", { x: at.x + 10, y: at.y - 20 }]])).nodes).toEqual({
    b: [214, -20],
    c: [418, 60],
  });
});

it("bends wires so that they leave and arrive level, and not at all where they are level anyway", () => {
  expect(bendOf({ x: 0, y: 0 }, { x: 300, y: 0 })).toBeUndefined();
  const bend = bendOf({ x: 0, y: 0 }, { x: 300, y: 100 });
  const [weight, away] = [Number(bend?.weights.split(" ")[0]), Number(bend?.bends.split(" ")[0])];
  const length = Math.hypot(300, 100);
  // The first control point, back from cytoscape's way to count, is level with the source.
  expect(weight * 100 + (away * 300) / length).toBeCloseTo(0, 0);
  expect(bendOf({ x: 300, y: 0 }, { x: 0, y: 0 })).toBeDefined();
});
