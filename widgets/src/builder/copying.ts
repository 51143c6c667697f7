/** Text into the system's clipboard when it comes only after the key press, and out of it again. */

/** What was copied last in this page: where the browser keeps its clipboard shut, builders still exchange parts. */
let last = "";

/** Must begin within the key press; the text may follow. Tells whether other pages can have it too. */
export async function putText(coming: Promise<string>): Promise<boolean> {
  const clipboard = (navigator as { clipboard?: Clipboard }).clipboard;
  const remembered = coming.then((text) => {
    last = text;
    return text;
  });
  if (clipboard && typeof ClipboardItem === "function") {
    try {
      const blob = remembered.then((text) => new Blob([text], { type: "text/plain" }));
      await clipboard.write([new ClipboardItem({ "text/plain": blob })]);
      return true;
    } catch {
      // Not every browser takes a promise, or lets a page write: the older ways follow.
    }
  }
  const text = await remembered;
  try {
    if (clipboard) {
      await clipboard.writeText(text);
      return true;
    }
  } catch {
    // As above.
  }
  return putByCommand(text);
}

/** The way of pages without https, where `navigator.clipboard` is missing. */
function putByCommand(text: string): boolean {
  const put = (event: ClipboardEvent): void => {
    event.clipboardData?.setData("text/plain", text);
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  window.addEventListener("copy", put, true);
  try {
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- the only way without https
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    window.removeEventListener("copy", put, true);
  }
}

/** For the menu's Paste: the system's text where the browser lets a page read it, else what was copied in this page. */
export async function takeText(): Promise<string> {
  const clipboard = (navigator as { clipboard?: Clipboard }).clipboard;
  try {
    const text = await clipboard?.readText();
    if (text) return text;
  } catch {
    // The browser keeps it shut.
  }
  return last;
}

/** What a paste event brings; what was copied in this page when it brings nothing. */
export function pasted(event: ClipboardEvent): string {
  const text = event.clipboardData?.getData("text/plain");
  if (text) return text;
  return last;
}
