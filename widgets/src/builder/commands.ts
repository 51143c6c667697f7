/** What each command does to what is chosen. */
import { arrange } from "./arrange";
import { copy, pasteFromMenu } from "./clipboard";
import { openContext } from "./context";
import { GROUND, type Deck, type Target } from "./deck";
import { addNote, rename } from "./field";
import { openTab, toggleFull } from "./full-screen";
import { toggleHelp } from "./help";
import type { CommandName } from "./keymap";
import { Nudge } from "./move";
import { resize } from "./note-size";
import { nearest, type Direction, type Point } from "./placing";
import { quickAdd, quickConnect } from "./quick-add";
import { choose, standing, walk } from "./select";
import { zoomBy } from "./wheel";
import { step } from "./walking";

/** What a command is asked for. */
export interface Occasion {
  /** What it is about: what is chosen, or what a menu was opened on. */
  targets: readonly Target[];
  /** The point of the window that the menu was opened at. */
  at?: Point;
  /** The key that asked for it. */
  key?: string;
}

/** `false`: it does nothing here, and the key keeps its meaning for the page. */
type Act = (deck: Deck, occasion: Occasion) => boolean;

const nudges = new WeakMap<Deck, Nudge>();

export function nudge(deck: Deck): Nudge {
  const before = nudges.get(deck) ?? new Nudge(deck);
  nudges.set(deck, before);
  return before;
}

function way(key = ""): Direction {
  return key.replace(/.*Arrow/, "").toLowerCase() as Direction;
}

function card(targets: readonly Target[]): string {
  return targets.find(({ on }) => on === "card")?.id ?? "";
}

function stand(deck: Deck, target: Target): void {
  choose(deck, [target]);
  if (target.on === "card") deck.stage.reveal(target.id);
}

function walkOn(deck: Deck, back: boolean): boolean {
  const all = walk(deck);
  const key = ({ on, id }: Target): string => `${on}:${id}`;
  const here = standing(deck);
  const next = step(all.map(key), here ? key(here) : "", back);
  const target = all.find((one) => key(one) === next);
  if (target) stand(deck, target);
  return target !== undefined;
}

function remove(deck: Deck, targets: readonly Target[], join: boolean): boolean {
  const names = targets.flatMap(({ on, id }) => (on === "card" ? [id] : []));
  const edges = targets.flatMap((target) => (target.on === "edge" ? deck.wires(target) : []));
  const notes = targets.filter(({ on }) => on === "note");
  const groups = targets.filter(({ on }) => on === "group");
  const members = deck.members(groups);
  if (names.length + edges.length + notes.length + members.length === 0) return false;
  if (names.length + members.length > 0) deck.ask("delete", { names: [...new Set([...names, ...members])], edges, join });
  else if (edges.length > 0) deck.ask("disconnect", { edges });
  for (const { id } of notes) deck.ask("drop_note", { id });
  return true;
}

function fold(deck: Deck, targets: readonly Target[]): void {
  const { groups } = deck.stage.scene();
  const asked = targets.flatMap(({ on, id }) => {
    if (on === "group") return [id];
    return Object.values(groups).filter(({ members }) => on === "card" && members.includes(id)).map(({ name }) => name);
  });
  for (const name of new Set(asked)) {
    const group = groups[name];
    if (group) deck.ask("fold", { name, folded: !group.folded });
  }
}

function jump(deck: Deck, key: string | undefined): void {
  const here = standing(deck);
  const from = here && deck.boxOf(here);
  const next = from ? nearest(deck.cards(), from, way(key)) : walk(deck)[0]?.id;
  if (next !== undefined) stand(deck, { on: "card", id: next });
}

function move(deck: Deck, { targets, key }: Occasion, fine: boolean): void {
  if (targets.some(({ on }) => on !== "edge")) nudge(deck).by(way(key), fine);
  else jump(deck, key);
}

function larger(deck: Deck, { targets, key }: Occasion): boolean {
  const id = targets.find(({ on }) => on === "note")?.id ?? "";
  const note = deck.stage.scene().notes[id];
  if (!note) return false;
  const by = { left: [-20, 0], right: [20, 0], up: [0, -20], down: [0, 20] }[way(key)];
  resize(deck, id, note.width + (by[0] ?? 0), note.height + (by[1] ?? 0));
  return true;
}

function search(deck: Deck): boolean {
  const input = deck.stage.root.querySelector<HTMLInputElement>(".opea-search input");
  input?.focus();
  input?.select();
  return input !== null;
}

const ACTS: Readonly<Record<CommandName, Act>> = {
  add: (deck, { at }) => {
    quickAdd(deck, at ?? deck.pointer ?? deck.middle());
    return true;
  },
  search,
  connect: (deck, { targets }) => {
    const source = card(targets);
    if (source) quickConnect(deck, source);
    return source !== "";
  },
  disconnect: (deck, { targets }) => remove(deck, targets.filter(({ on }) => on === "edge"), false),
  rename: (deck, { targets }) => {
    const target = targets.find(({ on }) => on !== "edge" && on !== "ground");
    if (target) rename(deck, target);
    return target !== undefined;
  },
  delete: (deck, { targets }) => remove(deck, targets, false),
  join: (deck, { targets }) => remove(deck, targets, true),
  duplicate: (deck, { targets }) => {
    const names = deck.members(targets);
    if (names.length > 0) deck.ask("duplicate", { names });
    return true;
  },
  copy: (deck, { targets }) => {
    void copy(deck, deck.members(targets), false);
    return true;
  },
  cut: (deck, { targets }) => {
    void copy(deck, deck.members(targets), true);
    return true;
  },
  paste: (deck, { at }) => {
    void pasteFromMenu(deck, at);
    return true;
  },
  undo: (deck) => {
    nudge(deck).finish();
    deck.ask("undo", {});
    return true;
  },
  redo: (deck) => {
    deck.ask("redo", {});
    return true;
  },
  all: (deck) => {
    const cards = walk(deck).filter(({ on }) => on === "card");
    choose(deck, cards);
    deck.say(`${cards.length} cards selected`);
    return true;
  },
  none: (deck) => {
    choose(deck, []);
    return true;
  },
  next: (deck) => walkOn(deck, false),
  previous: (deck) => walkOn(deck, true),
  jump: (deck, { key }) => {
    jump(deck, key);
    return true;
  },
  move: (deck, occasion) => {
    move(deck, occasion, false);
    return true;
  },
  fine: (deck, occasion) => {
    move(deck, occasion, true);
    return true;
  },
  resize: larger,
  note: (deck, { at }) => {
    addNote(deck, at);
    return true;
  },
  group: (deck, { targets }) => {
    const names = deck.members(targets);
    if (names.length > 0) deck.ask("group", { names });
    return true;
  },
  fold: (deck, { targets }) => {
    fold(deck, targets);
    return true;
  },
  ungroup: (deck, { targets }) => {
    const { groups } = deck.stage.scene();
    const chosen = deck.members(targets);
    const named = targets.flatMap(({ on, id }) => (on === "group" ? [id] : []));
    const around = Object.values(groups).filter(({ members }) => members.some((one) => chosen.includes(one)));
    for (const name of new Set([...named, ...around.map((group) => group.name)])) deck.ask("ungroup", { name });
    return true;
  },
  arrange: (deck) => {
    arrange(deck);
    return true;
  },
  clear: (deck) => {
    deck.ask("clear", {});
    return true;
  },
  in: (deck) => {
    zoomBy(deck, 1);
    return true;
  },
  out: (deck) => {
    zoomBy(deck, -1);
    return true;
  },
  fit: (deck) => {
    deck.stage.fit();
    deck.say("everything is in view");
    return true;
  },
  full: (deck) => {
    void toggleFull(deck);
    return true;
  },
  tab: (deck) => {
    void openTab(deck);
    return true;
  },
  logs: (deck, { targets }) => {
    const name = card(targets);
    if (name) choose(deck, [{ on: "card", id: name }]);
    deck.ask("panel", { name: "logs" });
    return true;
  },
  menu: (deck, { targets }) => {
    const target = targets[0] ?? GROUND;
    openContext(deck, target, deck.beside(target));
    return true;
  },
  help: (deck) => {
    toggleHelp(deck.layers);
    return true;
  },
  // What is open is closed; else the fence around the builder gives the keyboard to the notebook.
  leave: (deck) => deck.layers.closeTop(),
};

/** Does it; false when there was nothing to do it to. */
export function run(deck: Deck, name: CommandName, occasion: Occasion): boolean {
  return ACTS[name](deck, occasion);
}
