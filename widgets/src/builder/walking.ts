/** The order in which the keyboard and a screen reader go through the graph: as the data flow. */
import type { Point } from "./placing";

export interface Standing extends Point {
  id: string;
}

export interface Link {
  source: string;
  target: string;
}

/**
 * All names, each after those it waits for; part by part from the top, and from the left where the flow leaves it open.
 *
 * A ring (which only a text edited by hand can hold) is entered at its leftmost card.
 */
export function flowOrder(nodes: readonly Standing[], links: readonly Link[]): string[] {
  const known = new Map(nodes.map((node) => [node.id, node]));
  const after = new Map<string, string[]>(nodes.map((node) => [node.id, []]));
  const before = new Map<string, string[]>(nodes.map((node) => [node.id, []]));
  for (const { source, target } of links) {
    if (!known.has(source) || !known.has(target)) continue;
    after.get(source)?.push(target);
    before.get(target)?.push(source);
  }
  const byPlace = (a: Standing, b: Standing): number => a.x - b.x || a.y - b.y || (a.id < b.id ? -1 : 1);
  const order: string[] = [];
  for (const part of parts(nodes, after, before)) {
    const waits = new Map(part.map((node) => [node.id, before.get(node.id)?.length ?? 0]));
    const left = new Set(part);
    let ready = part.filter((node) => waits.get(node.id) === 0);
    while (left.size > 0) {
      const next = (ready.length > 0 ? ready : [...left]).sort(byPlace)[0];
      if (!next) break;
      left.delete(next);
      ready = ready.filter((node) => node !== next);
      order.push(next.id);
      for (const id of after.get(next.id) ?? []) {
        const rest = (waits.get(id) ?? 0) - 1;
        waits.set(id, rest);
        const node = known.get(id);
        if (node && rest === 0 && left.has(node)) ready.push(node);
      }
    }
  }
  return order;
}

function parts(nodes: readonly Standing[], after: Map<string, string[]>, before: Map<string, string[]>): Standing[][] {
  const known = new Map(nodes.map((node) => [node.id, node]));
  const seen = new Set<string>();
  const found: Standing[][] = [];
  for (const node of nodes) {
    if (seen.has(node.id)) continue;
    const part: Standing[] = [];
    const open = [node.id];
    seen.add(node.id);
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      const here = known.get(id);
      if (here) part.push(here);
      for (const next of [...(after.get(id) ?? []), ...(before.get(id) ?? [])]) {
        if (seen.has(next)) continue;
        seen.add(next);
        open.push(next);
      }
    }
    found.push(part);
  }
  const top = (part: Standing[]): number => Math.min(...part.map((node) => node.y));
  const left = (part: Standing[]): number => Math.min(...part.map((node) => node.x));
  return found.sort((a, b) => top(a) - top(b) || left(a) - left(b));
}

/** The one after (or before) the current one; none at the end, where the Tab key leaves the graph. */
export function step(order: readonly string[], current: string, back: boolean): string | undefined {
  const at = order.indexOf(current);
  if (at < 0) return back ? order.at(-1) : order[0];
  return back ? order[at - 1] : order[at + 1];
}
