/** What the gestures share in one view: what is under the pointer, what is chosen, and what can be done with it. */
import type { NodeSingular, SingularElementArgument } from "cytoscape";
import { element, setText } from "../dom";
import type { Thing } from "./keymap";
import { Layers } from "./layers";
import type { Box, Places, Point } from "./placing";
import type { Done, Fits, Intents } from "./scene";
import { ids, type Stage } from "./stage";

export const CARD = { width: 148, height: 52 } as const;
/** Cards stand on this grid unless they are moved by single pixels. */
export const GRID = 4;

/** A thing on the canvas by the scene's name for it; the ground has none. */
export interface Target {
  on: Exclude<Thing, "several">;
  id: string;
}

export const GROUND: Target = { on: "ground", id: "" };

const THINGS: Readonly<Record<string, Target["on"]>> = { node: "card", edge: "edge", note: "note", group: "group" };

export class Deck {
  readonly layers: Layers;
  /** Where the pointer was last over the canvas, in the window. */
  pointer: Point | undefined;
  /** Where the keyboard stands; a note or group can be here too. */
  at: Target = GROUND;
  private readonly live = element("div", "opea-live", "", { role: "status", "aria-live": "polite" });
  private readonly tip = element("div", "opea-hint", "", { "aria-hidden": "true" });
  private tipGone = 0;

  constructor(readonly stage: Stage) {
    this.layers = new Layers(stage.root, () => stage.box);
    this.tip.hidden = true;
    stage.root.append(this.live, this.tip);
  }

  end(): void {
    window.clearTimeout(this.tipGone);
    this.layers.end();
    this.live.remove();
    this.tip.remove();
  }

  // Places

  /** A point of the window as a point of the graph. */
  inGraph(at: Point): Point {
    const frame = this.stage.box.getBoundingClientRect();
    const pan = this.stage.cy.pan();
    const zoom = this.stage.cy.zoom();
    return { x: (at.x - frame.left - pan.x) / zoom, y: (at.y - frame.top - pan.y) / zoom };
  }

  inWindow(at: Point): Point {
    const frame = this.stage.box.getBoundingClientRect();
    const pan = this.stage.cy.pan();
    const zoom = this.stage.cy.zoom();
    return { x: at.x * zoom + pan.x + frame.left, y: at.y * zoom + pan.y + frame.top };
  }

  /** Whether a point of the window is on the canvas. */
  over(at: Point): boolean {
    const frame = this.stage.box.getBoundingClientRect();
    return at.x >= frame.left && at.x <= frame.right && at.y >= frame.top && at.y <= frame.bottom;
  }

  middle(): Point {
    const frame = this.stage.box.getBoundingClientRect();
    return { x: frame.left + frame.width / 2, y: frame.top + frame.height / 2 };
  }

  /** Where a popup that no pointer asked for opens: at the thing, or in the middle. */
  beside(target: Target): Point {
    const box = this.boxOf(target);
    return box ? this.inWindow({ x: box.x + box.width, y: box.y }) : this.middle();
  }

  /** Where something new goes: under the pointer if it is on the canvas, else into the middle. */
  place(at?: Point, size: { width: number; height: number } = CARD): { x: number; y: number } {
    const point = this.inGraph(at ?? this.pointer ?? this.middle());
    return { x: snap(point.x - size.width / 2), y: snap(point.y - size.height / 2) };
  }

  /** All cards as they stand now, those in folded groups left out. */
  cards(): Box[] {
    return this.stage.cy.nodes("[type='node']").filter((node) => node.visible()).map((node) => boxOf(node as NodeSingular));
  }

  boxOf(target: Target): Box | undefined {
    const found = this.find(target);
    if (!found) return undefined;
    if (target.on !== "edge") return boxOf(found as NodeSingular);
    const box = found.boundingBox();
    return { id: target.id, x: (box.x1 + box.x2) / 2, y: (box.y1 + box.y2) / 2, width: 0, height: 0 };
  }

  // Things

  find(target: Target): SingularElementArgument | undefined {
    if (target.on === "ground") return undefined;
    const key = { card: ids.node, edge: ids.edge, note: ids.note, group: ids.group }[target.on](target.id);
    const found = this.stage.cy.getElementById(key);
    return found.nonempty() ? found : undefined;
  }

  /** What an event of cytoscape is about. */
  targetOf(what: unknown): Target {
    const data = (what as { data?: (key: string) => unknown }).data;
    if (!data || what === this.stage.cy) return GROUND;
    const type = (what as NodeSingular).data("type") as unknown;
    const on = typeof type === "string" ? THINGS[type] : undefined;
    const name = (what as NodeSingular).data("name") as unknown;
    return on && typeof name === "string" ? { on, id: name } : GROUND;
  }

  /** What is chosen in this view: cards, wires, notes and groups. */
  chosen(): Target[] {
    return this.stage.cy.$(":selected").map((one) => this.targetOf(one)).filter(({ on }) => on !== "ground");
  }

  chosenCards(): string[] {
    return this.chosen().flatMap(({ on, id }) => (on === "card" ? [id] : []));
  }

  /** The cards a target stands for: a group for its members. */
  members(targets: readonly Target[]): string[] {
    const scene = this.stage.scene();
    const all = targets.flatMap(({ on, id }) =>
      on === "card" ? [id] : on === "group" ? [...(scene.groups[id]?.members ?? [])] : [],
    );
    return [...new Set(all)];
  }

  /** The wires of the scene that an edge on the canvas stands for. */
  wires(target: Target): [string, string][] {
    const keys: unknown = this.find(target)?.data("keys");
    const wanted = Array.isArray(keys) ? keys.map(String) : [target.id];
    const { edges } = this.stage.scene();
    return wanted.flatMap((key) => {
      const edge = edges[key];
      return edge ? [[edge.source, edge.target] as [string, string]] : [];
    });
  }

  // Asking and telling

  /** Asks Python; what it refuses is put back. Python itself says what was done and why not. */
  async send<A extends keyof Intents>(act: A, says: Intents[A]): Promise<Done> {
    const done = await this.stage.send(act, says);
    if (!done.ok) this.stage.restore();
    return done;
  }

  ask<A extends keyof Intents>(act: A, says: Intents[A]): void {
    void this.send(act, says);
  }

  async fits(source: string): Promise<Fits> {
    const done = await this.stage.send("fits", { source });
    return done.fits ?? { targets: {}, kinds: [] };
  }

  move(places: Places, label: string): void {
    if (Object.keys(places).length > 0) this.ask("move", { places, label });
  }

  /** For what Python does not know and so cannot tell a screen reader. */
  say(text: string): void {
    setText(this.live, text);
  }

  /** A sentence at the pointer; gone by itself after a while. */
  hint(text: string, at: Point, bad = false): void {
    window.clearTimeout(this.tipGone);
    this.tip.hidden = text === "";
    if (!text) return;
    this.tip.classList.toggle("opea-hint-bad", bad);
    setText(this.tip, text);
    this.layers.place(this.tip, { x: at.x + 14, y: at.y + 18 });
    this.tipGone = window.setTimeout(() => {
      this.tip.hidden = true;
    }, 6000);
  }

  /** The user has put something where it is seen now: the view is theirs, and does not look for the graph any more. */
  keepView(): void {
    this.stage.cy.emit("viewport");
  }

  focus(): void {
    this.stage.box.focus({ preventScroll: true });
  }
}

export function snap(value: number): number {
  return Math.round(value / GRID) * GRID;
}

export function boxOf(node: NodeSingular): Box {
  const at = node.position();
  const [width, height] = [node.width(), node.height()];
  return { id: String(node.data("name")), x: at.x - width / 2, y: at.y - height / 2, width, height };
}

/** Upper left corners, as intents want them. */
export function places(boxes: readonly Box[]): Places {
  return Object.fromEntries(boxes.map(({ id, x, y }) => [id, [round(x), round(y)]]));
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
