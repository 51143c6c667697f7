import { expect, it } from "vitest";
import { asked, chord, COMMANDS, shown } from "../../src/builder/keymap";

const press = (key: string, held = ""): Parameters<typeof chord>[0] => ({
  key,
  ctrlKey: held.includes("ctrl"),
  metaKey: held.includes("meta"),
  altKey: held.includes("alt"),
  shiftKey: held.includes("shift"),
});

it("names a key press the same on every keyboard", () => {
  expect(chord(press("Z", "ctrl shift"))).toBe("Ctrl+Shift+Z");
  expect(chord(press("z", "meta"))).toBe("Ctrl+Z");
  expect(chord(press("?", "shift"))).toBe("?");
  expect(chord(press("/", "shift"))).toBe("/");
  expect(chord(press("C", ""))).toBe("c");
  expect(chord(press("G", "shift"))).toBe("Shift+G");
  expect(chord(press("ArrowUp", "alt"))).toBe("Alt+ArrowUp");
});

it("gives no key two meanings", () => {
  const keys = COMMANDS.flatMap(({ keys }) => keys);
  expect(keys).toHaveLength(new Set(keys).size);
});

it("has every key of the design", () => {
  const wanted: Record<string, [string, string?]> = {
    search: ["/"], connect: ["c"], move: ["ArrowLeft"], fine: ["ArrowDown", "alt"], next: ["Tab"],
    previous: ["Tab", "shift"], rename: ["F2"], delete: ["Delete"], join: ["Delete", "shift"], undo: ["z", "ctrl"],
    redo: ["Z", "ctrl shift"], copy: ["c", "ctrl"], paste: ["v", "ctrl"], cut: ["x", "ctrl"], duplicate: ["d", "ctrl"],
    all: ["a", "ctrl"], in: ["+", "shift"], out: ["-"], fit: ["0"], note: ["n"], group: ["g"], help: ["?", "shift"],
    leave: ["Escape"],
  };
  for (const [name, [key, held]] of Object.entries(wanted)) expect(asked(press(key, held))?.name).toBe(name);
  expect(asked(press("x"))).toBeUndefined();
});

it("gives everything that the menu or the mouse can do a key, or a place in the menu", () => {
  for (const { name, keys, on } of COMMANDS) if (name !== "none") expect(keys.length + on.length, name).toBeGreaterThan(0);
});

it("shows keys as people read them", () => {
  expect(shown("Ctrl+Shift+Z")).toBe("Ctrl+Shift+Z");
  expect(shown("Alt+ArrowUp")).toBe("Alt+↑");
  expect(shown("+")).toBe("+");
  expect(shown("c")).toBe("C");
});
