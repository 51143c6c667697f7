/** Changing a name or a note where it stands. */
import { element } from "../dom";
import type { Deck, Target } from "./deck";
import type { Box, Point } from "./placing";
import { choose } from "./select";

interface Field {
  /** Where it opens, in the graph; nothing ends it. */
  where: () => Omit<Box, "id"> | undefined;
  label: string;
  value: string;
  /** Several lines; Enter then makes one, and Ctrl+Enter ends. */
  lines?: boolean;
  done: (value: string) => void;
}

const open = new WeakMap<Deck, () => void>();

/** Enter or a press elsewhere takes what was typed, Escape leaves everything as it was. */
export function openField(deck: Deck, { where, label, value, lines = false, done }: Field): void {
  open.get(deck)?.();
  const { stage } = deck;
  const words = { "aria-label": label, spellcheck: String(lines) };
  const input: HTMLInputElement | HTMLTextAreaElement = lines
    ? element("textarea", "opea-field-here", "", words)
    : element("input", "opea-field-here", "", words);
  input.value = value;
  const place = (): void => {
    const box = where();
    if (!box) {
      end(false);
      return;
    }
    const frame = stage.layer.getBoundingClientRect();
    const at = deck.inWindow(box);
    const zoom = stage.cy.zoom();
    input.style.left = `${at.x - frame.left}px`;
    input.style.top = `${at.y - frame.top}px`;
    input.style.width = `${Math.max(100, box.width * zoom)}px`;
    if (lines) input.style.height = `${Math.max(48, box.height * zoom)}px`;
  };
  const end = (take: boolean, home = true): void => {
    if (open.get(deck) !== finish) return;
    open.delete(deck);
    const typed = input.value;
    stage.cy.off("viewport", "", place);
    endScene();
    input.remove();
    if (home) deck.focus();
    if (take && typed.trim() !== value.trim()) done(lines ? typed : typed.trim());
  };
  const finish = (): void => {
    end(true, false);
  };
  const pressed = (event: KeyboardEvent): void => {
    event.stopPropagation();
    if (event.key === "Escape") end(false);
    else if (event.key === "Enter" && (!lines || event.ctrlKey || event.metaKey)) end(true);
    else return;
    event.preventDefault();
  };
  // One of the two kinds of element alone has the event's type.
  (input as HTMLElement).addEventListener("keydown", pressed);
  input.addEventListener("blur", finish);
  for (const kind of ["mousedown", "pointerdown", "dblclick", "touchstart"]) {
    input.addEventListener(kind, (event) => {
      event.stopPropagation();
    });
  }
  open.set(deck, finish);
  stage.layer.append(input);
  const endScene = stage.on("scene", place);
  stage.cy.on("viewport", place);
  place();
  input.focus({ preventScroll: true });
  input.select();
}

export function rename(deck: Deck, target: Target): void {
  const { id } = target;
  const where = (): Box | undefined => deck.boxOf(target);
  if (target.on === "card") {
    openField(deck, {
      where, label: `New name of ${id}`, value: id,
      done: (to) => {
        if (to) deck.ask("rename", { name: id, to });
      },
    });
  } else if (target.on === "group") {
    openField(deck, {
      where, label: `New name of the group ${id}`, value: id,
      done: (to) => {
        if (to) deck.ask("rename_group", { name: id, to });
      },
    });
  } else if (target.on === "note") {
    openField(deck, {
      where, label: "Note", value: deck.stage.scene().notes[id]?.text ?? "", lines: true,
      done: (text) => {
        if (text.trim()) deck.ask("note", { id, text });
        else deck.ask("drop_note", { id });
      },
    });
  }
}

/** A new note under the pointer; there is none until something is typed. */
export function addNote(deck: Deck, at?: Point): void {
  const size = { width: 160, height: 80 };
  const place = { ...deck.place(at, size), ...size };
  openField(deck, {
    where: () => place, label: "New note", value: "", lines: true,
    done: (text) => {
      deck.keepView();
      const before = deck.stage.scene().notes;
      void deck.send("note", { text, ...place }).then(() => {
        // The next key is about the note, not about the card that was chosen before it.
        const made = Object.keys(deck.stage.scene().notes).find((id) => !(id in before));
        if (made !== undefined) choose(deck, [{ on: "note", id: made }]);
      });
    },
  });
}
