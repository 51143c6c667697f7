/** A menu that mouse and keyboard work alike. */
import { element } from "../dom";
import { shown, spoken } from "./keymap";
import type { Layers, Popup } from "./layers";
import type { Point } from "./placing";

export interface Item {
  label: string;
  keys?: readonly string[];
  /** Why it cannot be chosen now; it then stays in the list, greyed, and says so. */
  off?: string;
  run: () => void;
}

/** Parts are set apart by a line; empty ones leave none. */
export function openMenu(layers: Layers, at: Point, label: string, parts: readonly (readonly Item[])[]): Popup | undefined {
  const shownParts = parts.filter((part) => part.length > 0);
  if (shownParts.length === 0) return undefined;
  const menu = element("div", "opea-menu", "", { role: "menu", "aria-label": label });
  const popup: Popup = { element: menu };
  const entries: HTMLElement[] = [];
  shownParts.forEach((part, index) => {
    if (index > 0) menu.append(element("div", "opea-menu-line", "", { role: "separator" }));
    for (const item of part) {
      const entry = entryOf(item);
      entry.addEventListener("click", () => {
        if (item.off) return;
        layers.close(popup);
        item.run();
      });
      entry.addEventListener("pointermove", () => {
        entry.focus({ preventScroll: true });
      });
      entries.push(entry);
      menu.append(entry);
    }
  });
  menu.addEventListener("contextmenu", (event) => {
    event.preventDefault();
    event.stopPropagation();
  });
  menu.addEventListener("keydown", (event) => {
    const next = target(entries, event);
    if (next) next.focus();
    else if (event.key === "Enter" || event.key === " ") focusedIn(entries)?.click();
    else if (event.key === "Tab") layers.close(popup);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  layers.show(popup, at);
  entries[0]?.focus({ preventScroll: true });
  return popup;
}

function entryOf(item: Item): HTMLElement {
  const entry = element("div", "opea-menu-item", "", { role: "menuitem", tabindex: -1 });
  entry.append(element("span", "opea-menu-label", item.label));
  const key = item.keys?.[0];
  if (key) {
    entry.append(element("kbd", "", shown(key), { "aria-hidden": "true" }));
    entry.setAttribute("aria-keyshortcuts", spoken(key));
  }
  if (item.off) {
    entry.setAttribute("aria-disabled", "true");
    entry.append(element("span", "opea-menu-why", item.off));
  }
  return entry;
}

function focusedIn(entries: readonly HTMLElement[]): HTMLElement | undefined {
  return entries.find((entry) => entry === document.activeElement);
}

function target(entries: readonly HTMLElement[], event: KeyboardEvent): HTMLElement | undefined {
  const focused = focusedIn(entries);
  const at = focused ? entries.indexOf(focused) : -1;
  const around = (to: number): HTMLElement | undefined => entries[(to + entries.length) % entries.length];
  if (event.key === "ArrowDown") return around(at + 1);
  if (event.key === "ArrowUp") return around(at < 0 ? -1 : at - 1);
  if (event.key === "Home") return entries[0];
  if (event.key === "End") return entries.at(-1);
  if (event.key.length !== 1 || event.key === " " || event.ctrlKey || event.metaKey) return undefined;
  const letter = event.key.toLowerCase();
  const rest = [...entries.slice(at + 1), ...entries.slice(0, at + 1)];
  return rest.find((entry) => entry.textContent.trim().toLowerCase().startsWith(letter));
}
