/** The first open: three templates and "start empty" in place of a void. */
import { element } from "../dom";
import type { Deck } from "./deck";

export function empty(deck: Deck): () => void {
  const { stage } = deck;
  const sheet = element("div", "opea-empty", "", { role: "group", "aria-label": "Begin" });
  let dismissed = false;
  let shown = "";

  const draw = (): void => {
    const scene = stage.scene();
    const bare = Object.keys(scene.nodes).length === 0 && Object.keys(scene.notes).length === 0;
    if (!bare) dismissed = false;
    const wanted = bare && !dismissed;
    if (!wanted && sheet.contains(document.activeElement)) deck.focus();
    sheet.hidden = !wanted;
    const content = JSON.stringify(scene.templates);
    if (!wanted || content === shown) return;
    shown = content;
    const cards = element("div", "opea-templates");
    for (const { name, title, line } of scene.templates) {
      const card = element("button", "opea-template", "", { type: "button" });
      card.append(element("b", "", title), element("span", "", line));
      card.addEventListener("click", () => {
        deck.focus();
        deck.ask("template", { name });
      });
      cards.append(card);
    }
    const start = element("button", "opea-start-empty", "Start empty", { type: "button" });
    start.addEventListener("click", () => {
      dismissed = true;
      draw();
      deck.focus();
      const how = "Drag a component here, double-click, or press A. Press ? for all keys.";
      deck.hint(how, deck.middle());
      deck.say(how);
    });
    sheet.replaceChildren(
      element("p", "", "Begin with a template"),
      cards,
      start,
      element("p", "opea-empty-how", "or drag a component or a pipeline's file here"),
    );
  };
  const quiet = (event: Event): void => {
    if (event.target !== sheet) event.stopPropagation();
  };
  for (const kind of ["mousedown", "touchstart", "dblclick"]) sheet.addEventListener(kind, quiet, { passive: true });
  stage.layer.append(sheet);
  draw();
  const end = stage.on("scene", draw);
  return () => {
    end();
    sheet.remove();
  };
}
