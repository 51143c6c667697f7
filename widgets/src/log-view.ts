/** The end of a log, live. It tells Python while it can be seen, so that nothing is read for nobody. */
import type { RenderProps } from "@anywidget/types";
import { element, fenceKeys } from "./dom";
import { atEnd, following } from "./following";

interface Model {
  lines: string[];
  title: string;
}

/** How often the page says again that the log can be seen; Python stops reading when it has not heard it for longer. */
const STILL_MS = 15_000;

/** How many lines at the end of `before` are the first of `now`. */
export function overlap(before: readonly string[], now: readonly string[]): number {
  for (let kept = Math.min(before.length, now.length); kept > 0; kept -= 1) {
    const start = before.length - kept;
    let same = true;
    for (let at = 0; at < kept && same; at += 1) same = before[start + at] === now[at];
    if (same) return kept;
  }
  return 0;
}

function render({ model, el }: RenderProps<Model>): () => void {
  const root = element("div", "opea opea-logs");
  const log = element("div", "opea-log", "", { role: "log", "aria-live": "off", tabindex: 0 });
  const newer = element("button", "opea-newer", "↓ newest", { type: "button", hidden: "" });
  root.append(log, newer);
  el.append(root);
  const unfence = fenceKeys(root);
  const view = Math.random().toString(36).slice(2);
  let shown: readonly string[] = [];

  const paint = (): void => {
    const lines = model.get("lines");
    log.setAttribute("aria-label", model.get("title"));
    const kept = overlap(shown, lines);
    following(log, () => {
      // a line that stays keeps its element: selections survive, and a reader's place does not move
      const gone = shown.length - kept;
      const above = log.scrollHeight;
      for (let at = 0; at < gone; at += 1) log.firstChild?.remove();
      const height = kept > 0 ? above - log.scrollHeight : 0;
      log.append(...lines.slice(kept).map((line) => element("div", "opea-log-line", line || "\u00a0")));
      return height;
    });
    shown = lines;
    mark();
  };
  const mark = (): void => {
    newer.hidden = atEnd(log);
  };
  newer.addEventListener("click", () => {
    log.scrollTop = log.scrollHeight;
    log.focus();
  });
  log.addEventListener("scroll", mark);

  let timer = 0;
  const tell = (seen: boolean): void => {
    window.clearInterval(timer);
    model.send({ act: seen ? "seen" : "hidden", view });
    if (seen) timer = window.setInterval(() => { model.send({ act: "seen", view }); }, STILL_MS);
  };
  let seen = false;
  const observer = new IntersectionObserver((entries) => {
    const now = entries.at(-1)?.isIntersecting ?? false;
    if (now === seen) return;
    seen = now;
    if (now) log.scrollTop = log.scrollHeight;
    tell(now);
  });
  observer.observe(root);

  model.on("change:lines", paint);
  paint();
  return () => {
    observer.disconnect();
    window.clearInterval(timer);
    if (seen) model.send({ act: "hidden", view });
    model.off("change:lines", paint);
    unfence();
  };
}

export default { render };
