/** What the page knows of one Builder: the scene as Python keeps it, and the answers that are still to come. */
import type { AnyModel } from "@anywidget/types";
import { merged } from "./merge";
import { EMPTY, type Catalog, type Done, type Fits, type Intents, type Message, type Patch, type Scene } from "./scene";

// An interface has no index signature, which anywidget's types ask for.
// eslint-disable-next-line @typescript-eslint/consistent-type-definitions
export type Traits = { canvas: string; catalog: Catalog; scene: Partial<Scene> };

interface Waiting {
  settle: (done: Done) => void;
  fits?: Fits;
  clipboard?: string;
}

export interface Heard {
  scene: (patch: Patch | null) => void;
  focus: (id: string) => void;
}

export class Store {
  #scene: Scene;
  /** As it stands in the model: anything else there came from Python. */
  #written: Partial<Scene>;
  readonly #model: AnyModel<Traits>;
  readonly #waiting = new Map<number, Waiting>();
  readonly #listening = new Set<Partial<Heard>>();
  /** Begins anywhere: answers go to all pages that show this Builder. */
  #number = Math.floor(Math.random() * 2 ** 40);

  constructor(model: AnyModel<Traits>) {
    this.#model = model;
    this.#written = model.get("scene");
    this.#scene = { ...EMPTY, ...this.#written };
    model.on("msg:custom", this.#told);
    model.on("change:scene", this.#replaced);
  }

  get scene(): Scene {
    return this.#scene;
  }

  get catalog(): Catalog {
    return this.#model.get("catalog");
  }

  listen(heard: Partial<Heard>): () => void {
    this.#listening.add(heard);
    return () => this.#listening.delete(heard);
  }

  send<A extends keyof Intents>(view: string, act: A, says: Intents[A]): Promise<Done> {
    const n = ++this.#number;
    return new Promise((settle) => {
      this.#waiting.set(n, { settle });
      this.#model.send({ ...says, act, n, view });
    });
  }

  close(): void {
    this.#model.off("msg:custom", this.#told);
    this.#model.off("change:scene", this.#replaced);
    for (const { settle } of this.#waiting.values()) settle({ ok: false, text: "", bad: false });
    this.#waiting.clear();
    this.#listening.clear();
  }

  readonly #told = (message: Message): void => {
    switch (message.type) {
      case "patch":
        this.#show(merged(this.#scene, message.patch), message.patch);
        break;
      case "fits": {
        const waiting = this.#waiting.get(message.n);
        if (waiting) waiting.fits = { targets: message.targets, kinds: message.kinds };
        break;
      }
      case "clipboard": {
        const waiting = this.#waiting.get(message.n);
        if (waiting) waiting.clipboard = message.text;
        break;
      }
      case "done": {
        const waiting = this.#waiting.get(message.n);
        if (!waiting) break;
        this.#waiting.delete(message.n);
        const { settle, ...more } = waiting;
        settle({ ok: message.ok, text: message.text, bad: message.bad, ...more });
        break;
      }
      case "focus":
        for (const heard of [...this.#listening]) heard.focus?.(message.id);
        break;
    }
  };

  /** A page that lost its kernel for a while gets the whole scene again. */
  readonly #replaced = (): void => {
    const told = this.#model.get("scene");
    if (told !== this.#written) this.#show({ ...EMPTY, ...told }, null);
  };

  #show(scene: Scene, patch: Patch | null): void {
    this.#scene = scene;
    // Never saved to the kernel, which has it; a saved notebook and a new view take it from the model.
    this.#written = scene;
    this.#model.set("scene", scene);
    for (const heard of [...this.#listening]) heard.scene?.(patch);
  }
}
