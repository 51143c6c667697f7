/** A scene as the list of what stands on the canvas: folded groups in the place of what they hold. */
import { CARD, cardPicture, groupPicture, notePicture, type Nearness } from "./card";
import { middle, middleOf, type Spot } from "./geometry";
import type { Scene, SceneEdge, SceneGroup, SceneNode, SceneNote } from "./scene";
import { ids, type ElementType } from "./stage";
import type { Colours } from "./theme";

export interface Planned {
  readonly id: string;
  readonly type: ElementType;
  readonly name: string;
  readonly classes: readonly string[];
  readonly data: Readonly<Record<string, string | number | boolean | readonly string[]>>;
  /** Address of the picture on it. */
  readonly picture?: string;
  /** Where its middle is; an open group lies around its cards. */
  readonly at?: Spot;
  readonly parent?: string;
  readonly source?: string;
  readonly target?: string;
}

/** Pictures are drawn once for the same thing: a patch keeps what it does not change. */
export class Planner {
  #pictures = new WeakMap<object, string>();
  #look = "";

  plan(scene: Scene, colours: Colours, near: Nearness): Map<string, Planned> {
    const look = JSON.stringify([colours, near]);
    if (look !== this.#look) this.#pictures = new WeakMap();
    this.#look = look;
    const homes = homesOf(scene);
    const planned: Planned[] = [];
    for (const [name, members] of groupsOf(scene, homes)) {
      planned.push(this.#group(scene.groups[name], name, members, scene, colours, near));
    }
    for (const [name, node] of Object.entries(scene.nodes)) {
      const group = homes.get(name);
      if (group?.folded) continue;
      planned.push({
        id: ids.node(name),
        type: "node",
        name,
        classes: [node.role, stateClass(node), problemClass(node)].filter(Boolean),
        data: {},
        picture: this.#drawn(node, () => cardPicture(node, colours, near)),
        at: middle(node),
        ...(group ? { parent: ids.group(group.name) } : {}),
      });
    }
    for (const [name, note] of Object.entries(scene.notes)) planned.push(this.#note(name, note, colours, near));
    planned.push(...edgesOf(scene, homes));
    return new Map(planned.map((element) => [element.id, element]));
  }

  #drawn(thing: object, draw: () => string): string {
    const known = this.#pictures.get(thing);
    if (known !== undefined) return known;
    const made = draw();
    this.#pictures.set(thing, made);
    return made;
  }

  #note(name: string, note: SceneNote, colours: Colours, near: Nearness): Planned {
    const { width, height } = note;
    return {
      id: ids.note(name),
      type: "note",
      name,
      classes: ["note"],
      data: { width, height },
      picture: this.#drawn(note, () => notePicture(note, colours, near)),
      at: { x: note.x + width / 2, y: note.y + height / 2 },
    };
  }

  #group(
    group: SceneGroup | undefined,
    name: string,
    members: readonly string[],
    scene: Scene,
    colours: Colours,
    near: Nearness,
  ): Planned {
    const shared = { id: ids.group(name), type: "group", name } as const;
    const folded = group?.folded ?? false;
    const data = { title: name, folded, members };
    if (!group || !folded) return { ...shared, classes: ["group", ...(near === "far" ? ["far"] : [])], data };
    const inside = members.flatMap((member) => scene.nodes[member] ?? []);
    return {
      ...shared,
      classes: ["folded", ...new Set(inside.flatMap((node) => [worst(node), problemClass(node)]).filter(Boolean))],
      data,
      picture: this.#drawn(group, () => groupPicture(name, members.length, colours, near)),
      at: middleOf(group, scene),
    };
  }
}

/** Name of a node -> the group that holds it; the first by name where several claim it. */
export function homesOf(scene: Scene): Map<string, SceneGroup> {
  const homes = new Map<string, SceneGroup>();
  for (const [name, group] of Object.entries(scene.groups).sort(([a], [b]) => (a < b ? -1 : 1))) {
    for (const member of group.members) {
      if (scene.nodes[member] && !homes.has(member)) homes.set(member, { ...group, name });
    }
  }
  return homes;
}

function groupsOf(scene: Scene, homes: ReadonlyMap<string, SceneGroup>): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const name of Object.keys(scene.nodes)) {
    const home = homes.get(name)?.name;
    if (home !== undefined) groups.set(home, [...(groups.get(home) ?? []), name]);
  }
  return groups;
}

/** Wires of a folded group end at its card; several between the same two become one. */
function edgesOf(scene: Scene, homes: ReadonlyMap<string, SceneGroup>): Planned[] {
  const end = (name: string): string | undefined => {
    if (!scene.nodes[name]) return undefined;
    const home = homes.get(name);
    return home?.folded ? ids.group(home.name) : ids.node(name);
  };
  const bundles = new Map<string, { source: string; target: string; edges: [string, SceneEdge][] }>();
  for (const [key, edge] of Object.entries(scene.edges)) {
    const [source, target] = [end(edge.source), end(edge.target)];
    if (source === undefined || target === undefined || source === target) continue;
    const bundle = JSON.stringify([source, target, edge.kind]);
    const known = bundles.get(bundle);
    if (known) known.edges.push([key, edge]);
    else bundles.set(bundle, { source, target, edges: [[key, edge]] });
  }
  return [...bundles.values()].flatMap(({ source, target, edges }) => {
    const [first] = edges;
    if (!first) return [];
    const states = edges.map(([, edge]) => edge.state);
    const state = states.includes("running") ? "running" : states.every((one) => one === "done") ? "done" : "";
    return [{
      id: ids.edge(first[0]),
      type: "edge" as const,
      name: first[0],
      classes: [first[1].kind, state].filter(Boolean),
      data: { keys: edges.map(([key]) => key) },
      source,
      target,
    }];
  });
}

function stateClass(node: SceneNode): string {
  return ["running", "done", "failed"].includes(node.state) ? node.state : "";
}

function worst(node: SceneNode): string {
  return node.state === "running" || node.state === "failed" ? node.state : "";
}

function problemClass(node: SceneNode): string {
  return node.problem === "error" ? "problem" : node.problem;
}

/** What dragging cards, notes and folded groups to these middles means for the scene: upper left corners. */
export function placesOf(scene: Scene, moved: ReadonlyMap<string, Spot>): {
  nodes: Record<string, [number, number]>;
  notes: Record<string, [number, number]>;
} {
  const nodes: Record<string, [number, number]> = {};
  const notes: Record<string, [number, number]> = {};
  for (const [id, at] of moved) {
    const [type, name] = [id.slice(0, id.indexOf(":")), id.slice(id.indexOf(":") + 1)];
    const note = type === "note" ? scene.notes[name] : undefined;
    const group = type === "group" ? scene.groups[name] : undefined;
    if (note) notes[name] = [Math.round(at.x - note.width / 2), Math.round(at.y - note.height / 2)];
    if (type === "n" && scene.nodes[name]) {
      nodes[name] = [Math.round(at.x - CARD.width / 2), Math.round(at.y - CARD.height / 2)];
    }
    if (group?.folded) {
      const was = middleOf(group, scene);
      for (const member of group.members) {
        const node = scene.nodes[member];
        if (node) nodes[member] = [Math.round(node.x + at.x - was.x), Math.round(node.y + at.y - was.y)];
      }
    }
  }
  return { nodes, notes };
}
