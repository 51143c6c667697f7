import { describe, expect, it } from "vitest";
import { aligned, around, free, nearest, under, type Box } from "../../src/builder/placing";

const box = (id: string, x: number, y: number, width = 148, height = 52): Box => ({ id, x, y, width, height });

describe("aligning", () => {
  const cards = [box("a", 10, 0), box("b", 40, 100), box("c", 300, 30, 100, 80)];

  it("moves only what is not there yet", () => {
    expect(aligned(cards, "left")).toEqual({ b: [10, 100], c: [10, 30] });
    expect(aligned(cards, "top")).toEqual({ b: [40, 0], c: [300, 0] });
  });
  it("lines up right sides, bottoms and centres of different sizes", () => {
    expect(aligned(cards, "right")).toEqual({ a: [252, 0], b: [252, 100] });
    expect(aligned(cards, "bottom")).toEqual({ a: [10, 100], c: [300, 72] });
    expect(aligned(cards, "centre")).toEqual({ a: [131, 0], b: [131, 100], c: [155, 30] });
  });
  it("leaves equal gaps when distributing, the outer ones in place", () => {
    const moved = aligned([box("a", 0, 0, 10, 10), box("b", 15, 0, 20, 10), box("c", 90, 0, 10, 10)], "across");
    expect(moved).toEqual({ b: [40, 0] });
  });
  it("does nothing to nothing", () => {
    expect(aligned([], "left")).toEqual({});
    expect(around([])).toBeUndefined();
  });
});

describe("what lies next", () => {
  const here = box("here", 200, 200);
  it("prefers what is ahead over what is off to the side", () => {
    const boxes = [here, box("ahead", 500, 210), box("aside", 230, 400)];
    expect(nearest(boxes, here, "right")).toBe("ahead");
    expect(nearest(boxes, here, "down")).toBe("aside");
    expect(nearest(boxes, here, "left")).toBeUndefined();
  });
  it("still finds what is only to the side when nothing is ahead", () => {
    expect(nearest([here, box("aside", 230, 400)], here, "right")).toBe("aside");
  });
});

it("finds the topmost card under a point, with some reach around it", () => {
  const boxes = [box("low", 0, 0), box("high", 100, 10)];
  expect(under(boxes, { x: 120, y: 30 })?.id).toBe("high");
  expect(under(boxes, { x: 255, y: 30 })?.id).toBeUndefined();
  expect(under(boxes, { x: 255, y: 30 }, 12)?.id).toBe("high");
});

it("puts a new card where it hides none", () => {
  const size = { width: 148, height: 52 };
  expect(free([box("a", 0, 0)], { x: 20, y: 20 }, size)).toEqual({ x: 20, y: 68 });
  expect(free([box("a", 0, 0)], { x: 300, y: 0 }, size)).toEqual({ x: 300, y: 0 });
});
