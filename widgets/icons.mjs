// The icons by Lucide (ISC licence) that the package shows, taken out of its npm package when the front end is built:
// `opea-icons` is a table of drawings for the cards, `opea-icons.css` a class for each, `.opea-icon-<name>`.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

// Those of opea_nb/notebook/look.py (kinds and groups); on cards too.
const ON_CARDS = names(`
arrow-down-wide-narrow audio-lines bookmark bot box cpu database dumbbell eye file-text film globe grid-3x3 history
image languages message-square mic quote search share-2 shield-check split table-2 thumbs-up type upload volume-2
`);
const IN_BUTTONS = names(`
arrow-right-left check chevron-down chevron-right chevrons-down-up chevrons-up-down circle-alert circle-question-mark
clipboard code copy download ellipsis expand file-code file-plus folder-open git-compare group info keyboard
layout-dashboard layout-template link list maximize maximize-2 minimize-2 pencil play plus redo-2 refresh-cw rocket save
scan scissors scroll-text send settings-2 shrink sliders-horizontal spline square sticky-note terminal trash-2
triangle-alert undo-2 ungroup unlink unplug wand-sparkles workflow wrench x zoom-in zoom-out
`);

function names(text) {
  return text.trim().split(/\s+/);
}

const require = createRequire(import.meta.url);

/** Name -> the inside of a 24 × 24 drawing of strokes. */
function drawings(wanted) {
  return Object.fromEntries(
    wanted.map((name) => {
      const drawing = readFileSync(require.resolve(`lucide-static/icons/${name}.svg`), "utf8");
      const inside = /<svg[^>]*>(.*)<\/svg>/s.exec(drawing)?.[1];
      if (!inside) throw new Error(`no drawing in Lucide's ${name}.svg`);
      return [name, inside.replace(/\s*\n\s*/g, "").replaceAll(" />", "/>")];
    }),
  );
}

/** Masks, so that an icon has the colour of the text beside it in every theme. */
export function css() {
  const frame = (inside) =>
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="#000" stroke-width="2" ` +
    `stroke-linecap="round" stroke-linejoin="round">${inside}</svg>`;
  const uri = (text) => text.replace(/[%#<>]/g, encodeURIComponent).replaceAll('"', "'");
  return Object.entries(drawings([...ON_CARDS, ...IN_BUTTONS]))
    .map(([name, inside]) => `.opea-icon-${name}{--opea-icon:url("data:image/svg+xml,${uri(frame(inside))}")}`)
    .join("\n");
}

/** For esbuild. */
export const iconsOfEsbuild = {
  name: "opea-icons",
  setup(build) {
    build.onResolve({ filter: /^opea-icons/ }, (asked) => ({ path: asked.path, namespace: "opea-icons" }));
    build.onLoad({ filter: /\.css$/, namespace: "opea-icons" }, () => ({ contents: css(), loader: "css" }));
    build.onLoad({ filter: /icons$/, namespace: "opea-icons" }, () => ({
      contents: JSON.stringify(drawings([...ON_CARDS, "group"])),
      loader: "json",
    }));
  },
};

/** The same for the tests, which vite runs. */
export const iconsOfVite = {
  name: "opea-icons",
  resolveId: (id) => (id === "opea-icons" ? "\0opea-icons" : undefined),
  load: (id) => (id === "\0opea-icons" ? `export default ${JSON.stringify(drawings([...ON_CARDS, "group"]))}` : undefined),
};
