/** What drawing and gestures share: one view of the Builder in the page. */
import type { Core } from "cytoscape";
import type { Colours } from "./theme";
import type { Catalog, Done, Intents, Scene } from "./scene";

/**
 * - `scene`: Python changed something, and the canvas shows it already.
 * - `theme`: the page has other colours.
 * - `cy`: the canvas made itself anew; what listened to the old `cy` and what stood in `layer` must be put up again.
 * - `focus`: Python asks to bring a card into view (its name is handed over).
 */
export interface StageEvents {
  scene: [];
  theme: [];
  cy: [];
  focus: [id: string];
}

export interface Stage {
  /** The whole Builder, `.opea-builder`. */
  readonly root: HTMLElement;
  /** The canvas's own element, `.opea-canvas`; cytoscape listens on it. */
  readonly box: HTMLElement;
  /** Over the canvas: lets the mouse through except where a child has `pointer-events: auto`; kept when `cy` changes. */
  readonly layer: HTMLElement;
  /** The one that lives now; never keep it across a `cy` event. */
  readonly cy: Core;
  /** Random name of this view, sent with every intent. */
  readonly view: string;
  readonly catalog: Catalog;
  scene(): Scene;
  theme(): Colours;
  /** Whether motion is unwanted. */
  still(): boolean;
  on<E extends keyof StageEvents>(what: E, react: (...told: StageEvents[E]) => void): () => void;
  /** Asks Python; the promise settles when Python answered, and the canvas shows the outcome by then. */
  send<A extends keyof Intents>(act: A, says: Intents[A]): Promise<Done>;
  /** Puts every card back where the scene has it: after a refused or broken-off drag. */
  restore(): void;
  /** The whole graph in view; also when it then is too small to read. */
  fit(): void;
  /** Steps of a fifth, around a point of the canvas in pixels or its middle. */
  zoom(factor: number, at?: { x: number; y: number }): void;
  /** Pans so far that the card is in view, if it is not. */
  reveal(id: string): void;
}

/** Mounted once the canvas is there; gives what ends it. */
export type Gesture = (stage: Stage) => () => void;

/** Ids in `cy`; services, notes and groups share no names there. */
export const ids = {
  node: (id: string): string => `n:${id}`,
  edge: (id: string): string => `e:${id}`,
  note: (id: string): string => `note:${id}`,
  group: (name: string): string => `group:${name}`,
} as const;

/**
 * Data of the elements in `cy` (`element.data(…)`):
 * - all: `type` "node" | "edge" | "note" | "group", `name` (the scene's id; for a group its name);
 * - edges: `keys`, the scene's edges it stands for (several where a folded group takes them together);
 * - groups: `folded`, `members`. An open group is the parent of its cards, a folded one a card itself.
 *
 * Classes that the style knows; gestures set the last four, the painter never takes them away:
 * service engine note group folded · chosen problem warning · running done failed · lit dimmed hovered target
 */
export type ElementType = "node" | "edge" | "note" | "group";
