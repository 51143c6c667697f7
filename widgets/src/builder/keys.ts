/** The canvas's keys; none of them reaches the notebook. */
import { nudge, run } from "./commands";
import type { Deck } from "./deck";
import { asked, type CommandName } from "./keymap";

/** The browser makes clipboard events of these, which carry the clipboard with them. */
const NATIVE: readonly CommandName[] = ["copy", "cut", "paste"];

export function keys(deck: Deck): () => void {
  const { box } = deck.stage;
  const pressed = (event: KeyboardEvent): void => {
    // What is typed into a field over the canvas is the field's.
    if (event.target !== box) return;
    const command = asked(event);
    if (!command || NATIVE.includes(command.name)) return;
    if (!["move", "fine"].includes(command.name)) nudge(deck).finish();
    const done = run(deck, command.name, { targets: deck.chosen(), key: event.key });
    if (!done) return;
    event.preventDefault();
    // The fence takes an Escape that comes through for the wish to leave.
    if (command.name === "leave") event.stopPropagation();
  };
  const left = (): void => {
    nudge(deck).finish();
  };
  box.addEventListener("keydown", pressed);
  box.addEventListener("blur", left);
  return () => {
    box.removeEventListener("keydown", pressed);
    box.removeEventListener("blur", left);
    nudge(deck).finish();
  };
}
