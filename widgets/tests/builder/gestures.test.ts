import cytoscape, { type Core } from "cytoscape";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { aside, settled } from "../../src/builder/arrange";
import { run } from "../../src/builder/commands";
import { context, openContext } from "../../src/builder/context";
import { Deck, GROUND, type Target } from "../../src/builder/deck";
import { kindOf, take } from "../../src/builder/drop";
import { empty } from "../../src/builder/empty";
import type { CommandName } from "../../src/builder/keymap";
import { hovering } from "../../src/builder/hover";
import { keys } from "../../src/builder/keys";
import { outline } from "../../src/builder/outline";
import { palette } from "../../src/builder/palette";
import { quickConnect } from "../../src/builder/quick-add";
import { EMPTY, type Done, type Fits, type Scene } from "../../src/builder/scene";
import { choose, selecting } from "../../src/builder/select";
import type { Stage, StageEvents } from "../../src/builder/stage";

const node = (id: string, x: number, y = 0, role: "service" | "engine" = "service"): Scene["nodes"][string] => ({
  id, kind: id, role, line: id, hue: 0, icon: "box", x, y, state: "", time: "", problem: "", why: "", hover: "", flows: ["main"],
  summary: `${id}, a ${role}`,
});
const wire = (source: string, target: string): Scene["edges"][string] => ({ source, target, kind: "flow", flows: ["main"], state: "" });

interface Sent {
  act: string;
  says: Record<string, unknown>;
}

class Table implements Stage {
  readonly root = document.createElement("div");
  readonly box = document.createElement("div");
  readonly layer = document.createElement("div");
  readonly view = "1";
  readonly cy: Core;
  readonly catalog = { llm: { title: "LLM", group: "Text", hue: 1, icon: "box", role: "service", help: "Writes", takes: [], gives: [] } } as const;
  readonly sent: Sent[] = [];
  fitting: Fits = { targets: {}, kinds: [] };
  answer: Done = { ok: true, text: "", bad: false };
  private readonly heard: (() => void)[] = [];

  constructor(private now: Scene) {
    this.root.append(this.box);
    this.box.append(this.layer);
    this.box.tabIndex = 0;
    document.body.replaceChildren(this.root);
    const nodes = Object.values(now.nodes).map(({ id, x, y }) => ({
      data: { id: `n:${id}`, type: "node", name: id }, position: { x: x + 74, y: y + 26 }
    }));
    const notes = Object.values(now.notes).map(({ id, x, y, width, height }) => ({
      data: { id: `note:${id}`, type: "note", name: id }, position: { x: x + width / 2, y: y + height / 2 }
    }));
    const edges = Object.entries(now.edges).map(([key, { source, target }]) => ({
      data: { id: `e:${key}`, type: "edge", name: key, keys: [key], source: `n:${source}`, target: `n:${target}` },
    }));
    this.cy = cytoscape({ headless: true, styleEnabled: true, layout: { name: "preset" }, elements: [...nodes, ...notes, ...edges], style: [
      { selector: "node", style: { width: 148, height: 52 } },
      { selector: "[type = 'note']", style: { width: 160, height: 80 } },
    ] });
  }

  scene(): Scene {
    return this.now;
  }
  change(part: Partial<Scene>): void {
    this.now = { ...this.now, ...part };
    for (const react of this.heard) react();
  }
  theme(): never {
    throw new Error("no colours without a page");
  }
  still(): boolean {
    return true;
  }
  on<E extends keyof StageEvents>(what: E, react: (...told: StageEvents[E]) => void): () => void {
    if (what === "scene") this.heard.push(react);
    return () => undefined;
  }
  send(act: string, says: object): Promise<Done> {
    this.sent.push({ act, says: { ...says } });
    return Promise.resolve(act === "fits" ? { ...this.answer, fits: this.fitting } : this.answer);
  }
  restore = vi.fn();
  fit = vi.fn();
  zoom = vi.fn();
  reveal = vi.fn();
}

let stage: Table;
let deck: Deck;
let ends: (() => void)[];
const card = (id: string): Target => ({ on: "card", id });
const told = (act: string): Record<string, unknown>[] => stage.sent.filter((one) => one.act === act).map(({ says }) => says);
const perform = (name: CommandName, key = ""): boolean => run(deck, name, { targets: deck.chosen(), key });
const press = (key: string, held: Partial<KeyboardEventInit> = {}, target: Element = stage.box): KeyboardEvent => {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...held });
  target.dispatchEvent(event);
  return event;
};

beforeEach(() => {
  stage = new Table({
    ...EMPTY, pipeline: "chatqna", undo: "move llm",
    nodes: { llm: node("llm", 400), embedding: node("embedding", 0), retriever: node("retriever", 200), store: node("store", 200, 200, "engine") },
    edges: { "embedding>>retriever": wire("embedding", "retriever"), "retriever>>llm": wire("retriever", "llm") },
    notes: { a: { id: "a", text: "<b>mind</b>", x: 0, y: 400, width: 160, height: 80 } },
    groups: { find: { name: "find", members: ["embedding", "retriever"], folded: false } },
  });
  deck = new Deck(stage);
  ends = [];
});
afterEach(() => {
  for (const end of ends) end();
  deck.end();
  stage.cy.destroy();
  vi.useRealTimers();
});

describe("keys on the canvas", () => {
  beforeEach(() => {
    ends = [selecting(deck), outline(deck), keys(deck)];
  });

  it("walk as the data flow, notes last, and leave at the end", () => {
    const way: string[] = [];
    while (press("Tab").defaultPrevented) way.push(deck.at.id);
    expect(way).toEqual(["embedding", "retriever", "llm", "store", "a"]);
  });

  it("jump to the nearest card that way", () => {
    choose(deck, [card("retriever")]);
    press("ArrowDown", { ctrlKey: true });
    expect(deck.chosenCards()).toEqual(["store"]);
  });

  it("make one move of many arrow presses, told when the keys rest", () => {
    vi.useFakeTimers();
    choose(deck, [card("llm"), { on: "note", id: "a" }]);
    for (const key of ["ArrowRight", "ArrowRight", "ArrowDown"]) press(key);
    expect(told("move")).toEqual([]);
    vi.runAllTimers();
    expect(told("move")).toEqual([{ places: { llm: [440, 20] }, label: "move" }]);
    expect(told("note")).toEqual([{ id: "a", x: 40, y: 420 }]);
  });

  it("move by single pixels with Alt, and tell it before anything else is done", () => {
    choose(deck, [card("llm")]);
    press("ArrowLeft", { altKey: true });
    press("z", { ctrlKey: true });
    expect(stage.sent.map(({ act }) => act).filter((act) => act !== "select")).toEqual(["move", "undo"]);
    expect(told("move")).toEqual([{ places: { llm: [399, 0] }, label: "move" }]);
  });

  it("belong to a field while something is typed there", () => {
    choose(deck, [card("llm")]);
    press("F2");
    const field = stage.layer.querySelector<HTMLInputElement>(".opea-field-here");
    if (!field) throw new Error("no field");
    press("Delete", {}, field);
    expect(told("delete")).toEqual([]);
    field.value = "writer";
    press("Enter", {}, field);
    expect(told("rename")).toEqual([{ name: "llm", to: "writer" }]);
    expect(document.activeElement).toBe(stage.box);
  });

  it("let a name be as it was by Escape", () => {
    choose(deck, [card("llm")]);
    press("F2");
    const field = stage.layer.querySelector<HTMLInputElement>(".opea-field-here");
    if (!field) throw new Error("no field");
    field.value = "writer";
    press("Escape", {}, field);
    expect(told("rename")).toEqual([]);
    expect(stage.layer.querySelector(".opea-field-here")).toBeNull();
  });

  it("close what is open first; only then does Escape go to the notebook", () => {
    press("?");
    const first = press("Escape");
    expect([first.defaultPrevented, deck.layers.any]).toEqual([true, false]);
    expect(press("Escape").defaultPrevented).toBe(false);
  });

  it("leave the clipboard's keys to the browser", () => {
    for (const key of ["c", "x", "v"]) expect(press(key, { ctrlKey: true }).defaultPrevented).toBe(false);
    expect(told("copy")).toEqual([]);
  });
});

describe("deleting", () => {
  it("takes cards and wires in one edit, and joins the neighbours when asked", () => {
    choose(deck, [card("retriever"), { on: "edge", id: "retriever>>llm" }]);
    perform("join");
    expect(told("delete")).toEqual([{ names: ["retriever"], edges: [["retriever", "llm"]], join: true }]);
  });
  it("disconnects when only wires are chosen, and does nothing to nothing", () => {
    choose(deck, [{ on: "edge", id: "retriever>>llm" }]);
    perform("delete");
    expect(told("disconnect")).toEqual([{ edges: [["retriever", "llm"]] }]);
    choose(deck, []);
    expect(perform("delete")).toBe(false);
  });
});

describe("choosing", () => {
  it("is told to Python once for all cards, and follows Python's choice without an answer", async () => {
    ends = [selecting(deck)];
    choose(deck, [card("llm"), card("store")]);
    await vi.waitFor(() => {
      expect(told("select")).toEqual([{ names: ["llm", "store"] }]);
    });
    await Promise.resolve();
    stage.change({ selected: ["embedding"] });
    expect(deck.chosenCards()).toEqual(["embedding"]);
    await new Promise((settle) => setTimeout(settle, 5));
    expect(told("select")).toHaveLength(1);
  });
});

describe("menus", () => {
  const labels = (): string[] => [...stage.root.querySelectorAll(".opea-menu-label")].map((one) => one.textContent);

  it("hold every command of what they speak of, and a card's wires", () => {
    openContext(deck, card("retriever"), { x: 0, y: 0 });
    for (const label of ["Connect to…", "Rename", "Delete", "Delete and join the neighbours", "Duplicate", "Cut", "Copy", "Group",
      "Disconnect from llm", "Disconnect embedding from it", "Fold find", "Ungroup find"]) expect(labels()).toContain(label);
  });
  it("line several cards up", () => {
    choose(deck, [card("llm"), card("store")]);
    openContext(deck, card("llm"), { x: 0, y: 0 });
    const left = [...stage.root.querySelectorAll<HTMLElement>(".opea-menu-item")].find((item) => item.textContent === "Align left");
    left?.click();
    expect(told("move")).toEqual([{ places: { llm: [200, 0] }, label: "align left" }]);
  });
  it("name what is undone, and say why something cannot be", () => {
    openContext(deck, GROUND, { x: 0, y: 0 });
    expect(labels()).toContain("Undo: move llm");
    expect(stage.root.querySelector(".opea-menu")?.textContent).toContain("nothing to redo");
  });
  it("keep the page's own menu away from the canvas only", () => {
    ends = [context(deck)];
    const menu = (target: Element): Event => {
      const event = new MouseEvent("contextmenu", { bubbles: true, cancelable: true, button: 2 });
      target.dispatchEvent(event);
      return event;
    };
    expect(menu(stage.root).defaultPrevented).toBe(false);
    expect(menu(stage.box).defaultPrevented).toBe(true);
  });
});

describe("connecting by keys", () => {
  it("offers what fits first, lights it, and shows why the others do not", async () => {
    stage.fitting = { targets: { llm: "", embedding: "it would make a ring", store: "" }, kinds: [] };
    quickConnect(deck, "retriever");
    await vi.waitFor(() => {
      expect(stage.root.querySelectorAll(".opea-choice")).toHaveLength(3);
    });
    expect(stage.root.querySelector(".opea-choice")?.textContent).toContain("llm");
    expect(stage.root.querySelector(".opea-choice[aria-disabled]")?.textContent).toContain("it would make a ring");
    expect(stage.cy.$(".lit").map((one) => String(one.data("name")))).toEqual(["llm", "store"]);
    expect(stage.cy.$(".dimmed").map((one) => String(one.data("name")))).toEqual(["embedding"]);
    const search = stage.root.querySelector("input");
    if (search) press("Enter", {}, search);
    expect(told("connect")).toEqual([{ source: "retriever", target: "llm" }]);
    expect(stage.cy.$(".lit, .dimmed, .target")).toHaveLength(0);
  });
});

it("puts back what Python refuses", async () => {
  stage.answer = { ok: false, text: "no", bad: true };
  await deck.send("rename", { name: "llm", to: "" });
  expect(stage.restore).toHaveBeenCalledOnce();
});

it("tells screen readers the graph as a list in the order of the flow, as text", () => {
  ends = [outline(deck)];
  const items = [...stage.root.querySelectorAll("[role=option]")].map((item) => item.textContent);
  expect(items).toEqual(["embedding, a service", "retriever, a service", "llm, a service", "store, a engine", "note: <b>mind</b>"]);
  expect(stage.root.querySelector("b")).toBeNull();
  expect(stage.box.getAttribute("aria-label")).toContain("4 cards, 2 connections");
});

it("begins an empty canvas with templates, and steps aside when asked", () => {
  stage.change({ nodes: {}, edges: {}, notes: {}, groups: {}, templates: [{ name: "chatqna", title: "ChatQnA", line: "answers" }] });
  ends = [empty(deck)];
  stage.root.querySelector<HTMLElement>(".opea-template")?.click();
  expect(told("template")).toEqual([{ name: "chatqna" }]);
  stage.root.querySelector<HTMLElement>(".opea-start-empty")?.click();
  expect(stage.root.querySelector<HTMLElement>(".opea-empty")?.hidden).toBe(true);
});

it("adds by Enter what the letters in the search find now", () => {
  const search = document.createElement("div");
  search.className = "opea-search";
  const input = document.createElement("input");
  search.append(input);
  stage.root.append(search);
  ends = [palette(deck)];
  input.value = "ll";
  press("Enter", {}, input);
  expect(told("add")).toEqual([{ kind: "llm" }]);
  expect(input.value).toBe("");
});

describe("dropping", () => {
  it("reads the kind from the palette's entry", () => {
    const entry = document.createElement("button");
    entry.className = "widget-button opea-entry opea-entry-1 opea-kind-embedding-multimodal";
    expect(kindOf(entry)).toBe("embedding-multimodal");
  });
  it("takes a file's text, and refuses one that is too large without reading it", async () => {
    await take(deck, { name: "p.yaml", size: 10, text: () => Promise.resolve("opea: 1") }, { x: 0, y: 0 });
    await take(deck, { name: "big.yaml", size: 3_000_000, text: () => Promise.reject(new Error("read")) }, { x: 0, y: 0 });
    expect(told("import")).toEqual([{ name: "p.yaml", text: "opea: 1" }]);
    expect(stage.root.querySelector(".opea-hint")?.textContent).toContain("larger than 2 MB");
  });
});

it("puts engines below those that use them, and keeps the corner of the graph where it was", () => {
  const box = (id: string, x: number, y: number): Parameters<typeof settled>[0][number] => ({ id, x, y, width: 148, height: 52 });
  const places = settled([box("a", -10, 50), box("b", 194, 50)], [box("store", 0, 0)], [{ source: "b", target: "store" }], { x: 100, y: 40 });
  expect(places).toEqual({ a: [100, 40], b: [304, 40], store: [304, 120] });
});

it("puts notes that arranged cards would cover below all of them, and leaves the others", () => {
  const cards = [{ id: "a", x: 0, y: 0, width: 148, height: 52 }, { id: "b", x: 0, y: 80, width: 148, height: 52 }];
  const note = (id: string, x: number, y: number): (typeof cards)[0] => ({ id, x, y, width: 200, height: 96 });
  expect(aside(cards, [note("n1", 20, 20), note("n2", 400, 0), note("n3", 20, 90)])).toEqual({
    "note:n1": [20, 160],
    "note:n3": [20, 284],
  });
});

describe("what a card tells while the pointer rests on it", () => {
  const LONG = 400;
  const over = (id: string): HTMLElement => {
    ends = [hovering(stage)];
    const hit = stage.cy.$id(`n:${id}`);
    // What cytoscape passes on; its types want an event of its own making.
    hit.emit({ type: "mouseover", renderedPosition: hit.renderedPosition() } as never);
    const tip = stage.layer.querySelector<HTMLElement>("[role=tooltip]");
    if (!tip) throw new Error("no tooltip");
    return tip;
  };
  beforeEach(() => {
    vi.useFakeTimers();
  });

  it("comes and stays when the pipeline changes, and follows it", () => {
    const tip = over("llm");
    stage.change({});
    vi.advanceTimersByTime(LONG);
    expect([tip.hidden, tip.textContent]).toEqual([false, "llm"]);
    stage.change({ nodes: { ...stage.scene().nodes, llm: { ...node("llm", 400), state: "ready" } } });
    expect([tip.hidden, tip.textContent]).toEqual([false, "llmready"]);
  });

  it("comes again after the canvas moved, where the card is still under the pointer", () => {
    const tip = over("llm");
    vi.advanceTimersByTime(LONG);
    stage.cy.emit("viewport");
    expect(tip.hidden).toBe(true);
    vi.advanceTimersByTime(LONG);
    expect(tip.hidden).toBe(false);
    stage.cy.panBy({ x: 900, y: 0 });
    vi.advanceTimersByTime(LONG);
    expect(tip.hidden).toBe(true);
  });
});
