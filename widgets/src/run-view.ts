/**
 * A run, live: the question, the graph, the timeline, the answer. Python owns the state; this shows it, and where the
 * view is `linked` to a canvas, it tells which step the user opened and opens the one that Python says.
 */
import type { RenderProps } from "@anywidget/types";
import { element, fenceKeys, setText } from "./dom";
import { following, growText } from "./following";
import { RunGraph } from "./run-graph";
import { RunRows } from "./run-rows";
import { announcement, duration, type Run, type Step } from "./run-state";

interface Model {
  state: Run;
  answer: string;
  opened: string;
  linked: boolean;
}

const HEADLINES: Record<Run["state"], string> = {
  waiting: "○ waiting",
  running: "◐ running",
  done: "✓ done",
  failed: "✕ failed",
  stopped: "■ stopped",
};

/** How often running bars grow between two messages from Python. */
const TICK_MS = 200;

function render({ model, el }: RenderProps<Model>): () => void {
  const root = element("div", "opea opea-run");
  const head = element("div", "opea-head");
  const question = element("div", "opea-question");
  const headline = element("div", "opea-headline");
  const rows = new RunRows((step) => {
    if (model.get("linked")) model.send({ act: "step", name: step });
  });
  const graph = new RunGraph((step) => {
    rows.open(step);
  });
  const scroller = element("div", "opea-scroller");
  const error = element("div", "opea-failure", "", { role: "alert" });
  const answer = element("div", "opea-answer", "", { "aria-live": "polite", "aria-label": "Answer", tabindex: 0 });
  const live = element("div", "opea-live", "", { "aria-live": "polite", role: "status" });
  head.append(question, headline);
  scroller.append(graph.svg);
  root.append(head, scroller, rows.root, error, answer, live);
  el.append(root);

  const unfence = fenceKeys(root);
  let told = performance.now();
  let before = new Map<string, Step>();
  let timer = 0;

  const paint = (): void => {
    const run = model.get("state");
    const ahead = run.state === "running" ? (performance.now() - told) / 1000 : 0;
    root.dataset.state = run.state;
    setText(question, run.question);
    const took = run.state === "waiting" ? "" : ` ${duration(run.elapsed + ahead)}`;
    setText(headline, `${HEADLINES[run.state]}${took}`);
    graph.update(run, ahead);
    rows.update(run, ahead);
    window.clearTimeout(timer);
    if (run.state === "running") timer = window.setTimeout(paint, TICK_MS);
  };

  const onState = (): void => {
    told = performance.now();
    const run = model.get("state");
    const heard = run.steps.map((step) => announcement(before.get(step.name), step)).filter(Boolean);
    if (heard.length > 0) setText(live, heard.join(". "));
    before = new Map(run.steps.map((step) => [step.name, step]));
    error.replaceChildren();
    error.hidden = run.error === null;
    if (run.error) {
      const where = run.error.step ? `${run.error.step}: ` : "";
      error.append(element("strong", "", `${where}${run.error.message}`));
      if (run.error.hint) error.append(element("div", "opea-hint", `→ ${run.error.hint}`));
    }
    answer.setAttribute("aria-busy", String(run.state === "running"));
    paint();
    onOpened();
  };

  let words = "";
  const onAnswer = (): void => {
    following(answer, () => {
      const text = model.get("answer");
      growText(answer, words, text);
      words = text;
      answer.hidden = text === "";
      return 0;
    });
  };
  const onOpened = (): void => {
    rows.show(model.get("opened"));
  };

  model.on("change:state", onState);
  model.on("change:answer", onAnswer);
  model.on("change:opened", onOpened);
  onState();
  onAnswer();
  onOpened();
  return () => {
    window.clearTimeout(timer);
    model.off("change:state", onState);
    model.off("change:answer", onAnswer);
    model.off("change:opened", onOpened);
    unfence();
  };
}

export default { render };
