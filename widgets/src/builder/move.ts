/** Moving by drag and by arrow keys; each drag and each run of arrow keys is one step to undo. */
import type { NodeSingular } from "cytoscape";
import { boxOf, places, snap, type Deck } from "./deck";
import type { Direction, Places, Point } from "./placing";
import { ids } from "./stage";

/** Arrow keys that follow each other within this many milliseconds are one move. */
const PAUSE = 700;
const STEP = 20;

function spots(deck: Deck): Map<string, Point> {
  const found = new Map<string, Point>();
  for (const node of deck.stage.cy.nodes().toArray()) found.set(node.id(), { ...(node).position() });
  return found;
}

/** Tells Python what stands elsewhere than in `before`. */
function tell(deck: Deck, before: ReadonlyMap<string, Point>, fine: boolean, label: string): void {
  const scene = deck.stage.scene();
  const moved: Places = {};
  const round = (value: number): number => (fine ? Math.round(value) : snap(value));
  const { cy } = deck.stage;
  const shift = (node: NodeSingular): Point => {
    const was = before.get(node.id()) ?? node.position();
    return { x: node.position("x") - was.x, y: node.position("y") - was.y };
  };
  for (const one of cy.nodes().toArray()) {
    const node = one;
    const by = shift(node);
    if (Math.abs(by.x) < 0.5 && Math.abs(by.y) < 0.5) continue;
    const { on, id } = deck.targetOf(node);
    const box = boxOf(node);
    if (on === "card" && node.visible()) moved[id] = [round(box.x), round(box.y)];
    else if (on === "note") deck.ask("note", { id, x: round(box.x), y: round(box.y) });
    else if (on === "group" && scene.groups[id]?.folded) {
      for (const member of scene.groups[id].members) {
        const card = scene.nodes[member];
        if (card) moved[member] = [round(card.x + by.x), round(card.y + by.y)];
      }
    }
  }
  deck.move(moved, label);
}

export function dragging(deck: Deck): () => void {
  const { stage } = deck;
  let before: Map<string, Point> | undefined;
  let dropped = 0;
  let broken = false;
  const escaped = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || !before) return;
    broken = true;
    event.preventDefault();
    event.stopPropagation();
    stage.restore();
  };
  const listen = (): void => {
    const { cy } = stage;
    cy.on("grab", () => {
      before ??= spots(deck);
      broken = false;
    });
    cy.on("free", () => {
      // Every card of a drag is freed on its own; together they are one move.
      window.clearTimeout(dropped);
      dropped = window.setTimeout(finish);
    });
    cy.on("tapend", (event) => {
      fine = (event.originalEvent as MouseEvent | undefined)?.altKey ?? false;
    });
  };
  let fine = false;
  const finish = (): void => {
    const from = before;
    before = undefined;
    if (!from) return;
    if (broken) stage.restore();
    else tell(deck, from, fine, "move");
  };
  stage.root.addEventListener("keydown", escaped, true);
  listen();
  const end = stage.on("cy", listen);
  return () => {
    window.clearTimeout(dropped);
    stage.root.removeEventListener("keydown", escaped, true);
    end();
  };
}

const WAYS: Readonly<Record<Direction, readonly [number, number]>> = {
  left: [-1, 0],
  right: [1, 0],
  up: [0, -1],
  down: [0, 1],
};

export class Nudge {
  private before: Map<string, Point> | undefined;
  private timer = 0;
  private fine = false;

  constructor(private readonly deck: Deck) {}

  by(way: Direction, fine: boolean): void {
    const { cy } = this.deck.stage;
    if (this.before && this.fine !== fine) this.finish();
    this.before ??= spots(this.deck);
    this.fine = fine;
    const [x, y] = WAYS[way];
    const step = fine ? 1 : STEP;
    const chosen = this.deck.chosen();
    const notes = chosen.flatMap(({ on, id }) => (on === "note" ? [ids.note(id)] : []));
    const folded = chosen.flatMap(({ on, id }) => (on === "group" ? [ids.group(id)] : []));
    const cards = this.deck.members(chosen).map(ids.node);
    cy.batch(() => {
      for (const id of new Set([...notes, ...folded, ...cards])) {
        const node = cy.getElementById(id);
        // An open group stands where its cards stand.
        if (node.nonempty() && !node.isParent()) node.shift({ x: x * step, y: y * step });
      }
    });
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      this.finish();
    }, PAUSE);
  }

  finish(): void {
    window.clearTimeout(this.timer);
    const from = this.before;
    this.before = undefined;
    if (from) tell(this.deck, from, true, "move");
  }

  /** Whether keys have moved something that Python does not know yet. */
  get under(): boolean {
    return this.before !== undefined;
  }
}

/** Where the chosen cards stand now. */
export function placesOf(deck: Deck, names: readonly string[]): Places {
  return places(deck.cards().filter(({ id }) => names.includes(id)));
}
