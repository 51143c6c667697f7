/** The menu of a card, a wire, a note, a group, several of them or the ground. */
import { align } from "./arrange";
import { run } from "./commands";
import { GROUND, type Deck, type Target } from "./deck";
import { COMMANDS, named, type CommandName, type Thing } from "./keymap";
import { openMenu, type Item } from "./menu";
import { ALIGNMENTS, type Point } from "./placing";
import { choose } from "./select";

const WORDS: Readonly<Partial<Record<Thing, string>>> = { card: "", several: "", edge: "wire", note: "note", group: "group", ground: "canvas" };

/** Opens at a point of the window, on what is there or on all that is chosen with it. */
export function openContext(deck: Deck, target: Target, at: Point): void {
  const chosen = deck.chosen();
  const among = chosen.some(({ on, id }) => on === target.on && id === target.id);
  if (target.on !== "ground" && !among) choose(deck, [target]);
  const targets = target.on === "ground" ? [] : among ? chosen : [target];
  const thing: Thing = targets.length > 1 ? "several" : target.on;
  openMenu(deck.layers, at, labelOf(thing, targets), parts(deck, thing, targets, at));
}

function labelOf(thing: Thing, targets: readonly Target[]): string {
  if (thing === "several") return `${targets.length} selected`;
  return [WORDS[thing], targets[0]?.id].filter(Boolean).join(" ");
}

function parts(deck: Deck, thing: Thing, targets: readonly Target[], at: Point): Item[][] {
  const sections = new Map<string, Item[]>();
  for (const command of COMMANDS) {
    if (!command.on.includes(thing)) continue;
    const item: Item = {
      label: label(deck, command.name, thing),
      keys: command.keys,
      run: () => {
        run(deck, command.name, { targets, at });
      },
      ...off(deck, command.name),
    };
    sections.set(command.section, [...(sections.get(command.section) ?? []), item]);
  }
  return [...sections.values(), ...(thing === "card" ? [wires(deck, targets[0] ?? GROUND), groups(deck, targets)] : []), lines(deck, targets)];
}

function label(deck: Deck, name: CommandName, thing: Thing): string {
  const scene = deck.stage.scene();
  if (name === "undo" && scene.undo) return `Undo: ${scene.undo}`;
  if (name === "redo" && scene.redo) return `Redo: ${scene.redo}`;
  if (name === "rename" && thing === "note") return "Edit";
  if (name === "delete" && thing === "group") return "Delete with its cards";
  return named(name).label;
}

function off(deck: Deck, name: CommandName): { off?: string } {
  const scene = deck.stage.scene();
  if (name === "undo" && !scene.undo) return { off: "nothing to undo" };
  if (name === "redo" && !scene.redo) return { off: "nothing to redo" };
  if (["clear", "all", "arrange"].includes(name) && Object.keys(scene.nodes).length === 0) return { off: "the canvas is empty" };
  return {};
}

/** The keyboard's way to take a single wire away. */
function wires(deck: Deck, { id }: Target): Item[] {
  return Object.values(deck.stage.scene().edges)
    .filter(({ source, target }) => source === id || target === id)
    .map(({ source, target }) => ({
      label: source === id ? `Disconnect from ${target}` : `Disconnect ${source} from it`,
      run: () => {
        deck.ask("disconnect", { edges: [[source, target]] });
      },
    }));
}

function groups(deck: Deck, targets: readonly Target[]): Item[] {
  const names = deck.members(targets);
  return Object.values(deck.stage.scene().groups)
    .filter(({ members }) => members.some((one) => names.includes(one)))
    .flatMap(({ name, folded }) => [
      {
        label: folded ? `Unfold ${name}` : `Fold ${name}`,
        keys: named("fold").keys,
        run: () => {
          deck.ask("fold", { name, folded: !folded });
        },
      },
      {
        label: `Ungroup ${name}`,
        keys: named("ungroup").keys,
        run: () => {
          deck.ask("ungroup", { name });
        },
      },
    ]);
}

function lines(deck: Deck, targets: readonly Target[]): Item[] {
  const several = deck.members(targets).length;
  return ALIGNMENTS.filter(({ least }) => several >= least && targets.length > 1).map(({ how, label: words }) => ({
    label: words.charAt(0).toUpperCase() + words.slice(1),
    run: () => {
      align(deck, how);
    },
  }));
}

export function context(deck: Deck): () => void {
  const { stage } = deck;
  let under: Target = GROUND;
  const listen = (): void => {
    stage.cy.on("cxttapstart", (event) => {
      under = deck.targetOf(event.target);
    });
  };
  const opened = (event: MouseEvent): void => {
    if (!(event.target instanceof Node)) return;
    const here = stage.box.contains(event.target) || stage.layer.contains(event.target);
    if (!here || (event.target instanceof Element && event.target.closest("input, textarea"))) return;
    event.preventDefault();
    event.stopPropagation();
    // The menu key has no place of its own: it speaks of what is chosen.
    if (event.button !== 2) run(deck, "menu", { targets: deck.chosen() });
    else openContext(deck, under, { x: event.clientX, y: event.clientY });
    under = GROUND;
  };
  stage.root.addEventListener("contextmenu", opened);
  listen();
  const end = stage.on("cy", listen);
  return () => {
    end();
    stage.root.removeEventListener("contextmenu", opened);
  };
}
