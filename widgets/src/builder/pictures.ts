/** Pictures on cards: put up once they are loaded, so that a card never blinks while its state changes. */
import type { Core } from "cytoscape";

/** The part of cytoscape's renderer that is used here; without it a picture just comes a moment later. */
interface Renderer {
  imageCache?: Record<string, { image: HTMLImageElement }>;
}

/** So many pictures that nothing shows any more are kept: states come again. */
const KEPT = 400;

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
    void Promise.all(coming.map(([, picture]) => this.#load(picture))).then(() => {
      this.#put(coming.flatMap(([id, picture]) => (this.#wanted.get(id) === picture ? [id] : [])));
      this.#forget();
    });
  }

  /** A card that already has its picture, which the canvas loads by itself. */
  adopt(id: string, picture: string): void {
    this.#wanted.set(id, picture);
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

  #cache(): Record<string, { image: HTMLImageElement }> {
    const renderer = (this.#cy as Core & { renderer?: () => Renderer | null }).renderer?.() ?? {};
    return (renderer.imageCache ??= {});
  }

  #known(picture: string): boolean {
    return this.#cache()[picture]?.image.complete ?? false;
  }

  #load(picture: string): Promise<void> {
    return new Promise((settle) => {
      const image = new Image();
      image.onload = () => {
        if (!this.#cy.destroyed()) this.#cache()[picture] = { image };
        settle();
      };
      image.onerror = () => {
        settle();
      };
      image.src = picture;
    });
  }

  #forget(): void {
    const cache = this.#cache();
    const spare = Object.keys(cache);
    if (spare.length <= this.#wanted.size + KEPT) return;
    const used = new Set(this.#wanted.values());
    for (const picture of spare) if (!used.has(picture)) Reflect.deleteProperty(cache, picture);
  }
}
