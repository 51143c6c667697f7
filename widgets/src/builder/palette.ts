/** Enter in the palette's search adds what the letters typed find now: Python may still be filtering by earlier ones. */
import type { Deck } from "./deck";
import { found } from "./finding";

export function palette(deck: Deck): () => void {
  const { root } = deck.stage;
  const pressed = (event: KeyboardEvent): void => {
    const input = event.target;
    if (!(input instanceof HTMLInputElement) || !input.closest(".opea-search")) return;
    if (event.key !== "Enter" || event.isComposing || !input.value.trim()) return;
    event.preventDefault();
    event.stopPropagation();
    const first = found(deck.stage.catalog, input.value)[0];
    if (!first) {
      const why = `no component is found by “${input.value}”`;
      const frame = input.getBoundingClientRect();
      deck.hint(why, { x: frame.left, y: frame.bottom }, true);
      deck.say(why);
      return;
    }
    deck.ask("add", { kind: first.kind });
    input.value = "";
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
  };
  // Before ipywidgets' own, which tells Python the key but not the letters.
  root.addEventListener("keydown", pressed, true);
  return () => {
    root.removeEventListener("keydown", pressed, true);
  };
}
