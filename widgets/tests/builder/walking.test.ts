import { expect, it } from "vitest";
import { flowOrder, step } from "../../src/builder/walking";

const at = (id: string, x: number, y = 0): { id: string; x: number; y: number } => ({ id, x, y });
const link = (text: string): { source: string; target: string } => {
  const [source = "", target = ""] = text.split(">");
  return { source, target };
};

it("walks as the data flow, wherever the cards stand", () => {
  const nodes = [at("llm", 0), at("embedding", 900), at("retriever", 400)];
  expect(flowOrder(nodes, [link("embedding>retriever"), link("retriever>llm")])).toEqual(["embedding", "retriever", "llm"]);
});

it("finishes one part of the graph before the next one below", () => {
  const nodes = [at("a", 0, 0), at("low", 0, 300), at("b", 500, 0), at("low2", 100, 300)];
  expect(flowOrder(nodes, [link("a>b"), link("low>low2")])).toEqual(["a", "b", "low", "low2"]);
});

it("goes from the left where the flow leaves it open, and visits a ring once", () => {
  const nodes = [at("start", 0), at("right", 200, 0), at("left", 100, 50), at("end", 300)];
  const links = ["start>right", "start>left", "right>end", "left>end"].map(link);
  expect(flowOrder(nodes, links)).toEqual(["start", "left", "right", "end"]);
  expect(flowOrder([at("x", 5), at("y", 0)], [link("x>y"), link("y>x")])).toEqual(["y", "x"]);
});

it("ignores wires to cards that are not there", () => {
  expect(flowOrder([at("a", 0)], [link("a>gone"), link("gone>a")])).toEqual(["a"]);
});

it("steps both ways, begins at either end, and stops after the last", () => {
  const order = ["a", "b", "c"];
  expect(step(order, "", false)).toBe("a");
  expect(step(order, "", true)).toBe("c");
  expect(step(order, "b", false)).toBe("c");
  expect(step(order, "c", false)).toBeUndefined();
  expect(step(order, "a", true)).toBeUndefined();
});

it("orders 500 cards within a few milliseconds", () => {
  const nodes = Array.from({ length: 500 }, (_, n) => at(`n${n}`, n % 25, Math.floor(n / 25)));
  const links = nodes.slice(1).flatMap((_, n) => [link(`n${n}>n${n + 1}`), link(`n${Math.floor(n / 2)}>n${n + 1}`)]);
  const begun = performance.now();
  expect(flowOrder(nodes, links)).toHaveLength(500);
  expect(performance.now() - begun).toBeLessThan(200);
});
