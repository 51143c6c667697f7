import { afterEach, expect, it, vi } from "vitest";
import runView from "../src/run-view";
import { FakeModel, run, show, step } from "./samples";

const NODES = [
  { name: "embedding", title: "Embedding", hue: 0, x: 0, y: 0 },
  { name: "llm", title: "LLM", hue: 1, x: 204, y: 0 },
];

function chat(fields = {}): ReturnType<typeof run> {
  const steps = [step("embedding", { state: "done", start: 0, elapsed: 0.01, request: { input: "hi" } }), step("llm")];
  return run({ nodes: NODES, edges: [["embedding", "llm"]], steps, ...fields });
}

function display(state = chat(), answer = ""): { el: HTMLElement; model: FakeModel; close: () => void } {
  const model = new FakeModel({ state, answer });
  return { model, ...show(runView, model) };
}

function find(el: HTMLElement, selector: string): HTMLElement {
  const found = el.querySelector<HTMLElement>(selector);
  if (!found) throw new Error(`nothing matches ${selector}`);
  return found;
}

afterEach(() => {
  document.body.replaceChildren();
  vi.useRealTimers();
});

it("draws a card with name, mark and words for each step, and an arrow for each edge", () => {
  const { el } = display();
  const cards = [...el.querySelectorAll(".opea-card")];
  expect(cards.map((card) => card.querySelector(".opea-mark")?.textContent)).toEqual(["✓", "○"]);
  expect(cards[0]?.getAttribute("aria-label")).toContain("embedding: done, 10 ms");
  expect(el.querySelectorAll(".opea-edge")).toHaveLength(1);
});

it.each(["click", "Enter", " "])("opens request and response of a step by %s", (how) => {
  const { el } = display();
  const card = find(el, '.opea-card[data-step="embedding"]');
  card.dispatchEvent(how === "click" ? new MouseEvent("click") : new KeyboardEvent("keydown", { key: how }));
  const row = find(el, '.opea-row[data-step="embedding"]') as HTMLDetailsElement;
  expect(row.open).toBe(true);
  expect(row.querySelector(".opea-json")?.textContent).toBe('{\n  "input": "hi"\n}');
});

it("keeps an open row and its elements while the run goes on", () => {
  const { el, model } = display();
  const row = find(el, '.opea-row[data-step="llm"]') as HTMLDetailsElement;
  row.open = true;
  const state = chat();
  model.set("state", { ...state, steps: [state.steps[0], step("llm", { state: "done", start: 0.1, elapsed: 1 })] });
  expect(find(el, '.opea-row[data-step="llm"]')).toBe(row);
  expect(row.open).toBe(true);
  expect(row.dataset.state).toBe("done");
});

it("appends streamed text instead of replacing it, so that a selection survives", () => {
  const { el, model } = display(chat({ state: "running" }));
  model.set("answer", "Revenue ");
  const first = find(el, ".opea-answer").firstChild;
  model.set("answer", "Revenue grew");
  expect(find(el, ".opea-answer").firstChild).toBe(first);
  expect(find(el, ".opea-answer").textContent).toBe("Revenue grew");
});

it("shows hostile text as text, everywhere", () => {
  const bad = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>';
  const steps = [
    step(bad, { state: "failed", start: 0, elapsed: 1, error: bad, body: bad, url: bad, request: bad, response: bad }),
    step("llm", { state: "skipped", reason: bad }),
  ];
  const nodes = [{ name: bad, title: bad, hue: 0, x: 0, y: 0 }];
  const error = { message: bad, step: bad, hint: bad };
  const { el } = display(run({ question: bad, steps, nodes, error, state: "failed" }), bad);
  for (const row of el.querySelectorAll<HTMLDetailsElement>("details")) row.open = true;
  expect(el.querySelectorAll("img, script")).toHaveLength(0);
  expect(find(el, ".opea-answer").textContent).toBe(bad);
});

it("tells the step, the reason and the next step when the run failed", () => {
  const { el } = display(chat({ state: "failed", error: { message: "refused", step: "llm", hint: "see its log" } }));
  expect(find(el, ".opea-failure").textContent).toBe("llm: refused→ see its log");
});

it("announces each change of state once, politely", () => {
  const { el, model } = display();
  const state = chat();
  model.set("state", { ...state, steps: [state.steps[0], step("llm", { state: "running", start: 0, elapsed: 0 })] });
  const live = find(el, ".opea-live");
  expect(live.getAttribute("aria-live")).toBe("polite");
  expect(live.textContent).toBe("llm running");
});

it("keeps keys from the notebook", () => {
  const { el } = display();
  const heard = vi.fn();
  document.body.addEventListener("keydown", heard);
  find(el, ".opea-card").dispatchEvent(new KeyboardEvent("keydown", { key: "x", bubbles: true }));
  document.body.removeEventListener("keydown", heard);
  expect(heard).not.toHaveBeenCalled();
  expect(find(el, ".opea-run").getAttribute("data-lm-suppress-shortcuts")).toBe("true");
});

it("lets go of its model and its clock when it is closed", () => {
  vi.useFakeTimers();
  const { el, model, close } = display(chat({ state: "running" }));
  close();
  expect(vi.getTimerCount()).toBe(0);
  model.set("answer", "late");
  expect(find(el, ".opea-answer").textContent).toBe("");
});

it("opens the step that Python says, closes the one before, and leaves the keyboard where it is", () => {
  const { el, model } = display();
  const rows = ["embedding", "llm"].map((name) => find(el, `.opea-row[data-step="${name}"]`) as HTMLDetailsElement);
  const focused = document.activeElement;
  model.set("opened", "embedding");
  expect(rows.map((row) => row.open)).toEqual([true, false]);
  model.set("opened", "llm");
  expect(rows.map((row) => row.open)).toEqual([false, true]);
  expect(document.activeElement).toBe(focused);
  if (rows[1]) rows[1].open = false;
  model.set("state", chat({ elapsed: 2 }));
  expect(rows[1]?.open).toBe(false); // closed by the user: it stays so
});

it.each([true, false])("tells which step was opened only where it is linked: %s", (linked) => {
  const model = new FakeModel({ state: chat(), answer: "", opened: "", linked });
  const send = vi.fn();
  Object.assign(model, { send });
  const { el } = show(runView, model);
  find(el, '.opea-row[data-step="llm"] summary').click();
  find(el, '.opea-card[data-step="embedding"]').dispatchEvent(new MouseEvent("click"));
  expect(send.mock.calls).toEqual(linked ? [[{ act: "step", name: "llm" }], [{ act: "step", name: "embedding" }]] : []);
});
