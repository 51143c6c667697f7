/** The timeline of a run: a bar for each step, which opens to its request and response. */
import { element, setText } from "./dom";
import { MARKS, bar, note, pretty, type Run, type Step } from "./run-state";

class Row {
  readonly root = element("details", "opea-row");
  readonly #summary = element("summary", "opea-summary");
  readonly #mark = element("span", "opea-mark", "", { "aria-hidden": "true" });
  readonly #name = element("span", "opea-name");
  readonly #track = element("span", "opea-track", "", { "aria-hidden": "true" });
  readonly #bar = element("span", "opea-bar");
  readonly #token = element("span", "opea-token");
  readonly #line = element("span", "opea-line");
  readonly #error = element("p", "opea-error");
  readonly #address = element("p", "opea-address");
  readonly #request = element("pre", "opea-json", "", { tabindex: 0, "aria-label": "Request" });
  readonly #response = element("pre", "opea-json", "", { tabindex: 0, "aria-label": "Response" });
  #step: Step | undefined;

  constructor(name: string, opened: (step: string) => void) {
    this.root.dataset.step = name;
    this.#name.textContent = name;
    this.#token.title = "first text of the answer";
    this.#track.append(this.#bar, this.#token);
    this.#summary.append(this.#mark, this.#name, this.#track, this.#line);
    const panes = element("div", "opea-panes");
    for (const [title, pane] of [["Request", this.#request], ["Response", this.#response]] as const) {
      const box = element("div", "opea-pane");
      box.append(element("div", "opea-title", title), pane);
      panes.append(box);
    }
    const inside = element("div", "opea-inside");
    inside.append(this.#error, this.#address, panes);
    this.root.append(this.#summary, inside);
    this.root.addEventListener("toggle", () => {
      this.#fill();
    });
    // a click opens it, or Enter on the summary, which is a click as well; "toggle" also tells of Python's opening
    this.#summary.addEventListener("click", () => {
      if (!this.root.open) opened(name);
    });
  }

  update(step: Step, run: Run, ahead: number): void {
    this.#step = step;
    this.root.dataset.state = step.state;
    setText(this.#mark, MARKS[step.state]);
    setText(this.#line, note(step, step.state === "running" ? ahead : 0));
    this.#summary.setAttribute("aria-label", `${step.name}: ${step.state}, ${this.#line.textContent}`);
    const place = bar(step, run, ahead);
    this.#bar.hidden = place === null;
    this.#token.hidden = place?.token == null;
    if (place) {
      this.#bar.style.left = `${Math.min(place.left, 99.4)}%`;
      this.#bar.style.width = `${place.width}%`;
      if (place.token !== null) this.#token.style.left = `${place.token}%`;
    }
    this.#fill();
  }

  open(): void {
    this.root.open = true;
    this.#fill();
    this.#summary.focus();
    this.root.scrollIntoView({ block: "nearest" });
  }

  /** Opens it without taking the keyboard or moving the page: only its own box scrolls. */
  show(box: HTMLElement | null): void {
    this.root.open = true;
    this.#fill();
    if (!box) return;
    const [row, frame] = [this.root.getBoundingClientRect(), box.getBoundingClientRect()];
    if (row.top < frame.top || row.height > frame.height) box.scrollTop += row.top - frame.top;
    else if (row.bottom > frame.bottom) box.scrollTop += row.bottom - frame.bottom;
  }

  #fill(): void {
    const step = this.#step;
    if (!step || !this.root.open) return;
    setText(this.#error, [step.error, step.body].filter(Boolean).join("\n"));
    this.#error.hidden = this.#error.textContent === "";
    const status = step.status ? ` → ${step.status}` : "";
    const tokens = step.tokens ? ` · ${step.tokens} tokens` : "";
    setText(this.#address, step.url ? `POST ${step.url}${status}${tokens}` : "");
    setText(this.#request, pretty(step.request) || "not recorded");
    const missing = step.state === "done" ? "not recorded" : "no response yet";
    setText(this.#response, pretty(step.response) || (step.state === "skipped" ? "not called" : missing));
  }
}

export class RunRows {
  readonly root = element("div", "opea-rows", "", { role: "group", "aria-label": "Timeline" });
  readonly #rows = new Map<string, Row>();
  readonly #opened: (step: string) => void;
  #names = "";
  #shown = "";

  /** `opened` is told when the user opens a step. */
  constructor(opened: (step: string) => void = () => undefined) {
    this.#opened = opened;
  }

  update(run: Run, ahead: number): void {
    const names = JSON.stringify(run.steps.map((s) => s.name));
    if (names !== this.#names) {
      this.#names = names;
      this.#rows.clear();
      this.#shown = "";
      for (const step of run.steps) this.#rows.set(step.name, new Row(step.name, this.#opened));
      this.root.replaceChildren(...[...this.#rows.values()].map((row) => row.root));
    }
    for (const step of run.steps) this.#rows.get(step.name)?.update(step, run, ahead);
  }

  open(step: string): void {
    this.#rows.get(step)?.open();
    this.#opened(step);
  }

  /** Opens the step that is selected elsewhere, and closes the one that was before it. */
  show(step: string): void {
    const row = this.#rows.get(step);
    if (!row || step === this.#shown) return;
    const before = this.#rows.get(this.#shown);
    if (before) before.root.open = false;
    this.#shown = step;
    row.show(this.root.closest(".opea-run-box"));
  }
}
