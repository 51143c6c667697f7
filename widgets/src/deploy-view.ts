/** A deployment coming up (or not): one line a process, what it waits for, the log's tail when it failed. */
import type { RenderProps } from "@anywidget/types";
import { element, fenceKeys, setText } from "./dom";

interface ServiceLine {
  name: string;
  kind: string;
  mark: string;
  state: string;
  /** How the state is painted. */
  tone: "quiet" | "busy" | "good" | "bad";
  detail: string;
  restarts: number;
  /** 0 to 100, or null where no amount is known. */
  percent: number | null;
}

interface Deployment {
  title: string;
  state: "starting" | "ready" | "failed" | "stopped";
  headline: string;
  services: ServiceLine[];
  error: { message: string; hint: string; log: string[] } | null;
}

class Line {
  readonly root = element("div", "opea-service", "", { role: "listitem" });
  readonly #mark = element("span", "opea-mark", "", { "aria-hidden": "true" });
  readonly #name = element("span", "opea-name");
  readonly #state = element("span", "opea-word");
  readonly #detail = element("span", "opea-line");
  readonly #meter = element("span", "opea-meter", "", { "aria-hidden": "true" });
  readonly #amount = element("span", "opea-amount");

  constructor() {
    this.#meter.append(this.#amount);
    this.root.append(this.#mark, this.#name, this.#state, this.#meter, this.#detail);
  }

  update(service: ServiceLine): void {
    this.root.dataset.tone = service.tone;
    setText(this.#mark, service.mark);
    setText(this.#name, service.name);
    setText(this.#state, service.state);
    const restarts = service.restarts ? `restarted ${service.restarts}×` : "";
    setText(this.#detail, [service.detail, restarts].filter(Boolean).join(" · "));
    this.#meter.style.visibility = service.percent === null ? "hidden" : "visible";
    if (service.percent !== null) this.#amount.style.width = `${service.percent}%`;
  }
}

function render({ model, el }: RenderProps<{ state: Deployment }>): () => void {
  const root = element("div", "opea opea-deploy");
  const head = element("div", "opea-head");
  const title = element("div", "opea-question");
  const headline = element("div", "opea-headline");
  const list = element("div", "opea-services", "", { role: "list", "aria-label": "Services" });
  const error = element("div", "opea-failure", "", { role: "alert" });
  const live = element("div", "opea-live", "", { "aria-live": "polite", role: "status" });
  head.append(title, headline);
  root.append(head, list, error, live);
  el.append(root);
  const unfence = fenceKeys(root);
  const lines = new Map<string, Line>();
  let heard = new Map<string, string>();

  const paint = (): void => {
    const state = model.get("state");
    root.dataset.state = state.state;
    setText(title, state.title);
    setText(headline, state.headline);
    for (const service of state.services) {
      let line = lines.get(service.name);
      if (!line) {
        line = new Line();
        lines.set(service.name, line);
        list.append(line.root);
      }
      line.update(service);
    }
    const news = state.services.filter((s) => heard.get(s.name) !== s.state).map((s) => `${s.name} ${s.state}`);
    if (news.length > 0) setText(live, news.join(". "));
    heard = new Map(state.services.map((s) => [s.name, s.state]));
    error.hidden = state.error === null;
    error.replaceChildren();
    if (state.error) {
      error.append(element("strong", "", state.error.message));
      if (state.error.hint) error.append(element("div", "opea-hint", `→ ${state.error.hint}`));
      if (state.error.log.length > 0) {
        error.append(element("pre", "opea-json", state.error.log.join("\n"), { tabindex: 0, "aria-label": "Log" }));
      }
    }
  };
  model.on("change:state", paint);
  paint();
  return () => {
    model.off("change:state", paint);
    unfence();
  };
}

export default { render };
