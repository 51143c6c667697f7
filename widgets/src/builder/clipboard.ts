/** Copy, cut and paste through the system's clipboard, so that parts travel between notebooks. */
import { pasted, putText, takeText } from "./copying";
import type { Deck } from "./deck";
import type { Point } from "./placing";

/** Copies the cards, or cuts them out; what Python wrote of them goes into the clipboard. */
export async function copy(deck: Deck, names: readonly string[], cut: boolean): Promise<void> {
  if (names.length === 0) return;
  const coming = deck.send(cut ? "cut" : "copy", { names }).then((done) => {
    if (done.clipboard === undefined) throw new Error(done.text);
    return done.clipboard;
  });
  try {
    const shared = await putText(coming);
    // Python tells what was cut, as an edit; a copy changes nothing there.
    if (!shared) deck.say("copied for this page: the browser keeps its clipboard shut");
    else if (!cut) deck.say(`copied ${names.join(", ")}`);
  } catch {
    // Python refused and has said why.
  }
}

export async function paste(deck: Deck, text: string, at?: Point): Promise<void> {
  if (!text.trim()) {
    deck.hint("nothing to paste", deck.pointer ?? deck.middle());
    deck.say("nothing to paste");
    return;
  }
  await deck.send("paste", { text, ...(at ? deck.place(at) : {}) });
}

export async function pasteFromMenu(deck: Deck, at?: Point): Promise<void> {
  await paste(deck, await takeText(), at);
}

export function clipboard(deck: Deck): () => void {
  const { box } = deck.stage;
  // The browser tells it where text was selected last, which can be anywhere; whose it is, the keyboard's place says.
  const ours = (): boolean => document.activeElement === box;
  const copied = (event: ClipboardEvent): void => {
    if (ours()) void copy(deck, deck.members(deck.chosen()), event.type === "cut");
  };
  const taken = (event: ClipboardEvent): void => {
    if (!ours()) return;
    event.preventDefault();
    event.stopPropagation();
    void paste(deck, pasted(event));
  };
  document.addEventListener("copy", copied, true);
  document.addEventListener("cut", copied, true);
  document.addEventListener("paste", taken, true);
  return () => {
    document.removeEventListener("copy", copied, true);
    document.removeEventListener("cut", copied, true);
    document.removeEventListener("paste", taken, true);
  };
}
