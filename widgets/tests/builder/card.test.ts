import { expect, it } from "vitest";
import { cardPicture, mark, notePicture } from "../../src/builder/card";
import { clip, escaped, wrap } from "../../src/builder/lettering";
import type { State } from "../../src/builder/scene";
import { COLOURS, node } from "./scenes";

const drawing = (picture: string): Document =>
  new DOMParser().parseFromString(decodeURIComponent(picture.slice(picture.indexOf(",") + 1)), "image/svg+xml");
const HOSTILE = [`<img src=x onerror=alert(1)>`, `"><script>alert(1)</script>`, "a&b<c", "\ud800 lone", "\u0000\u001b[31m"];

it("shows names, lines and notes of any content as text", () => {
  for (const text of HOSTILE) {
    for (const near of ["near", "far"] as const) {
      const card = drawing(cardPicture(node(text, 0, 0, { line: text, time: text, icon: text }), COLOURS, near));
      const note = drawing(notePicture({ id: "n", text, x: 0, y: 0, width: 200, height: 80 }, COLOURS, near));
      for (const made of [card, note]) expect(made.querySelector("script, img, foreignObject, image, parsererror")).toBeNull();
    }
  }
  expect(escaped(`<a href="x">&'`)).toBe("&#60;a href=&#34;x&#34;&#62;&#38;&#39;");
});

it("has a shape of its own for each state", () => {
  const states: State[] = ["waiting", "starting", "ready", "running", "done", "skipped", "failed", "stopped"];
  const grey = { ...COLOURS, good: "#000", bad: "#000", brand: "#000", quiet: "#000" };
  expect(new Set(states.map((state) => mark(state, grey, 10, 10, 6))).size).toBe(states.length);
});

it("writes the duration beside the kind, or in its place where both do not fit", () => {
  const texts = (line: string): string[] =>
    [...drawing(cardPicture(node("a", 0, 0, { line, time: "12 ms", state: "done" }), COLOURS, "near")).querySelectorAll("text")].map(
      (text) => text.textContent,
    );
  expect(texts("llm")).toEqual(["a", "12 ms", "llm"]);
  expect(texts("a very long line of words")).toEqual(["a", "12 ms"]);
});

it("draws names larger when the canvas is zoomed out", () => {
  const size = (near: "near" | "far"): number =>
    Number(drawing(cardPicture(node("embedding"), COLOURS, near)).querySelector("text")?.getAttribute("font-size"));
  expect(size("near")).toBe(13);
  expect(size("far")).toBeGreaterThanOrEqual(18);
});

it("cuts and breaks text without tearing letters apart", () => {
  const lettering = { size: 10, weight: 400, font: "x" }; // without a canvas a letter counts 5.6 pixels
  expect(clip("hello", 100, lettering)).toBe("hello");
  expect(clip("hello world", 40, lettering)).toBe("hello…");
  expect(clip("👩‍🔬👩‍🔬👩‍🔬", 60, lettering)).toMatch(/^(👩‍🔬)*…$/u);
  expect(wrap("one two three", 45, 3, lettering)).toEqual(["one two", "three"]);
  expect(wrap("one\ntwo\nthree\nfour", 45, 2, lettering)).toEqual(["one", "two…"]);
});
