/** Where things of a scene lie, and how wires bend between them. */
import { CARD } from "./card";
import type { Scene, SceneGroup } from "./scene";

export interface Spot {
  x: number;
  y: number;
}

export interface Area {
  x1: number;
  y1: number;
  x2: number;
  y2: number;
}

/** The canvas places things by their middle, the scene by their upper left corner. */
export function middle(corner: Spot): Spot {
  return { x: corner.x + CARD.width / 2, y: corner.y + CARD.height / 2 };
}

export function corner(middle: Spot): [number, number] {
  return [Math.round(middle.x - CARD.width / 2), Math.round(middle.y - CARD.height / 2)];
}

/** Where a folded group's card stands: in the middle of what it holds. */
export function middleOf(group: SceneGroup, scene: Scene): Spot {
  const area = around(group.members.flatMap((member) => {
    const node = scene.nodes[member];
    return node ? [{ x1: node.x, y1: node.y, x2: node.x + CARD.width, y2: node.y + CARD.height }] : [];
  }));
  return area ? { x: Math.round((area.x1 + area.x2) / 2), y: Math.round((area.y1 + area.y2) / 2) } : { x: 0, y: 0 };
}

/** All that a scene shows; nothing for an empty one. */
export function areaOf(scene: Scene): Area | undefined {
  const cards = Object.values(scene.nodes).map(({ x, y }) => ({ x1: x, y1: y, x2: x + CARD.width, y2: y + CARD.height }));
  const notes = Object.values(scene.notes).map(({ x, y, width, height }) => ({ x1: x, y1: y, x2: x + width, y2: y + height }));
  return around([...cards, ...notes]);
}

export function around(areas: readonly Area[]): Area | undefined {
  if (areas.length === 0) return undefined;
  const far: Area = { x1: Infinity, y1: Infinity, x2: -Infinity, y2: -Infinity };
  for (const area of areas) {
    far.x1 = Math.min(far.x1, area.x1);
    far.y1 = Math.min(far.y1, area.y1);
    far.x2 = Math.max(far.x2, area.x2);
    far.y2 = Math.max(far.y2, area.y2);
  }
  return far;
}

/** Control points as cytoscape counts them: along the line between the middles, and away from it. */
export interface Bend {
  weights: string;
  bends: string;
}

/** Wires leave and arrive level, in an S; none for one that is straight anyway. */
export function bendOf(source: Spot, target: Spot): Bend | undefined {
  const dx = target.x - source.x;
  const dy = target.y - source.y;
  const gap = dx - CARD.width;
  if (Math.abs(dy) < 2 && gap > 0) return undefined;
  const reach = gap > 0 ? Math.max(gap / 2, 24) : Math.min(28 - gap / 5, 90);
  const out = CARD.width / 2 + reach;
  const square = dx * dx + dy * dy || 1;
  const length = Math.sqrt(square);
  const at = (x: number, y: number): [number, number] => [(x * dx + y * dy) / square, (y * dx - x * dy) / length];
  // A wire that runs back passes beside the cards, not across them.
  const aside = gap <= 0 && Math.abs(dy) < CARD.height ? CARD.height * 1.3 : 0;
  const points = [at(out, aside), at(dx - out, dy + aside)];
  return {
    weights: points.map(([along]) => round(along)).join(" "),
    bends: points.map(([, away]) => round(away)).join(" "),
  };
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
