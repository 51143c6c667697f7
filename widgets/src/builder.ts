/**
 * The Builder's bridge in the page: it paints the canvas and turns gestures into wishes, which Python grants or refuses.
 *
 * Everything works without it, by ordinary widgets; it comes on top of them.
 */
import type { InitializeProps, RenderProps } from "@anywidget/types";
import { fenceKeys, nextFrame } from "./dom";
import { findCanvas } from "./builder/find-view";
import { gestures } from "./builder/gestures";
import { hovering } from "./builder/hover";
import { LiveStage } from "./builder/live-stage";
import { minimap } from "./builder/minimap";
import { hideStatic } from "./builder/static-output";
import { Store, type Traits } from "./builder/store";

export default () => {
  let store: Store | undefined;
  const known = (model: RenderProps<Traits>["model"]): Store => (store ??= new Store(model));
  return {
    initialize({ model }: InitializeProps<Traits>): () => void {
      known(model);
      return () => {
        store?.close();
        store = undefined;
      };
    },
    render({ model, el }: RenderProps<Traits>): () => void {
      const ended = new AbortController();
      const ends: (() => void)[] = [];
      void live(model, el, known(model), ended.signal, ends);
      return () => {
        ended.abort();
        for (const end of ends.reverse()) end();
      };
    },
  };
};

async function live(
  model: RenderProps<Traits>["model"],
  el: HTMLElement,
  store: Store,
  signal: AbortSignal,
  ends: (() => void)[],
): Promise<void> {
  const root = await rootOf(el, signal);
  if (!root) return;
  ends.push(fenceKeys(root));
  let canvas = await findCanvas(model, root, signal);
  if (!canvas) return;
  const stage = new LiveStage(root, canvas, store);
  ends.push(() => {
    stage.close();
  });
  for (const mount of [hovering, minimap, ...gestures]) ends.push(mount(stage));
  ends.push(hideStatic(root));
  while (canvas) {
    // When it hears this, Python takes its plain drawing off the canvas and sends the palette: first the cards are drawn.
    await nextFrame();
    await nextFrame();
    if (!signal.aborted) void stage.send("ready", {});
    await destroyed(canvas.cy, signal);
    canvas = await findCanvas(model, root, signal);
    if (canvas) stage.replace(canvas);
  }
}

/** The element joins the page some time after it was rendered. */
async function rootOf(el: HTMLElement, signal: AbortSignal): Promise<HTMLElement | null> {
  while (!signal.aborted) {
    const root = el.closest<HTMLElement>(".opea-builder");
    if (root?.isConnected) return root;
    await nextFrame();
  }
  return null;
}

function destroyed(cy: LiveStage["cy"], signal: AbortSignal): Promise<void> {
  return new Promise((settle) => {
    cy.one("destroy", () => {
      settle();
    });
    signal.addEventListener("abort", () => {
      settle();
    });
  });
}
