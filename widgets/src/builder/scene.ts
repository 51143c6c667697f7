/** What Python tells the page to show, and what the page asks Python for: the bridge's contract in types. */

export type State =
  | "" | "waiting" | "starting" | "restarting" | "ready" | "running" | "done" | "skipped" | "failed" | "stopped";

export interface SceneNode {
  readonly id: string;
  readonly kind: string;
  readonly role: "service" | "engine";
  /** Quiet second line: the kind, say. */
  readonly line: string;
  /** 0 to 7, as `.opea-hue-<n>` in look.css. */
  readonly hue: number;
  readonly icon: string;
  /** Upper left corner of the card, in pixels of the graph. */
  readonly x: number;
  readonly y: number;
  readonly state: State;
  /** Duration of the last run, as text. */
  readonly time: string;
  readonly problem: "" | "warning" | "error";
  /** What is wrong, or what it waits for. */
  readonly why: string;
  readonly hover: string;
  readonly flows: readonly string[];
  /** One sentence for screen readers. */
  readonly summary: string;
}

export interface SceneEdge {
  readonly source: string;
  readonly target: string;
  readonly kind: "flow" | "uses";
  readonly flows: readonly string[];
  readonly state: "" | "running" | "done";
}

export interface SceneNote {
  readonly id: string;
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface SceneGroup {
  readonly name: string;
  readonly members: readonly string[];
  readonly folded: boolean;
}

export interface Template {
  readonly name: string;
  readonly title: string;
  readonly line: string;
}

type Table<T> = Readonly<Record<string, T>>;

/** What of a scene a patch replaces whole. */
export interface Scalars {
  readonly pipeline: string;
  /** The flow that new wires belong to. */
  readonly flow: string;
  readonly flows: readonly string[];
  readonly selected: readonly string[];
  /** What takes long now; empty when nothing does. */
  readonly busy: string;
  readonly undo: string | null;
  readonly redo: string | null;
  readonly templates: readonly Template[];
}

export interface Tables {
  readonly nodes: Table<SceneNode>;
  /** By `source>>target`. */
  readonly edges: Table<SceneEdge>;
  readonly notes: Table<SceneNote>;
  readonly groups: Table<SceneGroup>;
}

export type Scene = Scalars & Tables;

/** Elements are replaced whole; `null` means gone. */
export type Patch = Partial<Scalars> & {
  readonly [T in keyof Tables]?: Readonly<Record<string, Tables[T][string] | null>>;
} & { readonly renamed?: Readonly<Record<string, string>> };

export interface CatalogKind {
  readonly title: string;
  readonly group: string;
  readonly hue: number;
  readonly icon: string;
  readonly role: "service" | "engine";
  readonly help: string;
  readonly takes: readonly string[];
  readonly gives: readonly string[];
}

export type Catalog = Table<CatalogKind>;

/** How Python answers an intent. `fits` and `clipboard` answers are handed over with it. */
export interface Done {
  readonly ok: boolean;
  readonly text: string;
  readonly bad: boolean;
  readonly fits?: Fits;
  readonly clipboard?: string;
}

export interface Fits {
  /** Name -> why it does not fit; empty when it does. */
  readonly targets: Readonly<Record<string, string>>;
  readonly kinds: readonly { readonly kind: string; readonly why: string }[];
}

export type Message =
  | { readonly type: "patch"; readonly patch: Patch }
  | { readonly type: "done"; readonly n: number; readonly ok: boolean; readonly text: string; readonly bad: boolean }
  | ({ readonly type: "fits"; readonly n: number } & Fits)
  | { readonly type: "clipboard"; readonly n: number; readonly text: string }
  | { readonly type: "focus"; readonly id: string };

/** Every act the page can ask for, with what it says along. */
export interface Intents {
  ready: object;
  add: { kind: string; x?: number; y?: number; from?: string };
  connect: { source: string; target: string };
  disconnect: { edges: readonly (readonly [string, string])[] };
  /** Upper left corners. */
  move: { places: Readonly<Record<string, readonly [number, number]>>; label: string };
  rename: { name: string; to: string };
  delete: { names: readonly string[]; edges: readonly (readonly [string, string])[]; join: boolean };
  duplicate: { names: readonly string[] };
  copy: { names: readonly string[] };
  cut: { names: readonly string[] };
  paste: { text: string; x?: number; y?: number };
  undo: object;
  redo: object;
  select: { names: readonly string[] };
  note: { id?: string; text?: string; x?: number; y?: number; width?: number; height?: number };
  drop_note: { id: string };
  group: { names: readonly string[]; name?: string };
  ungroup: { name: string };
  rename_group: { name: string; to: string };
  fold: { name: string; folded: boolean };
  clear: object;
  template: { name: string };
  import: { name: string; text: string };
  /** An empty source asks what fits an empty place. */
  fits: { source: string };
  deploy: object;
  stop: object;
  panel: { name: string };
  flow: { name: string };
}

export const EMPTY: Scene = {
  pipeline: "", flow: "main", flows: ["main"], selected: [], busy: "", undo: null, redo: null, templates: [],
  nodes: {}, edges: {}, notes: {}, groups: {},
};
