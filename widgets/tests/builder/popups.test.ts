import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openChooser, type Option } from "../../src/builder/chooser";
import { compact, toggleHelp } from "../../src/builder/help";
import { COMMANDS } from "../../src/builder/keymap";
import { Layers } from "../../src/builder/layers";
import { openMenu } from "../../src/builder/menu";

let root: HTMLElement;
let home: HTMLElement;
let layers: Layers;
beforeEach(() => {
  root = document.createElement("div");
  home = document.createElement("div");
  home.tabIndex = 0;
  root.append(home);
  document.body.replaceChildren(root);
  layers = new Layers(root, () => home);
});
afterEach(() => {
  layers.end();
});

const press = (key: string, target: Element | null = document.activeElement): void => {
  target?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
};

describe("the menu", () => {
  it("is worked by keys alone and gives the keyboard back", () => {
    const done: string[] = [];
    home.focus();
    openMenu(layers, { x: 0, y: 0 }, "card llm", [
      [{ label: "Rename", keys: ["F2"], run: () => done.push("rename") }],
      [],
      [
        { label: "Cut", off: "nothing selected", run: () => done.push("cut") },
        { label: "Delete", run: () => done.push("delete") },
      ],
    ]);
    expect(root.querySelector("[role=menu]")?.getAttribute("aria-label")).toBe("card llm");
    expect(root.querySelectorAll("[role=separator]")).toHaveLength(1);
    expect(document.activeElement?.textContent).toContain("Rename");
    press("ArrowDown");
    press("Enter");
    expect(done).toEqual([]);
    press("d");
    press("Enter");
    expect(done).toEqual(["delete"]);
    expect(root.querySelector("[role=menu]")).toBeNull();
    expect(document.activeElement).toBe(home);
  });

  it("closes by Escape and by a press elsewhere, and changes nothing", () => {
    const open = (): void => {
      openMenu(layers, { x: 0, y: 0 }, "ground", [[{ label: "Add…", run: () => expect.fail() }]]);
    };
    open();
    press("Escape");
    expect(layers.any).toBe(false);
    open();
    document.body.dispatchEvent(new Event("pointerdown", { bubbles: true }));
    expect(layers.any).toBe(false);
  });

  it("shows labels as text", () => {
    openMenu(layers, { x: 0, y: 0 }, "x", [[{ label: "<img src=x onerror=hit()>", run: () => undefined }]]);
    expect(root.querySelector("img")).toBeNull();
    expect(root.textContent).toContain("<img");
  });
});

describe("the chooser", () => {
  const options: Option[] = [
    { id: "llm", title: "LLM", line: "Text", icon: "x", hue: 1, why: "" },
    { id: "tts", title: "Speech", line: "Speech", icon: "x", hue: 2, why: "takes text: put an llm between" },
  ];
  const find = (query: string): Option[] => options.filter(({ title }) => title.toLowerCase().includes(query));

  it("finds while typing and takes the one that stands out", () => {
    const chosen: string[] = [];
    const regarded: string[] = [];
    openChooser(layers, { x: 0, y: 0 }, {
      label: "Add", placeholder: "", find, choose: (id) => chosen.push(id), regard: (id) => regarded.push(id),
    });
    const search = root.querySelector("input");
    expect(document.activeElement).toBe(search);
    if (search) search.value = "ll";
    search?.dispatchEvent(new Event("input"));
    expect(root.querySelectorAll("[role=option]")).toHaveLength(1);
    expect(search?.getAttribute("aria-activedescendant")).toBe(root.querySelector("[role=option]")?.id);
    press("Enter");
    expect(chosen).toEqual(["llm"]);
    expect(regarded.at(-1)).toBe("llm");
  });

  it("keeps what does not fit, with its reason, and refuses it there", () => {
    const chosen: string[] = [];
    openChooser(layers, { x: 0, y: 0 }, { label: "Connect", placeholder: "", find, choose: (id) => chosen.push(id) });
    press("ArrowDown");
    press("Enter");
    expect(chosen).toEqual([]);
    expect(root.querySelector("[role=status]")?.textContent).toBe("takes text: put an llm between");
    press("Escape");
    expect(layers.any).toBe(false);
  });
});

describe("the help", () => {
  it("lists every key, opens and closes with the same key, and stays while the graph is used", () => {
    toggleHelp(layers);
    const text = root.querySelector(".opea-keys")?.textContent ?? "";
    for (const { label, keys } of COMMANDS) {
      if (keys.length === 0) continue;
      expect(text).toContain(label.replace("…", ""));
      for (const key of compact(keys)) expect(text).toContain(key);
    }
    document.body.dispatchEvent(new Event("pointerdown", { bubbles: true }));
    expect(root.querySelector(".opea-keys")).not.toBeNull();
    toggleHelp(layers);
    expect(root.querySelector(".opea-keys")).toBeNull();
  });
});
