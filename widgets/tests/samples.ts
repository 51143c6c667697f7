import type { Run, Step } from "../src/run-state";

export function step(name: string, fields: Partial<Step> = {}): Step {
  return {
    name,
    state: "waiting",
    start: null,
    elapsed: null,
    firstToken: null,
    tokens: 0,
    url: "",
    status: 0,
    reason: "",
    error: "",
    body: "",
    request: null,
    response: null,
    ...fields,
  };
}

export function run(fields: Partial<Run>): Run {
  return {
    run: "ab",
    pipeline: "chatqna",
    question: "What is OPEA?",
    state: "done",
    elapsed: 1,
    error: null,
    nodes: [],
    edges: [],
    steps: [],
    ...fields,
  };
}

/** Stands for the model that anywidget gives to `render`. */
export class FakeModel {
  readonly #values: Record<string, unknown>;
  readonly #listeners = new Map<string, Set<() => void>>();
  saved = 0;

  constructor(values: Record<string, unknown>) {
    this.#values = values;
  }

  get(key: string): unknown {
    return this.#values[key];
  }

  set(key: string, value: unknown): void {
    this.#values[key] = value;
    for (const listener of this.#listeners.get(`change:${key}`) ?? []) listener();
  }

  save_changes(): void {
    this.saved += 1;
  }

  on(event: string, listener: () => void): void {
    const known = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, known.add(listener));
  }

  off(event: string, listener: () => void): void {
    this.#listeners.get(event)?.delete(listener);
  }
}

interface Widget {
  render: (props: never) => () => void;
}

/** Renders a widget into the page; gives its element and what takes it away. */
export function show(widget: unknown, model: FakeModel): { el: HTMLElement; close: () => void } {
  const el = document.createElement("div");
  document.body.append(el);
  const close = (widget as Widget).render({ model, el } as never);
  return { el, close };
}

/** The element that matches, which must be there. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- as querySelector's own type parameter
export function find<E extends HTMLElement = HTMLElement>(root: ParentNode, selector: string): E {
  const found = root.querySelector<E>(selector);
  if (!found) throw new Error(`nothing matches ${selector}`);
  return found;
}
