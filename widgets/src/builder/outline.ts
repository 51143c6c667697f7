/** The graph as a list for screen readers: the canvas has the keyboard, the list tells where it stands. */
import { element, setText } from "../dom";
import type { Deck, Target } from "./deck";
import { standing, walk } from "./select";

export function outline(deck: Deck): () => void {
  const { stage } = deck;
  const { box } = stage;
  const list = element("ul", "opea-live opea-outline", "", {
    role: "listbox", id: `opea-outline-${stage.view}`, "aria-multiselectable": "true",
  });
  box.tabIndex = 0;
  // Screen readers then leave the keys to the canvas.
  box.setAttribute("role", "application");
  box.setAttribute("aria-roledescription", "pipeline canvas");
  box.setAttribute("aria-owns", list.id);
  let timer = 0;

  const draw = (): void => {
    timer = 0;
    const scene = stage.scene();
    const targets = walk(deck);
    const label = `Pipeline ${scene.pipeline}: ${count(Object.keys(scene.nodes).length, "card")}, ${count(Object.keys(scene.edges).length, "connection")}. Press question mark for the keys.`;
    if (box.getAttribute("aria-label") !== label) box.setAttribute("aria-label", label);
    list.setAttribute("aria-label", `Pipeline ${scene.pipeline} in the order of its flow`);
    while (list.children.length > targets.length) list.lastChild?.remove();
    targets.forEach((target, at) => {
      const item = list.children[at] ?? list.appendChild(element("li", "", "", { role: "option", id: `${list.id}-${at}` }));
      setText(item, told(deck, target));
    });
    mark(targets);
  };
  const mark = (targets = walk(deck)): void => {
    const chosen = deck.chosen();
    const here = standing(deck);
    let current = "";
    targets.forEach(({ on, id }, at) => {
      const item = list.children[at];
      if (!item) return;
      item.setAttribute("aria-selected", String(chosen.some((one) => one.on === on && one.id === id)));
      if (here?.on === on && here.id === id) current = item.id;
    });
    if (current) box.setAttribute("aria-activedescendant", current);
    else box.removeAttribute("aria-activedescendant");
  };
  const later = (): void => {
    if (timer === 0) timer = window.setTimeout(draw, 60);
  };
  const listen = (): void => {
    stage.cy.on("select unselect", later);
  };
  stage.layer.append(list);
  listen();
  draw();
  const ends = [stage.on("scene", later), stage.on("cy", listen)];
  return () => {
    window.clearTimeout(timer);
    for (const end of ends) end();
    list.remove();
  };
}

/** One thing in one sentence. */
export function told(deck: Deck, { on, id }: Target): string {
  const scene = deck.stage.scene();
  if (on === "card") {
    const summary = scene.nodes[id]?.summary;
    if (summary) return summary;
    return id;
  }
  if (on === "note") return `note: ${scene.notes[id]?.text ?? ""}`;
  const group = scene.groups[id];
  return `group ${id}, ${group?.folded ? "folded, " : ""}holds ${group?.members.join(", ") ?? "nothing"}`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
