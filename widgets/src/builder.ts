/**
 * The Builder's helper in the page: fences the notebook's keys off and tells Python the theme's colours.
 *
 * A canvas cannot read CSS variables, so Python draws the cards in the colours told here. It is also where gestures
 * on the canvas will come in; without it the Builder works by its ordinary widgets, in light colours.
 */
import type { RenderProps } from "@anywidget/types";
import { element, fenceKeys } from "./dom";

/** As in the preset layout of opea_nb/notebook/canvas.py. */
const FIT_PADDING = 28;

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

/** A colour as it looks over another, as `#rrggbb`: that is all that Python takes from the page. */
export function hex(colour: string, over = "#ffffff"): string {
  const parts = /rgba?\(\s*(\d+)[ ,]+(\d+)[ ,]+(\d+)(?:[ ,/]+([\d.]+))?/.exec(colour);
  if (!parts) return "";
  const alpha = Number(parts[4] ?? 1);
  const mixed = [1, 2, 3].map((at) => {
    const under = parseInt(over.slice(2 * at - 1, 2 * at + 1), 16);
    return Math.round(alpha * Number(parts[at]) + (1 - alpha) * under);
  });
  return `#${mixed.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}

export function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255);
  return 0.2126 * (red ?? 0) + 0.7152 * (green ?? 0) + 0.0722 * (blue ?? 0);
}

function read(probe: HTMLElement): Colours {
  let background = "#ffffff";
  const of = (variable: string): string => {
    probe.style.color = `var(${variable})`;
    return hex(getComputedStyle(probe).color, background);
  };
  background = of("--o-bg");
  return {
    dark: luminance(background) < 0.4,
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

/** The part of cytoscape.js that is used here. */
interface Graph {
  resize: () => void;
  fit: (elements: undefined, padding: number) => void;
}

/** The graph that cytoscape.js keeps on its own element; none before ipycytoscape has drawn. */
function graphOf(canvas: Element): Graph | undefined {
  return (canvas as Element & { _cyreg?: { cy?: Graph } })._cyreg?.cy;
}

/** The canvas is drawn before the page gave it its size, and does not follow the window by itself. */
function followSize(canvas: HTMLElement): ResizeObserver {
  let size = "";
  const observer = new ResizeObserver(() => {
    const now = `${canvas.clientWidth} ${canvas.clientHeight}`;
    const graph = graphOf(canvas);
    if (now === size || !graph) return;
    size = now;
    graph.resize();
    graph.fit(undefined, FIT_PADDING);
  });
  observer.observe(canvas);
  return observer;
}

function render({ model, el }: RenderProps<{ colours: Partial<Colours> }>): () => void {
  const probe = element("div", "opea opea-probe", "", { "aria-hidden": "true" });
  el.append(probe);
  let unfence: (() => void) | undefined;
  let sizes: ResizeObserver | undefined;
  let waiting = 0;
  const findCanvas = (root: HTMLElement): void => {
    const canvas = root.querySelector<HTMLElement>(".opea-canvas");
    if (canvas && graphOf(canvas)) sizes = followSize(canvas);
    else waiting = window.setTimeout(findCanvas, 100, root);
  };
  const tell = (): void => {
    const colours = read(probe);
    if (JSON.stringify(colours) === JSON.stringify(model.get("colours"))) return;
    model.set("colours", colours);
    model.save_changes();
  };
  // The element joins the page after render returns.
  const joined = window.setTimeout(() => {
    const root = el.closest<HTMLElement>(".opea-builder");
    if (root) {
      unfence = fenceKeys(root);
      findCanvas(root);
    }
    tell();
  });
  const themes = new MutationObserver(() => {
    window.setTimeout(tell, 50);
  });
  themes.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-name", "data-jp-theme-light"] });
  return () => {
    window.clearTimeout(joined);
    window.clearTimeout(waiting);
    sizes?.disconnect();
    themes.disconnect();
    unfence?.();
  };
}

export default { render };
