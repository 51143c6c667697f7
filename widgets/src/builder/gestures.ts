/** All that mouse and keyboard can do on the canvas. */
import type { Deck, Target } from "./deck";
import { clipboard } from "./clipboard";
import { run } from "./commands";
import { context } from "./context";
import { Deck as Table } from "./deck";
import { dropping } from "./drop";
import { empty } from "./empty";
import { rename } from "./field";
import { fullScreen } from "./full-screen";
import type { CommandName } from "./keymap";
import { keys } from "./keys";
import { dragging } from "./move";
import { noteSize } from "./note-size";
import { outline } from "./outline";
import { palette } from "./palette";
import { quickAdd } from "./quick-add";
import { selecting } from "./select";
import type { Gesture } from "./stage";
import { wheel } from "./wheel";
import { wiring } from "./wire";

/** The toolbar's buttons whose act is the page's own. */
const BUTTONS: Readonly<Record<string, CommandName>> = {
  "opea-help-button": "help",
  "opea-full-button": "full",
  "opea-fit-button": "fit",
  "opea-arrange-button": "arrange",
};

function buttons(deck: Deck): () => void {
  const { root } = deck.stage;
  const clicked = (event: Event): void => {
    if (!(event.target instanceof Element)) return;
    for (const [mark, name] of Object.entries(BUTTONS)) {
      if (event.target.closest(`.${mark}`)) run(deck, name, { targets: deck.chosen() });
    }
  };
  root.addEventListener("click", clicked);
  return () => {
    root.removeEventListener("click", clicked);
  };
}

/** Two clicks on the same thing within this many milliseconds and pixels are one double-click. */
const TWICE = { milliseconds: 400, pixels: 6 };

function doubleClicks(deck: Deck): () => void {
  const { stage } = deck;
  let last = { on: "", id: "", x: 0, y: 0, time: 0 };
  const twice = (target: Target, at: { x: number; y: number }): void => {
    const { groups } = stage.scene();
    if (target.on === "ground") quickAdd(deck, at);
    else if (target.on === "group") deck.ask("fold", { name: target.id, folded: !(groups[target.id]?.folded ?? false) });
    else if (target.on !== "edge") rename(deck, target);
  };
  const listen = (): void => {
    stage.cy.on("tap", (event) => {
      const mouse = event.originalEvent as MouseEvent | undefined;
      if (mouse?.ctrlKey || mouse?.shiftKey || mouse?.metaKey) return;
      const target = deck.targetOf(event.target);
      const at = deck.inWindow(event.position);
      const now = { ...target, x: at.x, y: at.y, time: performance.now() };
      const near = Math.hypot(now.x - last.x, now.y - last.y) <= TWICE.pixels;
      const again = near && now.on === last.on && now.id === last.id && now.time - last.time <= TWICE.milliseconds;
      last = again ? { ...now, time: 0 } : now;
      if (again) twice(target, at);
    });
  };
  listen();
  return stage.on("cy", listen);
}

const PARTS = [
  outline, selecting, dragging, wiring, dropping, palette, keys, clipboard, context, wheel, fullScreen, noteSize, empty, buttons, doubleClicks,
];

export const gestures: Gesture[] = [
  (stage) => {
    const deck = new Table(stage);
    const ends = PARTS.map((part) => part(deck));
    return () => {
      for (const end of ends) end();
      deck.end();
    };
  },
];
