import { expect, it } from "vitest";
import { hex, luminance } from "../../src/builder/theme";

it("takes colours from the page only as hex digits", () => {
  expect(hex("rgb(255, 128, 0)")).toBe("#ff8000");
  expect(hex("rgba(0, 0, 0, 0.5)", "#ffffff")).toBe("#808080");
  expect(hex("rgba(255, 255, 255, 0.5)", "#000000")).toBe("#808080");
  expect(hex("url(javascript:1)")).toBe("");
});

it("tells dark from light", () => {
  expect(luminance("#111111")).toBeLessThan(0.4);
  expect(luminance("#ffffff")).toBeGreaterThan(0.4);
});
