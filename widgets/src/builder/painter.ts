/** Brings the canvas from what it shows to what the scene says, by the smallest change; it never lays anything out. */
import type { Core, EdgeSingular, ElementDefinition, EventObject, NodeSingular } from "cytoscape";
import type { Nearness } from "./card";
import { bendOf, type Bend } from "./geometry";
import { Pictures } from "./pictures";
import { Planner, type Planned } from "./plan";
import type { Scene } from "./scene";
import { ids } from "./stage";
import { stylesheet } from "./style";
import type { Colours } from "./theme";

/** Milliseconds in which a card shows where it went. */
const GLIDE = 150;
/** More cards than this jump: gliding would stutter. */
const GLIDERS = 60;

export class Painter {
  readonly #cy: Core;
  readonly #pictures: Pictures;
  readonly #planner = new Planner();
  readonly #still: () => boolean;
  #shown = new Map<string, Planned>();
  #colours: Colours | undefined;

  constructor(cy: Core, still: () => boolean) {
    this.#cy = cy;
    this.#still = still;
    this.#pictures = new Pictures(cy);
    cy.on("position", "node", this.#moved);
  }

  close(): void {
    this.#cy.off("position", "node", this.#moved);
  }

  paint(scene: Scene, colours: Colours, near: Nearness): void {
    const cy = this.#cy;
    if (colours !== this.#colours) {
      this.#colours = colours;
      (cy.style() as unknown as { fromJson: (rules: object) => { update: () => void } })
        .fromJson(stylesheet(colours))
        .update();
    }
    const planned = this.#planner.plan(scene, colours, near);
    const pictures = new Map<string, string>();
    const gliding: { node: NodeSingular; to: { x: number; y: number } }[] = [];
    cy.batch(() => {
      this.#remove(planned);
      this.#add(planned, pictures);
      for (const [id, element] of planned) {
        const before = this.#shown.get(id);
        if (before) this.#change(before, element, pictures, gliding);
      }
      this.#choose(scene, planned);
    });
    this.#shown = planned;
    this.#pictures.show(pictures);
    this.#go(gliding);
  }

  /** Every card where the scene has it. */
  restore(): void {
    const gliding = [...this.#shown.values()].flatMap(({ id, at }) => {
      const node = this.#cy.getElementById(id);
      return at && apart(node.position(), at) ? [{ node, to: at }] : [];
    });
    this.#go(gliding);
  }

  #remove(planned: ReadonlyMap<string, Planned>): void {
    const gone: string[] = [];
    for (const [id, before] of this.#shown) {
      const now = planned.get(id);
      // Neither a wire's ends nor a card's kind of body change in place.
      if (now && now.source === before.source && now.target === before.target && now.parent === before.parent && now.classes[0] === before.classes[0]) continue;
      gone.push(id);
    }
    if (gone.length === 0) return;
    // A parent that goes would take its cards along: they come first, and are put up again.
    let elements = this.#cy.collection();
    for (const id of gone) elements = elements.union(this.#cy.getElementById(id));
    const all = elements.union(elements.connectedEdges()).union(elements.descendants());
    for (const id of all.union(all.connectedEdges()).map((element) => element.id())) {
      this.#shown.delete(id);
      this.#pictures.gone(id);
      this.#cy.getElementById(id).remove();
    }
  }

  #add(planned: ReadonlyMap<string, Planned>, pictures: Map<string, string>): void {
    const made: ElementDefinition[] = [];
    for (const element of planned.values()) {
      if (this.#shown.has(element.id)) continue;
      made.push(definition(element, bendOfNew(element, planned)));
      if (element.picture !== undefined) pictures.set(element.id, element.picture);
    }
    if (made.length > 0) this.#cy.add(made);
  }

  #change(
    before: Planned,
    now: Planned,
    pictures: Map<string, string>,
    gliding: { node: NodeSingular; to: { x: number; y: number } }[],
  ): void {
    if (now.picture !== undefined && now.picture !== before.picture) pictures.set(now.id, now.picture);
    const element = this.#cy.getElementById(now.id);
    const taken = before.classes.filter((name) => !now.classes.includes(name));
    const given = now.classes.filter((name) => !before.classes.includes(name));
    if (taken.length > 0) element.removeClass(taken.join(" "));
    if (given.length > 0) element.addClass(given.join(" "));
    if (JSON.stringify(before.data) !== JSON.stringify(now.data)) element.data({ ...now.data });
    if (now.at && !element.grabbed() && apart(element.position(), now.at)) gliding.push({ node: element, to: now.at });
  }

  /** The scene says what is selected of cards; notes, wires and open groups are the gestures' own. */
  #choose(scene: Scene, planned: ReadonlyMap<string, Planned>): void {
    const chosen = new Set(scene.selected.map(ids.node));
    for (const { id, type, data } of planned.values()) {
      if (type !== "node" && !(type === "group" && data.folded)) continue;
      const members = type === "group" ? (data.members as readonly string[]) : [];
      const is = chosen.has(id) || (members.length > 0 && members.every((name) => chosen.has(ids.node(name))));
      const element = this.#cy.getElementById(id);
      if (element.hasClass("chosen") !== is) element.toggleClass("chosen", is);
    }
  }

  #go(gliding: readonly { node: NodeSingular; to: { x: number; y: number } }[]): void {
    if (gliding.length === 0) return;
    if (this.#still() || gliding.length > GLIDERS) {
      this.#cy.batch(() => {
        for (const { node, to } of gliding) node.stop().position(to);
      });
      return;
    }
    for (const { node, to } of gliding) {
      node.stop().animate({ position: to }, { duration: GLIDE, easing: "ease-out" });
    }
  }

  readonly #moved = (event: EventObject): void => {
    const node = event.target as NodeSingular;
    this.#bend(node.connectedEdges(".flow").toArray());
  };

  #bend(edges: readonly EdgeSingular[]): void {
    this.#cy.batch(() => {
      for (const edge of edges) {
        if (!edge.hasClass("flow")) continue;
        const bend = bendOf(edge.source().position(), edge.target().position());
        if (bend && (bend.bends !== edge.data("bends") || bend.weights !== edge.data("weights"))) edge.data(bend);
        if (edge.hasClass("bent") !== Boolean(bend)) edge.toggleClass("bent", Boolean(bend));
      }
    });
  }
}

function apart(a: { x: number; y: number }, b: { x: number; y: number }): boolean {
  return Math.abs(a.x - b.x) > 0.5 || Math.abs(a.y - b.y) > 0.5;
}

/** Known before the wire is drawn: to bend it afterwards costs a large pipeline as much as to add it. */
function bendOfNew({ classes, source, target }: Planned, planned: ReadonlyMap<string, Planned>): Bend | undefined {
  if (source === undefined || target === undefined || !classes.includes("flow")) return undefined;
  const [from, to] = [planned.get(source)?.at, planned.get(target)?.at];
  return from && to && bendOf(from, to);
}

function definition(element: Planned, bend: Bend | undefined): ElementDefinition {
  const { id, type, name, classes, data, at, parent, source, target } = element;
  return {
    group: type === "edge" ? "edges" : "nodes",
    data: {
      ...data,
      id,
      type,
      name,
      ...(parent === undefined ? {} : { parent }),
      ...(source === undefined ? {} : { source, target }),
      ...bend,
    },
    classes: bend ? [...classes, "bent"] : [...classes],
    ...(at ? { position: { ...at } } : {}),
    ...(type === "group" && !data.folded ? { selectable: false } : {}),
  };
}
