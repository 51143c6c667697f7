import { afterEach, beforeEach, expect, it, vi } from "vitest";
import logView, { overlap } from "../src/log-view";
import { FakeModel, find, show } from "./samples";

class Talking extends FakeModel {
  readonly sent: { act: string; view: string }[] = [];

  send(message: { act: string; view: string }): void {
    this.sent.push(message);
  }
}

let seen: (now: boolean) => void;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal(
    "IntersectionObserver",
    class {
      constructor(callback: (entries: { isIntersecting: boolean }[]) => void) {
        seen = (now) => {
          callback([{ isIntersecting: now }]);
        };
      }
      observe(): void {
        // told by the test
      }
      disconnect(): void {
        // nothing is held
      }
    },
  );
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
  document.body.replaceChildren();
});

function display(lines: string[]): { log: HTMLElement; model: Talking; close: () => void } {
  const model = new Talking({ lines, title: "Log of llm" });
  const { el, close } = show(logView, model);
  return { log: find(el, ".opea-log"), model, close };
}

const shown = (log: HTMLElement): (string | null)[] => [...log.children].map((line) => line.textContent);

it.each([
  [["a", "b", "c"], ["b", "c", "d"], 2],
  [["a"], ["b"], 0],
  [[], ["a"], 0],
  [["a", "a"], ["a", "a", "a"], 2],
])("finds what of %j stays in %j", (before, now, kept) => {
  expect(overlap(before, now)).toBe(kept);
});

it("keeps the elements of lines that stay", () => {
  const { log, model } = display(["a", "b", "c"]);
  const b = log.children[1];
  model.set("lines", ["b", "c", "d"]);
  expect(shown(log)).toEqual(["b", "c", "d"]);
  expect(log.children[0]).toBe(b);
  model.set("lines", ["quite", "another"]);
  expect(shown(log)).toEqual(["quite", "another"]);
});

it("shows text only", () => {
  const { log } = display(["<img src=x onerror=alert(1)>"]);
  expect(log.querySelector("img")).toBeNull();
});

it("does not move a reader who scrolled up, and offers them the way to the end", () => {
  const { log, model } = display(["a"]);
  Object.defineProperty(log, "clientHeight", { value: 100 });
  Object.defineProperty(log, "scrollHeight", { value: 500 });
  log.scrollTop = 50;
  model.set("lines", ["a", "b"]);
  expect(log.scrollTop).toBe(50);
  const newer = find<HTMLButtonElement>(find(document.body, ".opea-logs"), "button");
  expect(newer.hidden).toBe(false);
  newer.click();
  model.set("lines", ["a", "b", "c"]);
  expect(log.scrollTop).toBe(500);
});

it("tells Python while it is seen, again and again, and when it is not any more", () => {
  const { model, close } = display([]);
  expect(model.sent).toEqual([]);
  seen(true);
  vi.advanceTimersByTime(31_000);
  expect(model.sent.map((m) => m.act)).toEqual(["seen", "seen", "seen"]);
  seen(false);
  vi.advanceTimersByTime(60_000);
  expect(model.sent.map((m) => m.act)).toEqual(["seen", "seen", "seen", "hidden"]);
  seen(true);
  close();
  vi.advanceTimersByTime(60_000);
  expect(model.sent.at(-1)?.act).toBe("hidden");
});
