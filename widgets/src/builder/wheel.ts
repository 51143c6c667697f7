/** The wheel: the page's own, until the canvas has the keyboard and Ctrl is held. */
import type { Deck } from "./deck";

const STEP = 1.2;

/** A step nearer, or with -1 further away. */
export function zoomBy(deck: Deck, steps: number): void {
  deck.stage.zoom(STEP ** steps);
  deck.say(`zoom ${Math.round(deck.stage.cy.zoom() * 100)} %`);
}

export function wheel(deck: Deck): () => void {
  const { stage } = deck;
  const turned = (event: WheelEvent): void => {
    if (!(event.target instanceof Node) || !stage.box.contains(event.target)) return;
    if (!(event.ctrlKey || event.metaKey) || !stage.box.contains(document.activeElement)) return;
    event.preventDefault();
    event.stopPropagation();
    const frame = stage.box.getBoundingClientRect();
    // Lines and pages, as some mice tell, in pixels.
    const pixels = event.deltaY * ([1, 16, 400][event.deltaMode] ?? 1);
    const factor = Math.exp(Math.max(-60, Math.min(60, -pixels)) * 0.005);
    stage.zoom(factor, { x: event.clientX - frame.left, y: event.clientY - frame.top });
  };
  stage.root.addEventListener("wheel", turned, { capture: true, passive: false });
  return () => {
    stage.root.removeEventListener("wheel", turned, true);
  };
}
