/** Arranging the whole graph; only ever when asked, and one step to undo. */
import type { LayoutOptions, NodeSingular } from "cytoscape";
import { boxOf, CARD, snap, type Deck } from "./deck";
import { ALIGNMENTS, aligned, around, free, type Alignment, type Box, type Places } from "./placing";
import { ids } from "./stage";

const GAP = { column: 56, row: 28 } as const;

/** Lines the chosen cards up, or spreads them evenly. */
export function align(deck: Deck, how: Alignment): void {
  const names = deck.members(deck.chosen());
  const boxes = deck.cards().filter(({ id }) => names.includes(id));
  const known = ALIGNMENTS.find((one) => one.how === how);
  if (known && boxes.length >= known.least) deck.move(aligned(boxes, how), known.label);
}

/**
 * Services in the order of their flow from left to right, by dagre; engines below those that use them.
 *
 * The upper left corner stays where it is. Nothing moves before Python agrees.
 */
export function arrange(deck: Deck): void {
  const { cy } = deck.stage;
  const scene = deck.stage.scene();
  const role = (node: { data: (key: string) => unknown }): string => scene.nodes[String(node.data("name"))]?.role ?? "";
  // A folded group is laid out as the one card that it is.
  const folded = cy.nodes("[type='group']").filter((node) => node.hasClass("folded"));
  const shown = cy.nodes("[type='node']").filter((node) => node.visible());
  const laidOut = shown.filter((node) => role(node) === "service").union(folded);
  const before = [...deck.cards(), ...folded.map(boxOfGroup)];
  const start = around(before);
  if (!start) return;
  const wires = laidOut.edgesWith(laidOut);
  const was = new Map(shown.union(folded).map((node) => [node.id(), { ...(node as NodeSingular).position() }]));
  // The bundled type knows only cytoscape's own layouts.
  const options = {
    name: "dagre", rankDir: "LR", rankSep: GAP.column, nodeSep: GAP.row, fit: false, animate: false, ranker: "network-simplex",
  } as unknown as LayoutOptions;
  laidOut.union(wires).layout(options).run();
  const laid = laidOut.map((node) => (node.data("type") === "group" ? boxOfGroup(node as NodeSingular) : boxOf(node as NodeSingular)));
  cy.batch(() => {
    for (const node of shown.union(folded).toArray() as NodeSingular[]) node.position(was.get(node.id()) ?? node.position());
  });
  const engines = before.filter(({ id }) => scene.nodes[id]?.role === "engine");
  const moved = settled(laid, engines, Object.values(scene.edges), start);
  const cards: Places = {};
  for (const box of before) {
    const to = moved[box.id];
    if (!to || (to[0] === box.x && to[1] === box.y)) continue;
    const group = scene.groups[box.id.replace(/^group:/, "")];
    if (scene.nodes[box.id]) cards[box.id] = to;
    else for (const member of group?.members ?? []) {
      const node = scene.nodes[member];
      if (node) cards[member] = [node.x + to[0] - box.x, node.y + to[1] - box.y];
    }
  }
  const stand = before.map((box) => at(box, moved[box.id]));
  deck.move({ ...cards, ...aside(stand, Object.values(scene.notes)) }, "arrange");
}

function boxOfGroup(node: NodeSingular): Box {
  return { ...boxOf(node), id: ids.group(String(node.data("name"))) };
}

/** Notes that cards would cover now, put below all of it; the others stay. */
export function aside(cards: readonly Box[], notes: readonly Box[]): Places {
  const whole = around(cards);
  const covered = notes.filter((note) => free(cards, note, note).y !== note.y);
  const done = [...cards, ...notes.filter((note) => !covered.includes(note))];
  const moved: Places = {};
  for (const note of covered) {
    const wanted = { x: note.x, y: (whole?.y ?? 0) + (whole?.height ?? 0) + GAP.row };
    const to = free(done, wanted, note, GAP.row);
    done.push({ ...note, ...to });
    moved[`note:${note.id}`] = [snap(to.x), snap(to.y)];
  }
  return moved;
}

function at(box: Box, to: [number, number] | undefined): Box {
  return to ? { ...box, x: to[0], y: to[1] } : box;
}

/** Engines put below the services that use them, and all of it moved to where the graph began. */
export function settled(
  services: readonly Box[], engines: readonly Box[], wires: readonly { source: string; target: string }[], start: { x: number; y: number },
): Places {
  const done = [...services];
  const whole = around(services);
  const below = whole ? whole.y + whole.height + GAP.row : 0;
  for (const engine of engines) {
    const user = services.find(({ id }) => wires.some(({ source, target }) => source === id && target === engine.id));
    const wanted = { x: user?.x ?? whole?.x ?? 0, y: below };
    done.push({ ...engine, ...free(done, wanted, CARD, GAP.row) });
  }
  const corner = around(done);
  if (!corner) return {};
  return Object.fromEntries(
    done.map(({ id, x, y }) => [id, [snap(start.x + x - corner.x), snap(start.y + y - corner.y)] as [number, number]]),
  );
}
