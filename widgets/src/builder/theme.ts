/** The page's colours as values: a canvas cannot read CSS variables. */
import { element } from "../dom";

export interface Colours {
  readonly dark: boolean;
  /** Lines and marks must stand out more: a high-contrast theme, or forced colours. */
  readonly contrast: boolean;
  readonly background: string;
  readonly card: string;
  readonly line: string;
  readonly edge: string;
  readonly text: string;
  readonly quiet: string;
  readonly brand: string;
  readonly good: string;
  readonly warn: string;
  readonly bad: string;
  readonly font: string;
  /** By number of hue; strong enough to be read on a card. */
  readonly hues: readonly string[];
}

const HUES = ["#0072b2", "#009e73", "#cc79a7", "#d55e00", "#7b61b8", "#e69f00", "#56b4e9", "#6b7280"];

/** A colour as it looks over another, as `#rrggbb`; empty for what is no colour. */
export function hex(colour: string, over = "#ffffff"): string {
  const plain = /rgba?\(\s*([\d.]+)[ ,]+([\d.]+)[ ,]+([\d.]+)(?:[ ,/]+([\d.]+))?/.exec(colour);
  const wide = /color\(srgb\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)(?:\s*\/\s*([\d.]+))?/.exec(colour);
  const parts = plain ?? wide;
  if (!parts) return "";
  const alpha = Number(parts[4] ?? 1);
  const scale = plain ? 1 : 255;
  return joined([1, 2, 3].map((at, index) => alpha * scale * Number(parts[at]) + (1 - alpha) * channel(over, index)));
}

/** So much of the second colour in the first. */
export function mix(colour: string, other: string, part: number): string {
  return joined([0, 1, 2].map((at) => (1 - part) * channel(colour, at) + part * channel(other, at)));
}

/** From 0, black, to 1, white, as an eye weighs it. */
export function luminance(colour: string): number {
  const [red, green, blue] = [0, 1, 2].map((at) => {
    const part = channel(colour, at) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * (red ?? 0) + 0.7152 * (green ?? 0) + 0.0722 * (blue ?? 0);
}

/** How much two colours stand apart: 1 to 21; text needs 4.5, marks need 3. */
export function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return ((high ?? 0) + 0.05) / ((low ?? 0) + 0.05);
}

/** The colour, taken towards another until it stands out from the ground. */
export function standing(colour: string, ground: string, towards: string, least: number): string {
  let shown = colour;
  for (let part = 0.1; part <= 1 && contrast(shown, ground) < least; part += 0.1) shown = mix(colour, towards, part);
  return shown;
}

function channel(colour: string, at: number): number {
  return parseInt(colour.slice(2 * at + 1, 2 * at + 3), 16);
}

function joined(parts: readonly number[]): string {
  const digits = (part: number): string => Math.max(0, Math.min(255, Math.round(part))).toString(16).padStart(2, "0");
  return `#${parts.map(digits).join("")}`;
}

/** A probe in the page: an invisible element that variables are tried on. */
export function probe(): HTMLElement {
  return element("div", "opea opea-probe", "", { "aria-hidden": "true" });
}

export function readColours(made: HTMLElement): Colours {
  let background = "#ffffff";
  const of = (variable: string, otherwise: string): string => {
    made.style.color = `var(${variable}, ${otherwise})`;
    return hex(getComputedStyle(made).color, background) || otherwise;
  };
  background = of("--o-bg", "#ffffff");
  const dark = luminance(background) < 0.2;
  const much =
    /high.?contrast/i.test(document.body.dataset.jpThemeName ?? "") ||
    asked("(prefers-contrast: more)") ||
    asked("(forced-colors: active)");
  const text = of("--o-text", dark ? "#e8eaed" : "#1d2126");
  const card = dark ? mix(background, "#ffffff", much ? 0 : 0.055) : of("--o-raised", "#ffffff");
  const edge = of("--o-edge", "#8a9099");
  const strong = much ? 4.5 : 3;
  const stand = (colour: string, least = strong): string => standing(colour, card, text, least);
  return {
    dark,
    contrast: much,
    background,
    card,
    line: much ? text : standing(of("--o-line", "#c9ced6"), background, text, 1.35),
    edge: much ? text : standing(edge, background, text, 3),
    text,
    quiet: much ? text : standing(of("--o-quiet", "#5c636c"), card, text, 4.5),
    brand: stand(of("--o-brand", "#1769d2")),
    good: stand(of("--o-good", "#2e7d32"), 4.5),
    warn: stand(of("--o-warn", "#b45f06"), 4.5),
    bad: stand(of("--o-bad", "#c62828"), 4.5),
    font: getComputedStyle(made).fontFamily || "system-ui, sans-serif",
    hues: HUES.map((hue) => stand(hue)),
  };
}

function asked(query: string): boolean {
  return typeof matchMedia === "function" && matchMedia(query).matches;
}

export function stillWanted(): boolean {
  return asked("(prefers-reduced-motion: reduce)");
}

/** Tells when the page's colours may have changed: JupyterLab's theme, or the system's wishes. */
export function watchTheme(changed: () => void): () => void {
  // JupyterLab names the theme a moment before its stylesheet is in force.
  let waiting = 0;
  const soon = (): void => {
    window.clearTimeout(waiting);
    changed();
    waiting = window.setTimeout(changed, 120);
  };
  const named = new MutationObserver(soon);
  named.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-name", "data-jp-theme-light", "class"] });
  const wishes = ["(prefers-color-scheme: dark)", "(prefers-contrast: more)", "(forced-colors: active)"].map((query) =>
    matchMedia(query),
  );
  for (const wish of wishes) wish.addEventListener("change", soon);
  return () => {
    window.clearTimeout(waiting);
    named.disconnect();
    for (const wish of wishes) wish.removeEventListener("change", soon);
  };
}
