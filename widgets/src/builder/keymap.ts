/** Every gesture with its key and its mouse way: the one list that keys, menus and help are made from. */

export type Thing = "card" | "several" | "edge" | "note" | "group" | "ground";

export type CommandName =
  | "add" | "search" | "connect" | "rename" | "delete" | "join" | "disconnect" | "duplicate" | "copy" | "cut" | "paste"
  | "undo" | "redo" | "all" | "none" | "next" | "previous" | "move" | "fine" | "jump" | "note" | "group" | "fold"
  | "ungroup" | "resize" | "clear" | "tab" | "logs" | "arrange" | "in" | "out" | "fit" | "full" | "menu" | "help" | "leave";

export interface Command {
  name: CommandName;
  label: string;
  /** As `chord` tells a key press. */
  keys: readonly string[];
  mouse: string;
  section: "Add and connect" | "Select and move" | "Change" | "Undo and clipboard" | "View" | "Keyboard";
  /** In whose menu it stands. */
  on: readonly Thing[];
}

export const COMMANDS: readonly Command[] = [
  command("add", "Add…", ["a", "Insert"], "drag from the palette, or double-click the ground", "Add and connect", ["ground"]),
  command("search", "Search the palette", ["/"], "", "Add and connect", []),
  command("connect", "Connect to…", ["c"], "drag from the card's right edge", "Add and connect", ["card"]),
  command("disconnect", "Disconnect", [], "menu of the wire", "Add and connect", ["edge"]),
  command("note", "Note", ["n"], "menu of the ground", "Add and connect", ["ground"]),
  command("next", "Next card in the flow", ["Tab"], "click", "Select and move", []),
  command("previous", "Card before", ["Shift+Tab"], "", "Select and move", []),
  command("jump", "Nearest card that way", ["Ctrl+ArrowLeft", "Ctrl+ArrowRight", "Ctrl+ArrowUp", "Ctrl+ArrowDown"], "", "Select and move", []),
  command("all", "Select all", ["Ctrl+A"], "shift-drag a box", "Select and move", ["ground"]),
  command("move", "Move", ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"], "drag", "Select and move", []),
  command("fine", "Move by 1 px", ["Alt+ArrowLeft", "Alt+ArrowRight", "Alt+ArrowUp", "Alt+ArrowDown"], "", "Select and move", []),
  command("rename", "Rename", ["F2", "Enter"], "double-click the name, or the note", "Change", ["card", "note", "group"]),
  command("delete", "Delete", ["Delete", "Backspace"], "menu", "Change", ["card", "several", "edge", "note", "group"]),
  command("join", "Delete and join the neighbours", ["Shift+Delete", "Shift+Backspace"], "menu", "Change", ["card", "several"]),
  command("group", "Group", ["g"], "menu", "Change", ["card", "several"]),
  command("fold", "Fold or unfold", ["f"], "double-click the group", "Change", ["group"]),
  command("ungroup", "Ungroup", ["Shift+G"], "menu", "Change", ["group"]),
  command("resize", "Make a note larger or smaller", ["Shift+ArrowLeft", "Shift+ArrowRight", "Shift+ArrowUp", "Shift+ArrowDown"], "drag its corner", "Change", []),
  command("clear", "Delete everything", [], "menu of the ground", "Change", ["ground"]),
  command("arrange", "Arrange", ["Shift+A"], "button", "Change", ["ground"]),
  command("undo", "Undo", ["Ctrl+Z"], "button", "Undo and clipboard", ["ground"]),
  command("redo", "Redo", ["Ctrl+Shift+Z", "Ctrl+Y"], "button", "Undo and clipboard", ["ground"]),
  command("cut", "Cut", ["Ctrl+X"], "menu", "Undo and clipboard", ["card", "several"]),
  command("copy", "Copy", ["Ctrl+C"], "menu", "Undo and clipboard", ["card", "several"]),
  command("paste", "Paste", ["Ctrl+V"], "menu", "Undo and clipboard", ["ground"]),
  command("duplicate", "Duplicate", ["Ctrl+D"], "menu", "Undo and clipboard", ["card", "several"]),
  command("in", "Zoom in", ["+", "="], "Ctrl and wheel", "View", ["ground"]),
  command("out", "Zoom out", ["-"], "Ctrl and wheel", "View", ["ground"]),
  command("fit", "Show everything", ["0"], "button", "View", ["ground"]),
  command("full", "Full screen", ["Shift+F"], "button", "View", ["ground"]),
  command("tab", "Open in a tab", [], "menu of the ground", "View", ["ground"]),
  command("logs", "Logs", ["l"], "menu", "View", ["card"]),
  command("menu", "Menu of what is selected", ["Shift+F10", "ContextMenu"], "right click", "Keyboard", []),
  command("help", "These keys", ["?"], "button", "Keyboard", ["ground"]),
  command("none", "Select nothing", [], "click the ground", "Select and move", []),
  command("leave", "Close what is open, then back to the notebook", ["Escape"], "", "Keyboard", []),
];

function command(
  name: CommandName, label: string, keys: string[], mouse: string, section: Command["section"], on: Thing[],
): Command {
  return { name, label, keys, mouse, section, on };
}

const BY_KEY = new Map(COMMANDS.flatMap((one) => one.keys.map((key) => [key, one] as const)));
const BY_NAME = new Map(COMMANDS.map((one) => [one.name, one]));

type Press = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">;

/** One name for a key press: `Ctrl+Shift+Z`, `Alt+ArrowUp`, `?`. On a Mac the command key counts as Ctrl. */
export function chord(press: Press): string {
  const single = press.key.length === 1;
  const letter = single && press.key.toLowerCase() !== press.key.toUpperCase();
  const parts = [
    press.ctrlKey || press.metaKey ? "Ctrl" : "",
    press.altKey ? "Alt" : "",
    // What shift makes of a digit or a dot differs by keyboard: the sign itself says all.
    press.shiftKey && (!single || letter) ? "Shift" : "",
  ].filter(Boolean);
  const upper = letter && parts.length > 0;
  return [...parts, upper ? press.key.toUpperCase() : letter ? press.key.toLowerCase() : press.key].join("+");
}

/** What a key press asks for; none when it is not one of ours. */
export function asked(press: Press): Command | undefined {
  return BY_KEY.get(chord(press));
}

export function named(name: CommandName): Command {
  const one = BY_NAME.get(name);
  if (!one) throw new Error(`no command ${name}`);
  return one;
}

const SIGNS: Record<string, string> = {
  ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Delete: "Del", ContextMenu: "Menu", "-": "−",
};

/** A key as people read it. */
export function shown(key: string): string {
  // "+" is a key too, and the one thing that a split at "+" loses.
  const parts = key === "+" ? ["+"] : key.split("+");
  return parts.map((part) => SIGNS[part] ?? (part.length === 1 ? part.toUpperCase() : part)).join("+");
}

/** As `aria-keyshortcuts` wants it. */
export function spoken(key: string): string {
  return key.replace(/^Ctrl\+/, "Control+");
}
