/** Pictures on cards: put up once they are loaded, so that a card never blinks while its state changes. */
import type { Core } from "cytoscape";
import { loadMany, loadOne, type Drawn } from "./sheet";

/** The part of cytoscape's renderer that is used here; without it a picture just comes a moment later. */
interface Renderer {
  imageCache?: Record<string, { image: Drawn }>;
}

/** So many pictures that nothing shows any more are kept: states come again. */
const KEPT = 400;
/** From so many new ones on they are loaded in sheets. */
const MANY = 60;
/** Pixels of a sheet for each of the graph's; a large graph is hardly seen near. */
const [SHARP, SPARING] = [2, 1.25];

export class Pictures {
  readonly #cy: Core;
  readonly #wanted = new Map<string, string>();

  constructor(cy: Core) {
    this.#cy = cy;
  }

  /** What the card shows from now on. */
  show(pictures: ReadonlyMap<string, string>): void {
    if (pictures.size === 0) return;
    const loaded: string[] = [];
    for (const [id, picture] of pictures) {
      this.#wanted.set(id, picture);
      if (this.#known(picture)) loaded.push(id);
    }
    this.#put(loaded);
    const coming = [...pictures].filter(([, picture]) => !this.#known(picture));
    if (coming.length === 0) return;
    const addresses = [...new Set(coming.map(([, picture]) => picture))];
    void this.#load(addresses).then((drawn) => {
      if (this.#cy.destroyed()) return;
      const cache = this.#cache();
      for (const [picture, image] of drawn) cache[picture] = { image };
      this.#put(coming.flatMap(([id, picture]) => (this.#wanted.get(id) === picture ? [id] : [])));
      this.#forget();
    });
  }

  gone(id: string): void {
    this.#wanted.delete(id);
  }

  #put(ids: readonly string[]): void {
    if (ids.length === 0 || this.#cy.destroyed()) return;
    this.#cy.batch(() => {
      for (const id of ids) {
        const picture = this.#wanted.get(id);
        if (picture !== undefined) this.#cy.getElementById(id).data("card", picture);
      }
    });
  }

  #cache(): Record<string, { image: Drawn }> {
    const renderer = (this.#cy as Core & { renderer?: () => Renderer | null }).renderer?.() ?? {};
    return (renderer.imageCache ??= {});
  }

  #known(picture: string): boolean {
    return this.#cache()[picture]?.image.complete ?? false;
  }

  async #load(pictures: readonly string[]): Promise<Map<string, Drawn>> {
    const ratio = window.devicePixelRatio || 1;
    if (pictures.length >= MANY) return loadMany(pictures, ratio * (pictures.length > 4 * MANY ? SPARING : SHARP));
    const drawn = new Map<string, Drawn>();
    for (const [at, image] of (await Promise.all(pictures.map(loadOne))).entries()) {
      const picture = pictures[at];
      if (image && picture !== undefined) drawn.set(picture, image);
    }
    return drawn;
  }

  #forget(): void {
    const cache = this.#cache();
    const spare = Object.keys(cache);
    if (spare.length <= this.#wanted.size + KEPT) return;
    const used = new Set(this.#wanted.values());
    for (const picture of spare) if (!used.has(picture)) Reflect.deleteProperty(cache, picture);
  }
}
