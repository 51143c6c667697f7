/** What a few typed letters find among the components. */

export interface Kind {
  title: string;
  group: string;
  help: string;
}

export interface Choice {
  kind: string;
  title: string;
  group: string;
  help: string;
  /** Why it does not fit here; empty when it does. */
  why: string;
}

/** Those found, best first; those that do not fit after all that do. */
export function found(
  catalog: Readonly<Record<string, Kind>>,
  query: string,
  fits?: readonly { kind: string; why: string }[],
): Choice[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const why = new Map(fits?.map((fit) => [fit.kind, fit.why]));
  const scored: { choice: Choice; score: number }[] = [];
  for (const kind of fits ? why.keys() : Object.keys(catalog)) {
    const entry = catalog[kind];
    if (!entry) continue;
    const { title, group, help } = entry;
    const score = rank(words, title, kind, group, help);
    if (score < 0) continue;
    scored.push({ choice: { kind, title, group, help, why: why.get(kind) ?? "" }, score });
  }
  // Equal ones stay in the order of what fits best, or the catalogue's.
  scored.sort((a, b) => Number(a.choice.why !== "") - Number(b.choice.why !== "") || b.score - a.score);
  return scored.map(({ choice }) => choice);
}

/** Higher is nearer; -1 when a word is in none of its texts. */
export function rank(words: readonly string[], ...texts: string[]): number {
  let score = 0;
  for (const word of words) {
    let best = -1;
    texts.forEach((text, at) => {
      const place = text.toLowerCase().indexOf(word);
      if (place < 0) return;
      const start = place === 0 ? 4 : /[\s_-]/.test(text[place - 1] ?? "") ? 3 : 1;
      const exact = text.length === word.length ? 4 : 0;
      best = Math.max(best, (start + exact) * 10 - at * 2);
    });
    if (best < 0) return -1;
    score += best;
  }
  return score;
}
