/** Where things stand: lining up, spreading out, and what lies next in a direction. Nothing here draws. */

export interface Point {
  x: number;
  y: number;
}

/** A thing with a place: upper left corner and size. */
export interface Box extends Point {
  id: string;
  width: number;
  height: number;
}

export type Places = Record<string, [number, number]>;
export type Direction = "left" | "right" | "up" | "down";
export type Alignment = "left" | "right" | "top" | "bottom" | "centre" | "middle" | "across" | "down";

/** How many things each alignment needs before it changes anything, and how undo names it. */
export const ALIGNMENTS: readonly { how: Alignment; label: string; least: number }[] = [
  { how: "left", label: "align left", least: 2 },
  { how: "centre", label: "align centre", least: 2 },
  { how: "right", label: "align right", least: 2 },
  { how: "top", label: "align top", least: 2 },
  { how: "middle", label: "align middle", least: 2 },
  { how: "bottom", label: "align bottom", least: 2 },
  { how: "across", label: "distribute across", least: 3 },
  { how: "down", label: "distribute down", least: 3 },
];

/** The smallest box around all of them; none around nothing. */
export function around(boxes: readonly Box[]): Box | undefined {
  if (boxes.length === 0) return undefined;
  const x = Math.min(...boxes.map((box) => box.x));
  const y = Math.min(...boxes.map((box) => box.y));
  const right = Math.max(...boxes.map((box) => box.x + box.width));
  const bottom = Math.max(...boxes.map((box) => box.y + box.height));
  return { id: "", x, y, width: right - x, height: bottom - y };
}

/** The new places of those that move. */
export function aligned(boxes: readonly Box[], how: Alignment): Places {
  const all = around(boxes);
  if (!all) return {};
  const moved: Places = {};
  const put = (box: Box, x: number, y: number): void => {
    if (Math.abs(x - box.x) > 0.01 || Math.abs(y - box.y) > 0.01) moved[box.id] = [round(x), round(y)];
  };
  if (how === "across" || how === "down") {
    const [start, size] = how === "across" ? (["x", "width"] as const) : (["y", "height"] as const);
    const row = [...boxes].sort((a, b) => a[start] + a[size] / 2 - (b[start] + b[size] / 2));
    const free = all[size] - row.reduce((sum, box) => sum + box[size], 0);
    let at = all[start];
    for (const box of row) {
      put(box, how === "across" ? at : box.x, how === "down" ? at : box.y);
      at += box[size] + free / Math.max(1, row.length - 1);
    }
    return moved;
  }
  for (const box of boxes) {
    const right = all.x + all.width - box.width;
    const bottom = all.y + all.height - box.height;
    if (how === "left") put(box, all.x, box.y);
    else if (how === "right") put(box, right, box.y);
    else if (how === "centre") put(box, (all.x + right) / 2, box.y);
    else if (how === "top") put(box, box.x, all.y);
    else if (how === "bottom") put(box, box.x, bottom);
    else put(box, box.x, (all.y + bottom) / 2);
  }
  return moved;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/**
 * The nearest of the boxes that lies in a direction: its centre beyond the centre of `from`, and more that way than
 * sideways if any is. What is off to the side counts as twice as far.
 */
export function nearest(boxes: readonly Box[], from: Box, direction: Direction): string | undefined {
  const [cx, cy] = [from.x + from.width / 2, from.y + from.height / 2];
  let best: { id: string; far: number } | undefined;
  for (const box of boxes) {
    if (box.id === from.id) continue;
    const dx = box.x + box.width / 2 - cx;
    const dy = box.y + box.height / 2 - cy;
    const [ahead, aside] =
      direction === "left" ? [-dx, dy] : direction === "right" ? [dx, dy] : direction === "up" ? [-dy, dx] : [dy, dx];
    if (ahead <= 0.5) continue;
    const beside = Math.abs(aside) > ahead ? 10_000 : 0;
    const far = ahead + 2 * Math.abs(aside) + beside;
    if (!best || far < best.far) best = { id: box.id, far };
  }
  return best?.id;
}

/** The first box under a point; later ones lie on top. */
export function under(boxes: readonly Box[], point: Point, margin = 0): Box | undefined {
  return [...boxes].reverse().find(
    (box) =>
      point.x >= box.x - margin &&
      point.x <= box.x + box.width + margin &&
      point.y >= box.y - margin &&
      point.y <= box.y + box.height + margin,
  );
}

/** A free place at or below `at`, so that a new card never hides another. */
export function free(boxes: readonly Box[], at: Point, size: { width: number; height: number }, gap = 16): Point {
  const place = { ...at };
  const hides = (box: Box): boolean =>
    place.x < box.x + box.width && place.x + size.width > box.x && place.y < box.y + box.height && place.y + size.height > box.y;
  for (let hit = boxes.find(hides); hit; hit = boxes.find(hides)) place.y = hit.y + hit.height + gap;
  return place;
}
