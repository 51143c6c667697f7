/**
 * The Builder's helper in the page: fences the notebook's keys off and tells Python the theme's colours.
 *
 * A canvas cannot read CSS variables, so Python draws the cards in the colours told here. It is also where gestures
 * on the canvas will come in; without it the Builder works by its ordinary widgets, in light colours.
 */
import type { RenderProps } from "@anywidget/types";
import { element, fenceKeys } from "./dom";

export interface Colours {
  dark: boolean;
  background: string;
  card: string;
  line: string;
  edge: string;
  text: string;
  quiet: string;
  brand: string;
  good: string;
  bad: string;
}

/** Colours as `#rrggbb`: that is all that Python takes from the page. */
export function hex(colour: string): string {
  const parts = /rgba?\(\s*(\d+)[ ,]+(\d+)[ ,]+(\d+)/.exec(colour);
  if (!parts) return "";
  return `#${parts.slice(1, 4).map((part) => Number(part).toString(16).padStart(2, "0")).join("")}`;
}

export function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255);
  return 0.2126 * (red ?? 0) + 0.7152 * (green ?? 0) + 0.0722 * (blue ?? 0);
}

function read(probe: HTMLElement): Colours {
  const of = (variable: string): string => {
    probe.style.color = `var(${variable})`;
    return hex(getComputedStyle(probe).color);
  };
  const background = of("--o-bg");
  return {
    dark: background !== "" && luminance(background) < 0.4,
    background,
    card: of("--o-raised"),
    line: of("--o-line"),
    edge: of("--o-edge"),
    text: of("--o-text"),
    quiet: of("--o-quiet"),
    brand: of("--o-brand"),
    good: of("--o-good"),
    bad: of("--o-bad"),
  };
}

function render({ model, el }: RenderProps<{ colours: Partial<Colours> }>): () => void {
  const probe = element("div", "opea opea-probe", "", { "aria-hidden": "true" });
  el.append(probe);
  let unfence: (() => void) | undefined;
  const tell = (): void => {
    const colours = read(probe);
    if (JSON.stringify(colours) === JSON.stringify(model.get("colours"))) return;
    model.set("colours", colours);
    model.save_changes();
  };
  // The element joins the page after render returns.
  const joined = window.setTimeout(() => {
    const root = el.closest<HTMLElement>(".opea-builder");
    if (root) unfence = fenceKeys(root);
    tell();
  });
  const themes = new MutationObserver(() => {
    window.setTimeout(tell, 50);
  });
  themes.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-name", "data-jp-theme-light"] });
  return () => {
    window.clearTimeout(joined);
    themes.disconnect();
    unfence?.();
  };
}

export default { render };
