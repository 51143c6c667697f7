/** Dropping on the canvas: components out of the palette, and files. */
import { element } from "../dom";
import { CARD, snap, type Deck } from "./deck";
import type { Point } from "./placing";

/** Longer files are no pipelines; Python would refuse them too. */
const MOST_BYTES = 2_000_000;
/** A press that moves less than this is a click. */
const SLACK = 5;

/** The kind of component that an entry of the palette adds. */
export function kindOf(entry: Element): string {
  const mark = [...entry.classList].find((name) => name.startsWith("opea-kind-"));
  return mark?.slice("opea-kind-".length) ?? "";
}

export function dropping(deck: Deck): () => void {
  const { stage } = deck;
  let drag: { kind: string; from: Point; chip: HTMLElement | undefined } | undefined;

  const pressed = (event: PointerEvent): void => {
    if (event.button !== 0 || !(event.target instanceof Element)) return;
    const entry = event.target.closest(".opea-entry");
    const kind = entry && stage.root.contains(entry) ? kindOf(entry) : "";
    if (kind) drag = { kind, from: { x: event.clientX, y: event.clientY }, chip: undefined };
  };
  const moved = (event: PointerEvent): void => {
    if (!drag) return;
    const at = { x: event.clientX, y: event.clientY };
    if (!drag.chip) {
      if (Math.hypot(at.x - drag.from.x, at.y - drag.from.y) < SLACK) return;
      drag.chip = chipOf(drag.kind);
      stage.root.append(drag.chip);
    }
    event.preventDefault();
    const over = deck.over(at);
    const zoom = over ? stage.cy.zoom() : 1;
    const frame = stage.root.getBoundingClientRect();
    drag.chip.classList.toggle("opea-chip-over", over);
    drag.chip.style.transform = `translate(${at.x - frame.left}px, ${at.y - frame.top}px) scale(${zoom}) translate(-50%, -50%)`;
  };
  const chipOf = (kind: string): HTMLElement => {
    const known = stage.catalog[kind];
    const chip = element("div", "opea-chip", "", { "aria-hidden": "true" });
    chip.append(
      element("span", `opea-choice-bar opea-hue-${known?.hue ?? 7}`),
      element("span", `opea-choice-icon opea-icon-${known?.icon ?? ""}`),
      element("span", "", known?.title ?? kind),
    );
    chip.style.width = `${CARD.width}px`;
    chip.style.height = `${CARD.height}px`;
    return chip;
  };
  const released = (event: PointerEvent): void => {
    const done = drag;
    stop();
    if (!done?.chip) return;
    // The entry under the pointer must not take the end of the drag for a click.
    const click = (late: Event): void => {
      late.stopPropagation();
      late.preventDefault();
    };
    window.addEventListener("click", click, { capture: true, once: true });
    window.setTimeout(() => {
      window.removeEventListener("click", click, true);
    });
    const at = { x: event.clientX, y: event.clientY };
    if (!deck.over(at)) return;
    const point = deck.inGraph(at);
    deck.focus();
    deck.keepView();
    deck.ask("add", { kind: done.kind, x: snap(point.x - CARD.width / 2), y: snap(point.y - CARD.height / 2) });
  };
  const stop = (): void => {
    drag?.chip?.remove();
    drag = undefined;
  };
  const escaped = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || !drag?.chip) return;
    event.preventDefault();
    event.stopPropagation();
    stop();
  };

  const files = (event: DragEvent): void => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.stopPropagation();
    event.dataTransfer.dropEffect = "copy";
    stage.box.classList.add("opea-drop-here");
  };
  const left = (): void => {
    stage.box.classList.remove("opea-drop-here");
  };
  const dropped = (event: DragEvent): void => {
    left();
    const file = event.dataTransfer?.files[0];
    if (!file) return;
    event.preventDefault();
    event.stopPropagation();
    const at = { x: event.clientX, y: event.clientY };
    void take(deck, file, at);
  };
  // The canvas and what lies over it, such as the templates of an empty one.
  const middle = stage.box.parentElement ?? stage.box;
  const zone = (react: (event: DragEvent) => void) => (event: DragEvent): void => {
    if (deck.over({ x: event.clientX, y: event.clientY })) react(event);
    else left();
  };
  const over = zone(files);
  const fell = zone(dropped);

  stage.root.addEventListener("pointerdown", pressed);
  document.addEventListener("pointermove", moved);
  document.addEventListener("pointerup", released);
  document.addEventListener("pointercancel", stop);
  stage.root.addEventListener("keydown", escaped, true);
  middle.addEventListener("dragover", over);
  middle.addEventListener("dragleave", left);
  middle.addEventListener("drop", fell);
  return () => {
    stop();
    stage.root.removeEventListener("pointerdown", pressed);
    document.removeEventListener("pointermove", moved);
    document.removeEventListener("pointerup", released);
    document.removeEventListener("pointercancel", stop);
    stage.root.removeEventListener("keydown", escaped, true);
    middle.removeEventListener("dragover", over);
    middle.removeEventListener("dragleave", left);
    middle.removeEventListener("drop", fell);
  };
}

/** A dropped file, as text; Python tells what it is. */
export async function take(deck: Deck, file: Pick<File, "name" | "size" | "text">, at: Point): Promise<void> {
  const refuse = (why: string): void => {
    deck.hint(why, at, true);
    deck.say(why);
  };
  if (file.size > MOST_BYTES) {
    refuse(`${file.name} is larger than ${MOST_BYTES / 1_000_000} MB: no pipeline is`);
    return;
  }
  let text: string;
  try {
    text = await file.text();
  } catch {
    refuse(`${file.name} cannot be read`);
    return;
  }
  await deck.send("import", { name: file.name, text });
}
