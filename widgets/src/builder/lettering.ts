/** Text in drawings: how wide it is, where it breaks, and how it gets into XML unharmed. */

/** Pixels at which text is measured. Each size of a font costs Chromium about 2 ms when it is first used. */
const MEASURED = 16;
const CACHE = new Map<string, number>();
const SEGMENTS = new Intl.Segmenter();
let pen: CanvasRenderingContext2D | null | undefined;

export interface Lettering {
  readonly size: number;
  readonly weight: number;
  readonly font: string;
}

/** Width in pixels. */
export function widthOf(text: string, { size, weight, font }: Lettering): number {
  const style = `${weight} ${MEASURED}px ${font}`;
  const key = `${style}|${text}`;
  let width = CACHE.get(key);
  if (width === undefined) {
    width = measured(text, style);
    if (CACHE.size > 5000) CACHE.clear();
    CACHE.set(key, width);
  }
  return (width * size) / MEASURED;
}

function measured(text: string, style: string): number {
  pen ??= document.createElement("canvas").getContext("2d");
  if (!pen) return 0.56 * MEASURED * text.length;
  pen.font = style;
  // Widths that grow with the size alone, not rounded to the screen's pixels.
  pen.textRendering = "geometricPrecision";
  return pen.measureText(text).width;
}

/** As much as fits, with an ellipsis when that is not all. */
export function clip(text: string, room: number, lettering: Lettering): string {
  if (widthOf(text, lettering) <= room) return text;
  const letters = lettersOf(text);
  let [fits, fails] = [0, letters.length];
  while (fails - fits > 1) {
    const middle = (fits + fails) >> 1;
    if (widthOf(`${letters.slice(0, middle).join("")}…`, lettering) <= room) fits = middle;
    else fails = middle;
  }
  return `${letters.slice(0, fits).join("").trimEnd()}…`;
}

/** A letter with its marks, or an emoji of several, is one. */
function lettersOf(text: string): string[] {
  return Array.from(SEGMENTS.segment(text), ({ segment }) => segment);
}

/** Lines no wider than the room, broken at spaces and hyphens where there are some. */
export function wrap(text: string, room: number, most: number, lettering: Lettering): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split(/\r?\n/)) {
    let line = "";
    for (const piece of paragraph.match(/[^\s\-_]*[\s\-_]?/gu) ?? []) {
      if (line && widthOf((line + piece).trimEnd(), lettering) > room) {
        lines.push(line.trimEnd());
        line = "";
      }
      line += piece;
      while (widthOf(line.trimEnd(), lettering) > room && lettersOf(line).length > 1) {
        const head = clip(line, room, lettering).replace(/…$/u, "") || (lettersOf(line)[0] ?? "");
        lines.push(head);
        line = line.slice(head.length).trimStart();
      }
      if (lines.length > most) break;
    }
    lines.push(line.trimEnd());
    if (lines.length > most) break;
  }
  if (lines.length <= most) return lines;
  const kept = lines.slice(0, most);
  kept[most - 1] = clip(`${kept[most - 1] ?? ""}…………`, room, lettering).replace(/…+$/u, "…");
  return kept;
}

/** For text and attributes of XML; without what XML cannot hold. */
export function escaped(text: string): string {
  return text
    .replace(/[\u0000-\u001f\ufffe\uffff]|\p{Cs}/gu, "") // eslint-disable-line no-control-regex -- it takes them out
    .replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** A drawing as an address; a picture runs no scripts and loads nothing. */
export function pictureOf(width: number, height: number, inside: string, font: string): string {
  return `data:image/svg+xml;utf8,${encodeURIComponent(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
      `font-family="${escaped(font)}">${inside}</svg>`,
  )}`;
}
