/** The live canvas inside one Builder: ipycytoscape keeps it on its view, and makes it anew when its model changes. */
import type { AnyModel } from "@anywidget/types";
import type { Core } from "cytoscape";
import { nextFrame } from "../dom";
import type { Traits } from "./store";

interface CanvasView {
  el: HTMLElement;
  cytoscape_obj?: Core;
}

interface CanvasModel {
  views?: Record<string, Promise<CanvasView>>;
}

export interface Canvas {
  cy: Core;
  box: HTMLElement;
}

/** Waits until there is one; nothing when the view ended before. */
export async function findCanvas(model: AnyModel<Traits>, root: HTMLElement, signal: AbortSignal): Promise<Canvas | undefined> {
  const id = model.get("canvas").replace("IPY_MODEL_", "");
  const found = (await model.widget_manager.get_model(id)) as unknown as CanvasModel;
  while (!signal.aborted) {
    for (const view of await Promise.all(Object.values(found.views ?? {}))) {
      const cy = view.cytoscape_obj;
      if (cy && !cy.destroyed() && root.contains(view.el)) return { cy, box: view.el };
    }
    await nextFrame(); // cards that are there by then are in the canvas's first picture
  }
  return undefined;
}
