/** The flow of a run as cards and arrows, each card a button that opens its step. */
import { drawing, setText } from "./dom";
import { MARKS, note, type GraphNode, type Run, type Step } from "./run-state";

const CARD = { width: 148, height: 52 };
const MARGIN = 4;

interface Card {
  group: SVGGElement;
  mark: SVGTextElement;
  line: SVGTextElement;
}

function clip(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

function corner(node: GraphNode): { x: number; y: number } {
  return { x: MARGIN + node.x, y: MARGIN + node.y };
}

export class RunGraph {
  readonly svg = drawing("svg", { class: "opea-graph", role: "group", "aria-label": "Steps of the pipeline" });
  readonly #cards = new Map<string, Card>();
  readonly #open: (step: string) => void;
  #shape = "";

  constructor(open: (step: string) => void) {
    this.#open = open;
  }

  update(run: Run, ahead: number): void {
    const shape = JSON.stringify([run.nodes, run.edges]);
    if (shape !== this.#shape) {
      this.#shape = shape;
      this.#draw(run);
    }
    for (const step of run.steps) this.#paint(step, ahead);
  }

  #draw(run: Run): void {
    this.#cards.clear();
    const width = Math.max(0, ...run.nodes.map((n) => corner(n).x + CARD.width)) + MARGIN;
    const height = Math.max(0, ...run.nodes.map((n) => corner(n).y + CARD.height)) + MARGIN;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.setAttribute("width", String(width));
    this.svg.setAttribute("height", String(height));
    const at = new Map(run.nodes.map((node) => [node.name, corner(node)]));
    this.svg.replaceChildren(
      ...run.edges.flatMap(([source, target]) => {
        const from = at.get(source);
        const to = at.get(target);
        return from && to ? this.#arrow(from, to) : [];
      }),
      ...run.nodes.map((node) => this.#card(node)),
    );
  }

  #arrow(from: { x: number; y: number }, to: { x: number; y: number }): SVGElement[] {
    const [x1, y1] = [from.x + CARD.width, from.y + CARD.height / 2];
    const [x2, y2] = [to.x - 1, to.y + CARD.height / 2];
    const bend = Math.max(18, (x2 - x1) / 2);
    return [
      drawing("path", { class: "opea-edge", d: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2 - 8} ${y2}` }),
      drawing("path", { class: "opea-arrow", d: `M${x2 - 8} ${y2 - 4}L${x2} ${y2}L${x2 - 8} ${y2 + 4}Z` }),
    ];
  }

  #card(node: GraphNode): SVGGElement {
    const { x, y } = corner(node);
    const group = drawing("g", {
      class: "opea-card",
      transform: `translate(${x} ${y})`,
      role: "button",
      tabindex: 0,
      "data-step": node.name,
    });
    const mark = drawing("text", { class: "opea-mark", x: CARD.width - 17, y: 31, "text-anchor": "middle" });
    const line = drawing("text", { class: "opea-line", x: 16, y: 39 });
    group.append(
      drawing("title", {}, `${node.name} (${node.title})`),
      drawing("rect", { class: "opea-face", width: CARD.width, height: CARD.height, rx: 6 }),
      drawing("path", {
        class: `opea-hue-${node.hue}`,
        d: `M6 0H5V${CARD.height}H6A6 6 0 0 1 0 ${CARD.height - 6}V6A6 6 0 0 1 6 0Z`,
      }),
      drawing("text", { class: "opea-name", x: 16, y: 22 }, clip(node.name, 16)),
      line,
      mark,
    );
    const open = (): void => {
      this.#open(node.name);
    };
    group.addEventListener("click", open);
    group.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      open();
    });
    this.#cards.set(node.name, { group, mark, line });
    return group;
  }

  #paint(step: Step, ahead: number): void {
    const card = this.#cards.get(step.name);
    if (!card) return;
    card.group.setAttribute("data-state", step.state);
    const words = note(step, step.state === "running" ? ahead : 0);
    card.group.setAttribute("aria-label", `${step.name}: ${step.state}, ${words}. Show request and response`);
    setText(card.mark, MARKS[step.state]);
    setText(card.line, clip(words, 20));
  }
}
