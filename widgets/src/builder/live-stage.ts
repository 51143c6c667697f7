/** One live view of the Builder: the canvas that was found, painted from the store's scene. */
import type { Core } from "cytoscape";
import { element } from "../dom";
import { CARD } from "./card";
import type { Canvas } from "./find-view";
import { homesOf } from "./plan";
import { Painter } from "./painter";
import type { Catalog, Done, Intents, Scene } from "./scene";
import { ids, type Stage, type StageEvents } from "./stage";
import type { Store } from "./store";
import { probe, readColours, stillWanted, watchTheme, type Colours } from "./theme";
import { Sight } from "./sight";

type Listeners = { [E in keyof StageEvents]: Set<(...told: StageEvents[E]) => void> };

export class LiveStage implements Stage {
  readonly root: HTMLElement;
  readonly layer = element("div", "opea-layer");
  readonly view = crypto.getRandomValues(new Uint32Array(2)).join("");
  box: HTMLElement;
  cy: Core;
  readonly #store: Store;
  readonly #listeners: Listeners = { scene: new Set(), theme: new Set(), cy: new Set(), focus: new Set() };
  readonly #ends: (() => void)[] = [];
  readonly #probe = probe();
  #colours: Colours;
  #painter: Painter;
  #sight: Sight;
  #size = "";
  #sizes: ResizeObserver;

  constructor(root: HTMLElement, canvas: Canvas, store: Store) {
    this.root = root;
    this.#store = store;
    root.append(this.#probe);
    this.#colours = readColours(this.#probe);
    this.#sizes = new ResizeObserver(this.#resized);
    ({ cy: this.cy, box: this.box, painter: this.#painter, sight: this.#sight } = this.#attach(canvas));
    this.#ends.push(
      store.listen({
        scene: () => {
          this.#paint();
          this.#tell("scene");
        },
        focus: (id) => {
          this.reveal(id);
          this.#tell("focus", id);
        },
      }),
      watchTheme(() => {
        const colours = readColours(this.#probe);
        if (JSON.stringify(colours) === JSON.stringify(this.#colours)) return;
        this.#colours = colours;
        this.#paint();
        this.#tell("theme");
      }),
    );
    this.#paint();
  }

  get catalog(): Catalog {
    return this.#store.catalog;
  }

  scene(): Scene {
    return this.#store.scene;
  }

  theme(): Colours {
    return this.#colours;
  }

  still(): boolean {
    return stillWanted();
  }

  on<E extends keyof StageEvents>(what: E, react: (...told: StageEvents[E]) => void): () => void {
    const listeners = this.#listeners[what];
    listeners.add(react);
    return () => {
      listeners.delete(react);
    };
  }

  send<A extends keyof Intents>(act: A, says: Intents[A]): Promise<Done> {
    return this.#store.send(this.view, act, says);
  }

  restore(): void {
    this.#painter.restore();
  }

  fit(): void {
    this.#sight.fit(this.scene());
    this.#paint();
  }

  zoom(factor: number, at?: { x: number; y: number }): void {
    this.#sight.zoom(factor, at);
  }

  reveal(id: string): void {
    const node = this.scene().nodes[id];
    const home = homesOf(this.scene()).get(id);
    const card = this.cy.getElementById(home?.folded ? ids.group(home.name) : ids.node(id));
    if (!node || card.empty()) return;
    const { x, y } = home?.folded ? card.position() : { x: node.x + CARD.width / 2, y: node.y + CARD.height / 2 };
    const [width, height] = [CARD.width / 2, CARD.height / 2];
    this.#sight.reveal({ x1: x - width, y1: y - height, x2: x + width, y2: y + height });
  }

  /** The canvas made itself anew. */
  replace(canvas: Canvas): void {
    this.#painter.close();
    ({ cy: this.cy, box: this.box, painter: this.#painter, sight: this.#sight } = this.#attach(canvas));
    this.#paint();
    this.#tell("cy");
  }

  close(): void {
    for (const end of this.#ends) end();
    this.#sizes.disconnect();
    this.#painter.close();
    this.layer.remove();
    this.#probe.remove();
  }

  #attach({ cy, box }: Canvas): { cy: Core; box: HTMLElement; painter: Painter; sight: Sight } {
    // The plain graph that Python drew while nobody answered, and ipycytoscape's tooltip, which is HTML.
    cy.elements().remove();
    cy.off("click");
    cy.userZoomingEnabled(false);
    box.append(this.layer);
    this.#sizes.disconnect();
    this.#sizes.observe(box);
    const sight = new Sight(cy, box, () => {
      this.#paint();
    });
    return { cy, box, painter: new Painter(cy, () => this.still()), sight };
  }

  #paint(): void {
    const scene = this.scene();
    this.#sight.before(scene);
    this.#painter.paint(scene, this.#colours, this.#sight.near);
  }

  readonly #resized = (): void => {
    const now = `${this.box.clientWidth} ${this.box.clientHeight}`;
    if (now === this.#size || this.cy.destroyed()) return;
    this.#size = now;
    const { near } = this.#sight;
    this.#sight.resized(this.scene());
    if (this.#sight.near !== near) this.#paint();
  };

  #tell<E extends keyof StageEvents>(what: E, ...told: StageEvents[E]): void {
    for (const react of [...this.#listeners[what]]) react(...told);
  }
}
