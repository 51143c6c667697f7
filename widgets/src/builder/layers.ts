/** Popups above the canvas, one on top of the other: Escape and a press elsewhere close them. */
import type { Point } from "./placing";

export interface Popup {
  element: HTMLElement;
  /** Told once, however it closes. */
  closed?: () => void;
  /** Stays open when something else is pressed (the keys' list). */
  stays?: boolean;
}

export class Layers {
  private readonly open: Popup[] = [];
  private readonly pressed = (event: Event): void => {
    for (const popup of [...this.open].reverse()) {
      if (event.target instanceof Node && popup.element.contains(event.target)) return;
      if (!popup.stays) this.close(popup);
    }
  };

  /** `home` gets the keyboard back when the last one closes. */
  constructor(
    readonly root: HTMLElement,
    private readonly home: () => HTMLElement | null,
  ) {
    document.addEventListener("pointerdown", this.pressed, true);
  }

  get any(): boolean {
    return this.open.length > 0;
  }

  /** Opens at a point of the window, moved as far as needed to be seen whole. */
  show(popup: Popup, at?: Point): void {
    this.open.push(popup);
    popup.element.classList.add("opea-popup");
    popup.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      this.close(popup);
    });
    this.root.append(popup.element);
    if (at) this.place(popup.element, at);
  }

  place(element: HTMLElement, at: Point): void {
    const frame = this.root.getBoundingClientRect();
    const width = element.offsetWidth;
    const height = element.offsetHeight;
    const x = Math.max(4, Math.min(at.x - frame.left, frame.width - width - 4));
    const y = Math.max(4, Math.min(at.y - frame.top, frame.height - height - 4));
    element.style.left = `${x}px`;
    element.style.top = `${y}px`;
  }

  close(popup: Popup): void {
    const at = this.open.indexOf(popup);
    if (at < 0) return;
    this.open.splice(at, 1);
    const focused = document.activeElement;
    const had = focused === document.body || popup.element.contains(focused);
    popup.element.remove();
    popup.closed?.();
    if (had && !this.any) this.home()?.focus({ preventScroll: true });
  }

  /** Closes the topmost; false when there was none. */
  closeTop(): boolean {
    const top = this.open.at(-1);
    if (top) this.close(top);
    return top !== undefined;
  }

  end(): void {
    document.removeEventListener("pointerdown", this.pressed, true);
    while (this.closeTop());
  }
}
