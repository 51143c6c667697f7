/** Adding at a place of the canvas, and connecting by the keyboard: both ask with a search. */
import { openChooser, type Option } from "./chooser";
import { CARD, type Deck } from "./deck";
import { found } from "./finding";
import { rank } from "./finding";
import { free, type Point } from "./placing";
import type { Fits } from "./scene";
import { walk } from "./select";

/** Asks what to add at a point of the window; with `from`, what the wire from there can lead to. */
export function quickAdd(deck: Deck, at: Point, from = ""): void {
  const { catalog } = deck.stage;
  let fits: Fits | undefined;
  const place = deck.place(at);
  const find = (query: string): Option[] => {
    if (from && !fits) return [];
    return found(catalog, query, fits?.kinds).map(({ kind, title, group, help, why }) => ({
      id: kind, title, line: help || group, icon: catalog[kind]?.icon ?? "", hue: catalog[kind]?.hue ?? 7, why,
    }));
  };
  const chooser = openChooser(deck.layers, at, {
    label: from ? `Add what ${from} leads to` : "Add",
    placeholder: from ? `${from} → …` : "Search components",
    find,
    waiting: "looking for what fits …",
    choose: (kind) => {
      // A wire's end is the left edge of what it leads to.
      const spot = from ? { x: place.x + CARD.width / 2, y: place.y } : free(deck.cards(), place, CARD);
      deck.keepView();
      deck.ask("add", { kind, x: spot.x, y: spot.y, ...(from ? { from } : {}) });
    },
  });
  if (!from) return;
  void deck.fits(from).then((answer) => {
    fits = answer;
    chooser.renew();
  });
}

/** Shows on the cards which ones a wire from `source` can end at. */
export function light(deck: Deck, source: string, fits: Fits | undefined): void {
  const { cy } = deck.stage;
  cy.batch(() => {
    for (const node of cy.nodes("[type='node']").toArray()) {
      const name = String(node.data("name"));
      const fit = fits?.targets[name] === "";
      node.toggleClass("lit", fits !== undefined && fit);
      node.toggleClass("dimmed", fits !== undefined && !fit && name !== source);
      node.removeClass("target");
    }
  });
}

export function unlight(deck: Deck): void {
  const { cy } = deck.stage;
  cy.batch(() => cy.elements().removeClass("lit dimmed target"));
}

/** The keyboard's wire: all other cards, those that fit first, the others with the reason. */
export function quickConnect(deck: Deck, source: string): void {
  const { stage } = deck;
  let fits: Fits | undefined;
  const find = (query: string): Option[] => {
    if (!fits) return [];
    const { targets } = fits;
    const { nodes } = stage.scene();
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    return walk(deck)
      .flatMap(({ on, id }) => (on === "card" && id in targets ? [nodes[id]].filter((node) => node !== undefined) : []))
      .map((node) => ({ node, score: rank(words, node.id, node.kind), why: targets[node.id] ?? "" }))
      .filter(({ score }) => score >= 0)
      .sort((a, b) => Number(a.why !== "") - Number(b.why !== "") || b.score - a.score)
      .map(({ node, why }) => ({ id: node.id, title: node.id, line: node.line, icon: node.icon, hue: node.hue, why }));
  };
  const chooser = openChooser(deck.layers, deck.beside({ on: "card", id: source }), {
    label: `Connect ${source} to`,
    placeholder: `${source} → …`,
    find,
    waiting: "looking for what fits …",
    regard: (id) => {
      stage.cy.elements().removeClass("target");
      if (id) deck.find({ on: "card", id })?.addClass("target");
    },
    choose: (target) => {
      deck.ask("connect", { source, target });
    },
    closed: () => {
      unlight(deck);
    },
  });
  void deck.fits(source).then((answer) => {
    fits = answer;
    if (!chooser.element.isConnected) return;
    light(deck, source, answer);
    chooser.renew();
  });
}
