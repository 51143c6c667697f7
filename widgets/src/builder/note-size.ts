/** The corner by which a chosen note is made larger or smaller. */
import { element } from "../dom";
import { snap, type Deck } from "./deck";

export const LEAST = { width: 60, height: 32 } as const;

export function resize(deck: Deck, id: string, width: number, height: number): void {
  deck.ask("note", { id, width: Math.max(LEAST.width, snap(width)), height: Math.max(LEAST.height, snap(height)) });
}

export function noteSize(deck: Deck): () => void {
  const { stage } = deck;
  const frame = element("div", "opea-note-frame", "", { "aria-hidden": "true" });
  const corner = element("div", "opea-note-corner", "", { title: "Drag to resize" });
  frame.append(corner);
  frame.hidden = true;
  let id = "";
  let from: { x: number; y: number; width: number; height: number } | undefined;

  const place = (): void => {
    if (from) return;
    const chosen = deck.chosen();
    const only = chosen.length === 1 && chosen[0]?.on === "note" ? chosen[0] : undefined;
    const box = only && deck.boxOf(only);
    frame.hidden = box === undefined;
    if (!only || !box) return;
    id = only.id;
    const layer = stage.layer.getBoundingClientRect();
    const at = deck.inWindow(box);
    const zoom = stage.cy.zoom();
    frame.style.left = `${at.x - layer.left}px`;
    frame.style.top = `${at.y - layer.top}px`;
    frame.style.width = `${box.width * zoom}px`;
    frame.style.height = `${box.height * zoom}px`;
  };
  corner.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    event.stopPropagation();
    corner.setPointerCapture(event.pointerId);
    from = { x: event.clientX, y: event.clientY, width: frame.offsetWidth, height: frame.offsetHeight };
  });
  corner.addEventListener("pointermove", (event) => {
    if (!from) return;
    frame.style.width = `${Math.max(20, from.width + event.clientX - from.x)}px`;
    frame.style.height = `${Math.max(16, from.height + event.clientY - from.y)}px`;
  });
  corner.addEventListener("pointerup", () => {
    if (!from) return;
    from = undefined;
    const zoom = stage.cy.zoom();
    resize(deck, id, frame.offsetWidth / zoom, frame.offsetHeight / zoom);
    deck.focus();
  });
  corner.addEventListener("pointercancel", () => {
    from = undefined;
    place();
  });
  corner.addEventListener("mousedown", (event) => {
    event.stopPropagation();
  });
  const listen = (): void => {
    stage.cy.on("select unselect viewport position", () => {
      place();
    });
  };
  stage.layer.append(frame);
  listen();
  const ends = [stage.on("scene", place), stage.on("cy", listen)];
  return () => {
    for (const end of ends) end();
    frame.remove();
  };
}
