/** The keys and mouse ways, beside the graph: it stays open while one tries them. */
import { element } from "../dom";
import { COMMANDS, shown, type Command } from "./keymap";
import type { Layers, Popup } from "./layers";

const open = new WeakMap<Layers, Popup>();

/** Opens the list, or closes it when it is open. */
export function toggleHelp(layers: Layers): void {
  const before = open.get(layers);
  if (before) {
    layers.close(before);
    return;
  }
  const sheet = element("div", "opea-keys", "", { role: "dialog", "aria-label": "Keys and gestures", tabindex: -1 });
  const popup: Popup = { element: sheet, stays: true, closed: () => open.delete(layers) };
  const head = element("div", "opea-keys-head");
  const close = element("button", "opea-keys-close", "✕", { type: "button", "aria-label": "Close" });
  close.addEventListener("click", () => {
    layers.close(popup);
  });
  head.append(element("h2", "", "Keys and gestures"), close);
  sheet.append(head);
  const sections = new Map<string, Command[]>();
  for (const command of COMMANDS) {
    if (command.keys.length === 0 && !command.mouse) continue;
    sections.set(command.section, [...(sections.get(command.section) ?? []), command]);
  }
  const columns = element("div", "opea-keys-columns");
  for (const [section, commands] of sections) columns.append(table(section, commands));
  sheet.append(columns);
  open.set(layers, popup);
  layers.show(popup);
  close.focus({ preventScroll: true });
}

function table(section: string, commands: readonly Command[]): HTMLElement {
  const part = element("section");
  part.append(element("h3", "", section));
  const rows = element("dl");
  for (const { label, keys, mouse } of commands) {
    const how = element("dd");
    for (const key of compact(keys)) how.append(element("kbd", "", key));
    if (mouse) how.append(element("span", "", keys.length > 0 ? `or ${mouse}` : mouse));
    rows.append(element("dt", "", label.replace(/…$/, "")), how);
  }
  part.append(rows);
  return part;
}

/** The four arrows as one. */
export function compact(keys: readonly string[]): string[] {
  const held = keys.filter((key) => key.includes("Arrow")).map((key) => key.split("Arrow")[0] ?? "");
  const arrows = [...new Set(held)].map((before) => `${before}← ↑ ↓ →`);
  return [...arrows, ...keys.filter((key) => !key.includes("Arrow")).map(shown)];
}
