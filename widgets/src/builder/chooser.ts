/** A search with a list below it: what a wire or a double-click asks for, and the keyboard's way to connect. */
import { element, setText } from "../dom";
import type { Layers, Popup } from "./layers";
import type { Point } from "./placing";

export interface Option {
  id: string;
  title: string;
  line: string;
  icon: string;
  hue: number;
  /** Why it cannot be chosen; empty when it can. */
  why: string;
}

export interface Asking {
  label: string;
  placeholder: string;
  /** Best first, those that cannot be chosen last. */
  find: (query: string) => readonly Option[];
  choose: (id: string) => void;
  /** Told which one stands out now, so that the canvas can show it too. */
  regard?: (id: string) => void;
  closed?: () => void;
  /** Shown while nothing is found yet. */
  waiting?: string;
}

/** More than these would not be read anyway. */
const MOST = 80;
let made = 0;

export interface Chooser extends Popup {
  /** Looks again: what can be chosen has become known. */
  renew: () => void;
}

export function openChooser(layers: Layers, at: Point, asking: Asking): Chooser {
  made += 1;
  const list = element("div", "opea-choices", "", { role: "listbox", id: `opea-choices-${made}`, "aria-label": asking.label });
  const search = element("input", "opea-choose", "", {
    type: "text", role: "combobox", placeholder: asking.placeholder, "aria-label": asking.label, "aria-expanded": "true",
    "aria-autocomplete": "list", "aria-controls": list.id, autocomplete: "off", spellcheck: "false",
  });
  const box = element("div", "opea-chooser", "", { role: "dialog", "aria-label": asking.label });
  const rest = element("div", "opea-choices-rest", "", { role: "status" });
  box.append(search, list, rest);

  let options: readonly Option[] = [];
  let waiting = asking.waiting ?? "";
  let at0 = 0;

  const regard = (to: number): void => {
    at0 = Math.max(0, Math.min(to, list.children.length - 1));
    for (const [index, entry] of [...list.children].entries()) {
      entry.setAttribute("aria-selected", String(index === at0));
      if (index !== at0) continue;
      search.setAttribute("aria-activedescendant", entry.id);
      if ("scrollIntoView" in entry) entry.scrollIntoView({ block: "nearest" });
    }
    if (list.children.length === 0) search.removeAttribute("aria-activedescendant");
    asking.regard?.(options[at0]?.id ?? "");
  };
  const renew = (): void => {
    options = asking.find(search.value);
    list.replaceChildren(
      ...options.slice(0, MOST).map((option, index) => {
        const entry = entryOf(option, `${list.id}-${index}`);
        entry.addEventListener("pointermove", () => {
          if (index !== at0) regard(index);
        });
        entry.addEventListener("click", () => {
          take(index);
        });
        return entry;
      }),
    );
    const more = options.length - MOST;
    setText(rest, more > 0 ? `${more} more: type to narrow` : options.length > 0 ? "" : waiting || "nothing found");
    regard(0);
  };
  const take = (index: number): void => {
    const option = options[index];
    if (!option) return;
    if (option.why) {
      setText(rest, option.why);
      return;
    }
    layers.close(chooser);
    asking.choose(option.id);
  };
  const chooser: Chooser = {
    element: box,
    closed: () => asking.closed?.(),
    renew: () => {
      waiting = "";
      renew();
      layers.place(box, at);
    },
  };

  search.addEventListener("input", renew);
  box.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") regard(at0 + 1);
    else if (event.key === "ArrowUp") regard(at0 - 1);
    else if (event.key === "PageDown") regard(at0 + 8);
    else if (event.key === "PageUp") regard(at0 - 8);
    else if (event.key === "Enter") take(at0);
    else if (event.key === "Tab") layers.close(chooser);
    else {
      if (event.key !== "Escape") event.stopPropagation();
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  });
  // Keeps the keyboard in the search while the mouse chooses.
  list.addEventListener("pointerdown", (event) => {
    event.preventDefault();
  });
  renew();
  layers.show(chooser, at);
  search.focus({ preventScroll: true });
  return chooser;
}

function entryOf(option: Option, id: string): HTMLElement {
  const entry = element("div", "opea-choice", "", { role: "option", id });
  if (option.why) entry.setAttribute("aria-disabled", "true");
  entry.append(
    element("span", `opea-choice-bar opea-hue-${option.hue}`, "", { "aria-hidden": "true" }),
    element("span", `opea-choice-icon opea-icon-${option.icon}`, "", { "aria-hidden": "true" }),
    element("span", "opea-choice-title", option.title),
    element("span", "opea-choice-line", option.why || option.line),
  );
  return entry;
}
