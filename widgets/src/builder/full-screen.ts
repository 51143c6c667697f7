/** The whole screen for the builder, or a tab of JupyterLab of its own. */
import type { Deck } from "./deck";

const FILLED = "opea-filled";
const COMMAND = "notebook:create-output-view";

interface Commands {
  hasCommand: (id: string) => boolean;
  execute: (id: string) => Promise<unknown>;
}

/** Fills the screen, or the window where the page may not have the screen; asked again, goes back. */
export async function toggleFull(deck: Deck): Promise<void> {
  const { root } = deck.stage;
  if (document.fullscreenElement === root) {
    await document.exitFullscreen();
    return;
  }
  if (root.classList.contains(FILLED)) {
    fill(root, false);
    return;
  }
  try {
    await root.requestFullscreen();
  } catch {
    fill(root, true);
  }
}

function fill(root: HTMLElement, whole: boolean): void {
  root.classList.toggle(FILLED, whole);
  root.classList.toggle("opea-full", whole);
  window.dispatchEvent(new Event("resize"));
}

/** Lab's application, in pages that show it to scripts (`--expose-app-in-browser`). */
function lab(): Commands | undefined {
  const app = (window as { jupyterapp?: { commands?: Commands } }).jupyterapp;
  return app?.commands?.hasCommand(COMMAND) ? app.commands : undefined;
}

export const TAB_HOW = "Right-click left of this output, then “Create New View for Cell Output”: the builder opens in a tab of its own.";

export async function openTab(deck: Deck): Promise<void> {
  const commands = lab();
  if (commands) await commands.execute(COMMAND);
  else {
    deck.hint(TAB_HOW, deck.middle());
    deck.say(TAB_HOW);
  }
}

export function fullScreen(deck: Deck): () => void {
  const { root } = deck.stage;
  const changed = (): void => {
    const whole = document.fullscreenElement === root;
    root.classList.toggle("opea-full", whole || root.classList.contains(FILLED));
  };
  document.addEventListener("fullscreenchange", changed);
  return () => {
    document.removeEventListener("fullscreenchange", changed);
    root.classList.remove(FILLED, "opea-full");
  };
}
