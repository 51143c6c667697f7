/** Building elements from text only: whatever a user, a document or a model says ends in `textContent`. */

type Attributes = Record<string, string | number>;

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = "",
  text = "",
  attributes: Attributes = {},
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}

export function drawing<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  text = "",
): SVGElementTagNameMap[K] {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  if (text) made.textContent = text;
  return made;
}

/** Writes only what differs, so that a selection, a screen reader and the layout stay undisturbed. */
export function setText(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

/**
 * Keeps the keys pressed inside from the notebook, where `x` cuts the cell.
 *
 * Lumino's shortcuts run in the capture phase and obey only the attribute; classic front ends listen while the event
 * bubbles, so it also stops here. Escape hands the keyboard back to the notebook.
 */
export function fenceKeys(root: HTMLElement): () => void {
  root.setAttribute("data-lm-suppress-shortcuts", "true");
  const stop = (event: KeyboardEvent): void => {
    event.stopPropagation();
    if (event.type === "keydown" && event.key === "Escape") leave(root);
  };
  const kinds = ["keydown", "keypress", "keyup"] as const;
  for (const kind of kinds) root.addEventListener(kind, stop);
  return () => {
    for (const kind of kinds) root.removeEventListener(kind, stop);
  };
}

function leave(root: HTMLElement): void {
  const focused = document.activeElement;
  if (focused instanceof HTMLElement && root.contains(focused)) focused.blur();
  const cell = root.closest<HTMLElement>(".jp-Cell");
  const notebook = root.closest<HTMLElement>(".jp-Notebook");
  (cell ?? notebook)?.focus();
}

const LATE = 60; // ms

/** Waits until the page is about to draw; a hidden one draws nothing, and goes on all the same. */
export function nextFrame(): Promise<void> {
  return new Promise((settle) => {
    const goOn = (): void => {
      clearTimeout(late);
      cancelAnimationFrame(frame);
      settle();
    };
    const late = setTimeout(goOn, LATE);
    const frame = requestAnimationFrame(goOn);
  });
}
