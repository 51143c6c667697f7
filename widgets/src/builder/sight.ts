/** What part of the graph is in view. It moves by itself once, when there is first something to see. */
import type { Core } from "cytoscape";
import { areaOf, type Area, type Spot } from "./geometry";
import type { Nearness } from "./card";
import type { Scene } from "./scene";

const PADDING = 32;
/** Below this, names cannot be read: the first look then shows where the graph begins. */
const READABLE = 0.5;
export const [LEAST, MOST] = [0.08, 2];
/** Cards change their looks between these: in one direction at each, so that they do not flicker at the border. */
const [FAR, NEAR] = [0.66, 0.72];

export class Sight {
  readonly #cy: Core;
  readonly #box: HTMLElement;
  #own = false;
  /** The user zoomed or panned: from then on it is theirs. */
  #touched = false;
  #filled = false;
  near: Nearness = "near";

  constructor(cy: Core, box: HTMLElement, nearness: () => void) {
    this.#cy = cy;
    this.#box = box;
    cy.minZoom(LEAST).maxZoom(MOST);
    cy.on("viewport", () => {
      if (this.#own) return; // who asked for it paints
      this.#touched = true;
      if (this.#turn()) nearness();
    });
  }

  /** To be called before a scene is painted. */
  before(scene: Scene): void {
    const area = areaOf(scene);
    if (!area || !this.#sized()) return;
    const first = !this.#filled;
    this.#filled = true;
    // Until the user looks around themselves, what a cell adds comes into view too.
    if (this.#sees(area) ? first && !this.#touched : first || !this.#touched) this.#look(area, READABLE);
  }

  /** The canvas has another size. */
  resized(scene: Scene): void {
    const area = areaOf(scene);
    this.#do(() => this.#cy.resize());
    if (area && this.#sized() && (!this.#filled || !this.#touched)) {
      this.#filled = true;
      this.#look(area, READABLE);
    }
  }

  /** All of it, as small as it must be: what the user asks for. */
  fit(scene: Scene): void {
    const area = areaOf(scene);
    if (area) this.#look(area, LEAST);
    this.#touched = false;
  }

  zoom(factor: number, at?: Spot): void {
    const cy = this.#cy;
    const around = at ?? { x: cy.width() / 2, y: cy.height() / 2 };
    cy.zoom({ level: Math.min(MOST, Math.max(LEAST, cy.zoom() * factor)), renderedPosition: around });
  }

  reveal(at: Area): void {
    if (this.#sees(at)) return;
    const extent = this.#cy.extent();
    const zoom = this.#cy.zoom();
    const margin = PADDING / zoom;
    const shift = (low: number, high: number, from: number, to: number): number =>
      low - margin < from ? low - margin - from : high + margin > to ? high + margin - to : 0;
    this.#cy.panBy({
      x: -zoom * shift(at.x1, at.x2, extent.x1, extent.x2),
      y: -zoom * shift(at.y1, at.y2, extent.y1, extent.y2),
    });
  }

  #look(area: Area, least: number): void {
    const [width, height] = [this.#box.clientWidth, this.#box.clientHeight];
    const [wide, high] = [area.x2 - area.x1, area.y2 - area.y1];
    const zoom = Math.max(least, Math.min(1, (width - 2 * PADDING) / wide, (height - 2 * PADDING) / high));
    const place = (room: number, size: number, from: number): number =>
      size * zoom + 2 * PADDING <= room + 1 ? (room - size * zoom) / 2 - from * zoom : PADDING - from * zoom;
    this.#do(() => this.#cy.viewport({ zoom, pan: { x: place(width, wide, area.x1), y: place(height, high, area.y1) } }));
    this.#turn();
  }

  #do(act: () => unknown): void {
    this.#own = true;
    act();
    this.#own = false;
  }

  #sized(): boolean {
    return this.#box.clientWidth > 40 && this.#box.clientHeight > 40;
  }

  #sees(area: Area): boolean {
    const extent = this.#cy.extent();
    return area.x1 >= extent.x1 && area.y1 >= extent.y1 && area.x2 <= extent.x2 && area.y2 <= extent.y2;
  }

  #turn(): boolean {
    const before = this.near;
    const zoom = this.#cy.zoom();
    if (before === "near" && zoom < FAR) this.near = "far";
    if (before === "far" && zoom > NEAR) this.near = "near";
    return this.near !== before;
  }
}
