import { afterEach, expect, it } from "vitest";
import { hideStatic } from "../../src/builder/static-output";

const OURS = `<svg xmlns="http://www.w3.org/2000/svg"><defs><marker id="opea-arrow"/></defs></svg>`;

function outputs(...beside: string[]): { root: HTMLElement; children: HTMLElement[] } {
  const area = document.createElement("div");
  area.className = "jp-OutputArea";
  const [live, ...others] = ["", ...beside].map((inside) => {
    const child = document.createElement("div");
    child.className = "jp-OutputArea-child";
    child.append(document.createRange().createContextualFragment(inside));
    area.append(child);
    return child;
  });
  const root = document.createElement("div");
  live?.append(root);
  document.body.append(area);
  return { root, children: others };
}

afterEach(() => {
  document.body.replaceChildren();
});

it.each([
  ["inline", OURS],
  ["as a picture", `<img src="data:image/svg+xml,${encodeURIComponent(OURS)}">`],
  ["as a picture in base64", `<img src="data:image/svg+xml;base64,${btoa(OURS)}">`],
])("hides our drawing %s while the live one shows, and brings it back", (_, drawing) => {
  const { root, children } = outputs(drawing);
  const end = hideStatic(root);
  expect(children[0]?.hidden).toBe(true);
  end();
  expect(children[0]?.hidden).toBe(false);
});

it("leaves every other output alone", () => {
  const { root, children } = outputs("<svg></svg>", OURS);
  hideStatic(root);
  expect(children.map((child) => child.hidden)).toEqual([false, false]);
});
