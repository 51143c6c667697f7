import cytoscape, { type Core } from "cytoscape";
import { expect, it } from "vitest";
import { Painter } from "../../src/builder/painter";
import { stylesheet } from "../../src/builder/style";
import { COLOURS, edge, node, scene } from "./scenes";

function styled(contrast: boolean): Core {
  const cy = cytoscape({ headless: true, styleEnabled: true });
  const cards = scene([node("a"), node("b", 204), node("e", 204, 120, { role: "engine" })]);
  const edges = { "a>>b": edge("a>>b"), "b::e": edge("", { source: "b", target: "e", kind: "uses" }) };
  new Painter(cy, () => true).paint({ ...cards, edges }, COLOURS, "near");
  cy.style(stylesheet({ ...COLOURS, contrast }));
  return cy;
}

it.each([false, true])("tells flow from uses-engine wires without colour (high contrast %s)", (contrast) => {
  const cy = styled(contrast);
  const [flow, uses] = [cy.edges(".flow"), cy.edges(".uses")];
  expect([flow.length, uses.length]).toEqual([1, 1]);
  expect([flow.style("line-style"), flow.style("target-arrow-shape")]).toEqual(["solid", "triangle"]);
  expect([uses.style("line-style"), uses.style("target-arrow-shape")]).toEqual(["dashed", "none"]);
  expect(Number.parseFloat(String(uses.style("width")))).toBeLessThan(Number.parseFloat(String(flow.style("width"))));
});

it("tells engines from services by their outline, without colour", () => {
  const cy = styled(false);
  const [service, engine] = [cy.$id("n:a"), cy.$id("n:e")];
  expect([service.style("shape"), service.style("border-style")]).toEqual(["round-rectangle", "solid"]);
  expect([engine.style("shape"), engine.style("border-style")]).toEqual(["polygon", "dashed"]);
});
