/** Following the end of a text that grows, as long as its reader is there. */

const NEAR = 24;

export function atEnd(box: HTMLElement): boolean {
  return box.scrollHeight - box.scrollTop - box.clientHeight < NEAR;
}

/**
 * Changes what is in the box; a reader who scrolled up stays where they are, one at the end follows.
 * `change` gives the height of what it took away at the top.
 */
export function following(box: HTMLElement, change: () => number): void {
  const follows = atEnd(box);
  const before = box.scrollTop;
  const gone = change();
  box.scrollTop = follows ? box.scrollHeight : Math.max(0, before - gone);
}

/** Makes the element's text the given one; text that only grew is appended, so that a selection survives. */
export function growText(target: HTMLElement, before: string, text: string): void {
  if (text === before) return;
  if (before !== "" && text.startsWith(before)) target.append(text.slice(before.length));
  else target.textContent = text;
}
