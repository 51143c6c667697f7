/** What stands on a card, as a picture; its body, border and ring are the canvas's own. */
import { icon } from "./icons";
import { clip, escaped, pictureOf, widthOf, wrap, type Lettering } from "./lettering";
import type { SceneNode, SceneNote, State } from "./scene";
import { mix, type Colours } from "./theme";

/** As in opea_nb/formats/layout.py. */
export const CARD = { width: 148, height: 52 } as const;

/** `far` is drawn when the canvas is zoomed out: fewer things, larger letters. */
export type Nearness = "near" | "far";

const WORDS: Partial<Record<State, string>> = {
  waiting: "waiting",
  starting: "starting…",
  restarting: "starting…",
  running: "running…",
  skipped: "skipped",
  failed: "failed",
  stopped: "stopped",
};

export function cardPicture(node: SceneNode, colours: Colours, near: Nearness): string {
  const inside = near === "near" ? close(node, colours) : distant(node, colours);
  return pictureOf(CARD.width, CARD.height, inside, colours.font);
}

function close(node: SceneNode, colours: Colours): string {
  const { font } = colours;
  const hue = hueOf(node.hue, colours);
  const engine = node.role === "engine";
  const parts = engine ? [] : [rect(0, 0, 5, CARD.height, hue)];
  const left = engine ? 18 : 13;
  parts.push(drawnIcon(node.icon, left, 17, 18, mix(hue, colours.text, 0.15)));
  const text = left + 26;
  let right = CARD.width - (engine ? 16 : 10);
  const line = right;
  if (node.state) {
    parts.push(mark(node.state, colours, right - 6, 18, 6));
    right -= 17;
  }
  // A failed card says so already.
  if (node.problem && !(node.problem === "error" && node.state === "failed")) {
    parts.push(badge(node.problem, colours, right - 6.5, 18, 6.5));
    right -= 18;
  }
  const name = fitting(node.id, right - text, { size: 13, weight: 600, font }, 11.5);
  parts.push(words(text, 23, name.text, name.size, colours.text, 600));
  const told = node.time || (WORDS[node.state] ?? "");
  const small: Lettering = { size: 11, weight: 400, font };
  const room = line - text;
  // Beside each other where both fit whole; else what happened matters more than the kind.
  const both = told !== "" && widthOf(told, small) + 8 + widthOf(node.line, small) <= room;
  if (both) parts.push(words(line, 40, told, 11, toneOf(node.state, colours), 400, "end"));
  const alone = told !== "" && !both;
  const tone = alone ? toneOf(node.state, colours) : colours.quiet;
  parts.push(words(text, 40, clip(alone ? told : node.line, room, small), 11, tone, 400));
  return parts.join("");
}

function distant(node: SceneNode, colours: Colours): string {
  const { font } = colours;
  const engine = node.role === "engine";
  const parts = engine ? [] : [rect(0, 0, 9, CARD.height, hueOf(node.hue, colours))];
  const left = engine ? 20 : 17;
  let right = CARD.width - (engine ? 16 : 8);
  const marked = mark(node.state, colours, right - 9, CARD.height / 2, 9);
  const warned = badge(node.problem, colours, right - 9, CARD.height / 2, 9.5);
  // One sign at most: what is wrong matters more than that it runs.
  const sign = node.problem === "error" && node.state !== "failed" ? warned : node.state ? marked : warned;
  if (sign) {
    parts.push(sign);
    right -= 22;
  }
  const room = right - left;
  const one = fitting(node.id, room, { size: 21, weight: 600, font }, 15);
  if (one.text === node.id) {
    parts.push(words(left, 26 + one.size / 3, node.id, one.size, colours.text, 600));
    return parts.join("");
  }
  const lettering: Lettering = { size: 17, weight: 600, font };
  wrap(node.id, room, 2, lettering).forEach((line, at) => parts.push(words(left, 22 + at * 21, line, 17, colours.text, 600)));
  return parts.join("");
}

/** A folded group: a stack of cards with its name and how many it holds. */
export function groupPicture(name: string, count: number, colours: Colours, near: Nearness): string {
  const { font } = colours;
  const size = near === "near" ? 13 : 18;
  const parts = [drawnIcon("group", 13, 17, 18, colours.quiet)];
  const told = String(count);
  const wide = widthOf(told, { size: 12, weight: 600, font }) + 14;
  const edge = CARD.width - 10 - wide;
  parts.push(
    `<rect x="${edge}" y="17" width="${wide}" height="18" rx="9" fill="${mix(colours.card, colours.text, 0.12)}"/>`,
    words(edge + wide / 2, 30.5, told, 12, colours.text, 600, "middle"),
  );
  const title = fitting(name, edge - 45, { size, weight: 600, font }, size - 2);
  parts.push(words(39, near === "near" ? 30.5 : 32.5, title.text, title.size, colours.text, 600));
  return pictureOf(CARD.width, CARD.height, parts.join(""), font);
}

/** A note: its text, broken into lines. */
export function notePicture(note: SceneNote, colours: Colours, near: Nearness): string {
  const size = near === "near" ? 12 : 17;
  const lettering: Lettering = { size, weight: 400, font: colours.font };
  const height = size * 1.4;
  const most = Math.max(1, Math.floor((note.height - 14) / height));
  const parts = wrap(note.text, note.width - 20, most, lettering).map((line, at) =>
    words(10, 9 + size + at * height, line, size, colours.text, 400),
  );
  return pictureOf(note.width, note.height, parts.join(""), colours.font);
}

/** A state's shape, told apart without its colour. */
export function mark(state: State, colours: Colours, x: number, y: number, r: number): string {
  const tone = toneOf(state, colours);
  const ring = (more: string): string =>
    `<circle cx="${x}" cy="${y}" r="${r - 1}" fill="none" stroke="${tone}" stroke-width="${r / 3.4}" ${more}/>`;
  const stroke = (path: string): string =>
    `<path d="${path}" fill="none" stroke="${tone}" stroke-width="${r / 2.6}" stroke-linecap="round" stroke-linejoin="round"/>`;
  const s = r * 0.72;
  switch (state) {
    case "":
      return "";
    case "waiting":
      return ring("");
    case "starting":
    case "restarting":
      return ring(`stroke-dasharray="${r * 0.62} ${r * 0.47}"`);
    case "ready":
      return `<circle cx="${x}" cy="${y}" r="${r - 0.6}" fill="${tone}"/>`;
    case "running":
      return `${ring("")}<path d="M${x} ${y - r + 1}a${r - 1} ${r - 1} 0 0 1 0 ${2 * r - 2}z" fill="${tone}"/>`;
    case "done":
      return stroke(`M${x - s} ${y + 0.1 * s}l${0.62 * s} ${0.68 * s}l${1.3 * s} ${-1.45 * s}`);
    case "skipped":
      return stroke(`M${x - s} ${y}h${2 * s}`);
    case "failed":
      return stroke(`M${x - s} ${y - s}l${2 * s} ${2 * s}m0 ${-2 * s}l${-2 * s} ${2 * s}`);
    case "stopped":
      return rect(x - s, y - s, 2 * s, 2 * s, tone);
  }
}

/** A triangle warns, a filled disc says that it cannot work. */
function badge(problem: SceneNode["problem"], colours: Colours, x: number, y: number, r: number): string {
  if (!problem) return "";
  const error = problem === "error";
  const tone = error ? colours.bad : colours.warn;
  const body = error
    ? `<circle cx="${x}" cy="${y}" r="${r}" fill="${tone}"/>`
    : `<path d="M${x} ${y - r}L${x + r * 1.1} ${y + r * 0.85}H${x - r * 1.1}z" fill="${tone}" stroke="${tone}" stroke-width="1.5" stroke-linejoin="round"/>`;
  const top = error ? y - r * 0.55 : y - r * 0.3;
  const low = error ? y + r * 0.5 : y + r * 0.52;
  return (
    body +
    `<path d="M${x} ${top}V${low - r * 0.42}" stroke="${colours.card}" stroke-width="${r / 3.6}" stroke-linecap="round"/>` +
    `<circle cx="${x}" cy="${low}" r="${r / 6}" fill="${colours.card}"/>`
  );
}

function toneOf(state: State, colours: Colours): string {
  if (state === "ready" || state === "done") return colours.good;
  if (state === "failed") return colours.bad;
  if (state === "running" || state === "starting" || state === "restarting") return colours.brand;
  return colours.quiet;
}

export function hueOf(hue: number, colours: Colours): string {
  return colours.hues[hue] ?? colours.quiet;
}

/** Letters get a little smaller before the name loses some. */
function fitting(text: string, room: number, lettering: Lettering, least: number): { text: string; size: number } {
  for (let size = lettering.size; size >= least; size -= 0.5) {
    if (widthOf(text, { ...lettering, size }) <= room) return { text, size };
  }
  return { text: clip(text, room, { ...lettering, size: least }), size: least };
}

function words(x: number, y: number, text: string, size: number, colour: string, weight: number, anchor = "start"): string {
  return `<text x="${x}" y="${y}" font-size="${size}" font-weight="${weight}" fill="${colour}" text-anchor="${anchor}">${escaped(text)}</text>`;
}

function rect(x: number, y: number, width: number, height: number, colour: string): string {
  return `<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="${colour}"/>`;
}

function drawnIcon(name: string, x: number, y: number, size: number, colour: string): string {
  return (
    `<g transform="translate(${x} ${y}) scale(${size / 24})" fill="none" stroke="${colour}" stroke-width="2" ` +
    `stroke-linecap="round" stroke-linejoin="round">${icon(name)}</g>`
  );
}
