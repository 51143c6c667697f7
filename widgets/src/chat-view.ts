/** A conversation with a pipeline. Python owns it; the page shows it, and sends questions and dropped files. */
import type { RenderProps } from "@anywidget/types";
import { element, fenceKeys, setText } from "./dom";
import { following, growText } from "./following";

export interface Turn {
  n: number;
  question: string;
  /** Complete once the turn is over; what streams meanwhile is the model's `answer`. */
  answer: string;
  state: "running" | "done" | "failed" | "stopped";
  /** How long, how many steps. */
  note: string;
  error: string;
}

interface Model {
  turns: Turn[];
  answer: string;
  hint: string;
}

export type Message =
  | { act: "ask"; text: string }
  | { act: "run"; n: number }
  | { act: "file"; name: string }
  | { act: "refuse"; text: string };

/** Files that go to the kernel whole: what is larger is better ingested by its path. */
export const FILE_LIMIT = 64 * 1024 * 1024;

class Shown {
  readonly root = element("div", "opea-turn", "", { role: "listitem" });
  readonly #question = element("div", "opea-asked");
  readonly #answer = element("div", "opea-said-back", "", { "aria-live": "polite" });
  readonly #error = element("div", "opea-turn-error", "", { role: "alert" });
  readonly #note = element("button", "opea-turn-note", "", { type: "button", title: "Show the steps of this answer" });
  #text = "";

  constructor(open: () => void) {
    this.#note.addEventListener("click", open);
    this.root.append(this.#question, this.#answer, this.#error, this.#note);
  }

  update(turn: Turn, streamed: string): void {
    this.root.dataset.state = turn.state;
    setText(this.#question, turn.question);
    this.grow(turn.state === "running" ? streamed : turn.answer);
    // a screen reader hears the answer once, when it is complete
    this.#answer.setAttribute("aria-busy", String(turn.state === "running"));
    setText(this.#error, turn.error);
    this.#error.hidden = turn.error === "";
    setText(this.#note, turn.note);
  }

  grow(text: string): void {
    growText(this.#answer, this.#text, text);
    this.#text = text;
  }
}

function render({ model, el }: RenderProps<Model>): () => void {
  const box = element("div", "opea opea-conversation", "", { role: "list", "aria-label": "Conversation", tabindex: 0 });
  const empty = element("div", "opea-conversation-empty");
  box.append(empty);
  el.append(box);
  const unfence = fenceKeys(box);
  const shown = new Map<number, Shown>();
  const send = (message: Message, buffers?: ArrayBuffer[]): void => {
    model.send(message, undefined, buffers);
  };

  const onTurns = (): void => {
    following(box, () => {
      const turns = model.get("turns");
      const known = new Set(turns.map((turn) => turn.n));
      for (const [n, turn] of shown) {
        if (known.has(n)) continue;
        turn.root.remove();
        shown.delete(n);
      }
      for (const turn of turns) {
        let view = shown.get(turn.n);
        if (!view) {
          view = new Shown(() => {
            send({ act: "run", n: turn.n });
          });
          shown.set(turn.n, view);
          box.append(view.root);
        }
        view.update(turn, model.get("answer"));
      }
      setText(empty, model.get("hint"));
      empty.hidden = turns.length > 0;
      return 0;
    });
  };
  const onAnswer = (): void => {
    const last = model.get("turns").at(-1);
    if (last?.state !== "running") return;
    following(box, () => {
      shown.get(last.n)?.grow(model.get("answer"));
      return 0;
    });
  };
  // a new question is the user's own: they want to see it, wherever they had scrolled to
  let newest = model.get("turns").at(-1)?.n;
  const onAsked = (): void => {
    const last = model.get("turns").at(-1)?.n;
    if (last !== newest) box.scrollTop = box.scrollHeight;
    newest = last;
  };

  const unlisten = listen(el, send);
  const changed = (): void => {
    onTurns();
    onAsked();
  };
  model.on("change:turns", changed);
  model.on("change:hint", onTurns);
  model.on("change:answer", onAnswer);
  onTurns();
  return () => {
    model.off("change:turns", changed);
    model.off("change:hint", onTurns);
    model.off("change:answer", onAnswer);
    unlisten();
    unfence();
  };
}

/**
 * The ask line is an ordinary widget, whose text travels apart from its Enter and can come after it; so Enter and the
 * button are taken here, and sent together with the text. Files may be dropped anywhere on the chat.
 */
function listen(el: HTMLElement, send: (message: Message, buffers?: ArrayBuffer[]) => void): () => void {
  const panel = (target: EventTarget | null): HTMLElement | null => {
    const found = target instanceof Element ? target.closest<HTMLElement>(".opea-chat") : null;
    return found?.contains(el) ? found : null;
  };
  const ask = (chat: HTMLElement, event: Event): void => {
    const field = chat.querySelector<HTMLInputElement>(".opea-ask input");
    const button = chat.querySelector<HTMLButtonElement>(".opea-ask-button");
    if (!field) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const text = field.value.trim();
    if (text === "" || button?.disabled) return;
    send({ act: "ask", text });
    field.value = "";
    field.dispatchEvent(new Event("input", { bubbles: true })); // the ordinary widget forgets it, in its own order
  };
  const onKey = (event: KeyboardEvent): void => {
    const chat = panel(event.target);
    if (!chat) return;
    // before the notebook's own Ctrl+Enter is looked for, which happens at the window's next listener
    chat.setAttribute("data-lm-suppress-shortcuts", "true");
    if (event.key !== "Enter" || event.isComposing || event.shiftKey || event.altKey) return;
    if (event.target instanceof Element && event.target.closest(".opea-ask")) ask(chat, event);
  };
  const onClick = (event: MouseEvent): void => {
    const chat = panel(event.target);
    if (chat && event.target instanceof Element && event.target.closest(".opea-ask-button")) ask(chat, event);
  };
  const onDrag = (event: DragEvent): void => {
    const chat = panel(event.target);
    if (!chat || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.stopPropagation();
    chat.classList.toggle("opea-dropping", event.type === "dragover");
    if (event.type === "drop") void give([...event.dataTransfer.files], send);
  };
  window.addEventListener("keydown", onKey, true);
  window.addEventListener("click", onClick, true);
  const drags = ["dragover", "dragleave", "drop"] as const;
  for (const kind of drags) window.addEventListener(kind, onDrag, true);
  return () => {
    window.removeEventListener("keydown", onKey, true);
    window.removeEventListener("click", onClick, true);
    for (const kind of drags) window.removeEventListener(kind, onDrag, true);
  };
}

async function give(files: File[], send: (message: Message, buffers?: ArrayBuffer[]) => void): Promise<void> {
  for (const file of files) {
    if (file.size > FILE_LIMIT) send({ act: "refuse", text: `${file.name} is over ${FILE_LIMIT / 1024 / 1024} MB` });
    else send({ act: "file", name: file.name }, [await file.arrayBuffer()]);
  }
}

export default { render };
