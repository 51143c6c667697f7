import { describe, expect, it } from "vitest";
import { announcement, bar, duration, note, pretty } from "../src/run-state";
import { run, step } from "./samples";

describe("duration", () => {
  it.each([
    [0.0042, "4 ms"],
    [0.9996, "1.00 s"],
    [12.345, "12.35 s"],
    [75, "1 min 15 s"],
  ])("%f s reads %s", (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });
});

describe("bar", () => {
  const started = step("embedding", { state: "done", start: 1, elapsed: 1 });

  it("lies where the step lay in the run, in percent", () => {
    expect(bar(started, run({ elapsed: 4, steps: [started] }))).toEqual({ left: 25, width: 25, token: null });
  });

  it("grows between two messages while its step runs", () => {
    const running = { ...started, state: "running" as const };
    const place = bar(running, run({ state: "running", elapsed: 2, steps: [running] }), 2);
    expect(place).toEqual({ left: 25, width: 75, token: null });
  });

  it("marks the first text", () => {
    const spoken = { ...started, firstToken: 0.5 };
    expect(bar(spoken, run({ elapsed: 2, steps: [spoken] }))?.token).toBe(75);
  });

  it("is not there before the step started", () => {
    expect(bar(step("llm"), run({}))).toBeNull();
  });
});

it("says why a step was skipped", () => {
  expect(note(step("reranking", { state: "skipped", reason: "no documents found" }))).toBe("no documents found");
});

it("announces changes of state, and only those", () => {
  const running = step("llm", { state: "running", start: 0, elapsed: 0 });
  expect(announcement(step("llm"), running)).toBe("llm running");
  expect(announcement(running, { ...running, elapsed: 2 })).toBe("");
  expect(announcement(running, { ...running, state: "failed", error: "no answer" })).toBe("llm failed: no answer");
});

it("shows JSON indented and text as it is", () => {
  expect(pretty({ a: [1] })).toBe('{\n  "a": [\n    1\n  ]\n}');
  expect(pretty("<b>")).toBe("<b>");
});
