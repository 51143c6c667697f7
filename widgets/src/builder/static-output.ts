/**
 * The drawing that stands for the Builder where there is no kernel is an output of its own, next to the live one:
 * while the live one shows, it hides. A saved notebook, GitHub and a page without widgets show it.
 */

/** A mark that every drawing of a pipeline carries (opea_nb/formats/picture.py). */
const OURS = "opea-arrow";
const CHILD = ".jp-OutputArea-child, .output_area, .cell-output";

export function hideStatic(root: HTMLElement): () => void {
  const output = root.closest<HTMLElement>(CHILD);
  const area = output?.parentElement;
  if (!output || !area) return () => undefined;
  const hidden = new Set<HTMLElement>();
  const look = (): void => {
    for (const beside of [output.nextElementSibling, output.previousElementSibling]) {
      if (beside instanceof HTMLElement && !hidden.has(beside) && !beside.hidden && isOurs(beside)) {
        beside.hidden = true;
        // The front ends' own rules for outputs are stronger than the attribute.
        beside.style.setProperty("display", "none", "important");
        hidden.add(beside);
      }
    }
  };
  look();
  // It is rendered after the live one.
  const observer = new MutationObserver(look);
  observer.observe(area, { childList: true, subtree: true });
  const late = setTimeout(() => {
    observer.disconnect();
    const shallow = new MutationObserver(look);
    shallow.observe(area, { childList: true });
    stop = () => {
      shallow.disconnect();
    };
  }, 3000);
  let stop = (): void => {
    observer.disconnect();
  };
  return () => {
    clearTimeout(late);
    stop();
    for (const one of hidden) {
      one.hidden = false;
      one.style.removeProperty("display");
    }
  };
}

function isOurs(output: HTMLElement): boolean {
  if (output.querySelector(`svg marker[id="${OURS}"]`)) return true;
  return [...output.querySelectorAll("img")].some((image) => sourceOf(image.src).includes(OURS));
}

function sourceOf(address: string): string {
  const [, base64, body] = /^data:image\/svg\+xml[^,;]*(?:;charset=[^,;]*|;utf8)?(;base64)?,(.*)$/s.exec(address) ?? [];
  try {
    return body === undefined ? "" : base64 ? atob(body) : decodeURIComponent(body);
  } catch {
    return ""; // not well-formed: then it is not one of ours
  }
}
