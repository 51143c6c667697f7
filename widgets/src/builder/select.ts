/** Choosing by click, box and keyboard; what is chosen is Python's, and the same in all views. */
import type { Deck, Target } from "./deck";
import { flowOrder } from "./walking";

/** Chooses these and nothing else. */
export function choose(deck: Deck, targets: readonly Target[]): void {
  const { cy } = deck.stage;
  cy.batch(() => {
    cy.elements().unselect();
    for (const target of targets) deck.find(target)?.select();
  });
  deck.at = targets.at(-1) ?? { on: "ground", id: "" };
}

/** All that the keyboard can stand on: cards as the data flow, then notes, then groups. */
export function walk(deck: Deck): Target[] {
  const scene = deck.stage.scene();
  const cards = flowOrder(Object.values(scene.nodes), Object.values(scene.edges));
  const all: Target[] = [
    ...cards.map((id): Target => ({ on: "card", id })),
    ...Object.keys(scene.notes).map((id): Target => ({ on: "note", id })),
    ...Object.keys(scene.groups).map((id): Target => ({ on: "group", id })),
  ];
  // What a folded group hides cannot be stood on.
  return all.filter((target) => deck.find(target)?.visible() ?? false);
}

/** Where the keyboard stands now; what was chosen elsewhere counts too. */
export function standing(deck: Deck): Target | undefined {
  const chosen = deck.chosen();
  const same = chosen.find(({ on, id }) => on === deck.at.on && id === deck.at.id);
  return same ?? chosen[0];
}

export function selecting(deck: Deck): () => void {
  const { stage } = deck;
  let asking = 0;
  let timer = 0;
  let following = false;

  const tell = (): void => {
    timer = 0;
    const names = deck.chosenCards();
    const before = stage.scene().selected;
    if (names.length === before.length && names.every((name) => before.includes(name))) return;
    asking += 1;
    void stage.send("select", { names }).then(() => {
      asking -= 1;
      if (asking === 0) follow();
    });
  };
  const changed = (): void => {
    if (!following && timer === 0) timer = window.setTimeout(tell);
  };
  // Choices that Python has not answered yet are newer than the scene's.
  const follow = (): void => {
    if (asking > 0 || timer !== 0) return;
    const { selected } = stage.scene();
    const now = deck.chosenCards();
    if (selected.length === now.length && selected.every((name) => now.includes(name))) return;
    following = true;
    choose(deck, selected.map((id): Target => ({ on: "card", id })));
    following = false;
  };
  const listen = (): void => {
    const { cy } = stage;
    cy.autounselectify(false);
    cy.boxSelectionEnabled(true);
    cy.selectionType("single");
    cy.on("select unselect", changed);
    cy.on("tapstart", (event) => {
      deck.at = deck.targetOf(event.target);
    });
    follow();
  };
  // Cytoscape takes the keyboard away from everything on a press: give it to the canvas after that.
  const pressed = (event: Event): void => {
    if (event.target instanceof Node && stage.box.contains(event.target) && event.target !== document.activeElement) {
      const typing = event.target instanceof HTMLElement && event.target.closest("input, textarea, button");
      if (!typing) deck.focus();
    }
  };
  stage.root.addEventListener("mousedown", pressed);
  listen();
  const ends = [stage.on("scene", follow), stage.on("cy", listen)];
  return () => {
    window.clearTimeout(timer);
    stage.root.removeEventListener("mousedown", pressed);
    for (const end of ends) end();
    stage.cy.off("select unselect", "", changed);
  };
}
