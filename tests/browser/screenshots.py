"""Real screenshots for README and docs: ``python tests/browser/screenshots.py [FOLDER]`` (default docs/images)."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from conftest import QUIET, Lab, NotebookPage, browser_path, start_lab
from playwright.sync_api import Browser, Locator, expect, sync_playwright

LIMIT = 200_000  # bytes a picture
THEMES = ("Light", "Dark")
DOCUMENT = "The observatory stands on the hill above the harbour. A ticket costs 14 crowns, for children half of that."
QUESTION = "What does a ticket of the observatory cost?"
KNOWN = re.compile("the store is empty|in the store")  # which the deployment is asked for first
CY = "document.querySelector('.opea-canvas')._cyreg.cy"

Scene = tuple[str, Callable[[NotebookPage, Locator], None]]
"""The cell that shows a builder, and what is done in it before its picture is taken."""

CHATQNA = """
from opea_nb import Builder, Pipeline
p = Pipeline("chatqna")
names = [p.add(kind) for kind in ("embedding", "retriever", "reranking", "llm")]
p.connect_all(zip(names, names[1:]))
p.update("reranking", parameters={"top_n": 2})
p.update("llm", parameters={"max_tokens": 32, "temperature": 0})
p.add("dataprep")
builder = Builder(p)
builder
"""
BEGUN = """
from opea_nb import Builder, Pipeline
p = Pipeline("chatqna")
p.add("embedding") >> p.add("retriever") >> p.add("reranking")
builder = Builder(p)
builder
"""
EMPTY = """
from opea_nb import Builder
builder = Builder()
builder
"""
CLOSE = "builder.close()"
RUN = """
from stub_run import asking, chatqna
from opea_nb.notebook.ask import show_run
from opea_nb.notebook.run_shown import RunShown
shown = RunShown("What was the revenue of the third quarter?", chatqna())
"""


def main(folder: Path) -> None:
    """Take every picture."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        lab = start_lab(Path(temporary))
        browser = playwright.chromium.launch(executable_path=browser_path() or None, args=list(QUIET))
        try:
            for theme in THEMES:
                for name, scene in BUILDERS.items():
                    _builder(browser, lab, theme, folder / f"{name}-{theme.lower()}.png", scene)
                _run(browser, lab, theme, folder)
        finally:
            browser.close()
            lab.stop_kernels()
            lab.process.terminate()
            lab.process.wait(timeout=20)


def _open(browser: Browser, lab: Lab, theme: str, name: str, *cells: str) -> NotebookPage:
    lab.write(name, *cells)
    context = browser.new_context(viewport={"width": 1480, "height": 1100}, reduced_motion="reduce")
    return NotebookPage(context.new_page(), lab, name).open(f"JupyterLab {theme}")


def _builder(browser: Browser, lab: Lab, theme: str, path: Path, scene: Scene) -> None:
    cell, prepare = scene
    page = _open(browser, lab, theme, f"{path.stem}.ipynb", cell, CLOSE)
    builder = page.run(0).locator(".opea-builder")
    page.finished(0)
    expect(builder.locator(".opea-layer")).to_be_attached(timeout=30_000)  # the bridge has begun to draw
    page.page.evaluate("document.fonts.ready")
    builder.scroll_into_view_if_needed()
    prepare(page, builder)
    _save(builder, path)
    page.run(1)
    page.finished(1)
    page.page.context.close()


def _finished_run(page: NotebookPage, builder: Locator) -> None:
    """Deployed, fed and asked: the trace on the cards, the answer and a step's details below."""
    _cards(page, 5)
    builder.locator(".opea-deploy-button").click()
    expect(builder.locator(".opea-deploy-state")).to_contain_text("running", timeout=120_000)
    expect(builder.locator(".opea-feeding")).to_contain_text(KNOWN, timeout=30_000)
    with page.page.expect_file_chooser() as chooser:
        builder.locator(".opea-feed").click()
    chooser.value.set_files({"name": "observatory.txt", "mimeType": "text/plain", "buffer": DOCUMENT.encode()})
    expect(builder.locator(".opea-feeding")).to_contain_text("in the store: observatory.txt", timeout=30_000)
    builder.locator(".opea-ask input").fill(QUESTION)
    builder.locator(".opea-ask input").press("Enter")
    expect(builder.locator(".opea-turn").last).to_have_attribute("data-state", "done", timeout=120_000)
    _click_card(page, "reranking")
    expect(builder.locator(".opea-rename input")).to_have_value("reranking")
    page.page.mouse.move(0, 0)


def _nothing_yet(page: NotebookPage, builder: Locator) -> None:
    expect(builder.locator(".opea-canvas .opea-template, .opea-layer .opea-template")).to_have_count(3)
    page.page.mouse.move(0, 0)


def _wrong_yaml(page: NotebookPage, builder: Locator) -> None:
    _cards(page, 5)
    builder.locator(".lm-TabBar-tab", has_text="YAML").click()
    text = builder.locator(".opea-yaml textarea")
    expect(text).not_to_have_value("")
    text.fill(text.input_value().replace("top_n: 2", "top_m: 2"))
    text.blur()
    page.page.wait_for_timeout(500)  # a loaded machine: the text has to be there before the click
    builder.locator(".opea-apply").click()
    expect(builder.locator(".opea-yaml-error")).to_contain_text("line", timeout=20_000)
    builder.locator(".opea-yaml-sheet").evaluate("sheet => { sheet.scrollTop = 0 }")
    page.page.mouse.move(0, 0)


def _wire_into_the_void(page: NotebookPage, builder: Locator) -> None:
    """What a wire from `reranking` can lead to."""
    _cards(page, 3)
    mouse, (x, y, half) = page.page.mouse, _place(page, "reranking")
    mouse.move(x, y)
    mouse.move(x + half - 2, y)
    expect(builder.locator(".opea-handle")).to_be_visible()
    mouse.down()
    mouse.move(x + half + 40, y + 20, steps=4)
    mouse.move(x + half + 60, y - 120, steps=4)
    mouse.up()
    expect(builder.locator(".opea-chooser .opea-choice").first).to_be_visible()
    mouse.move(0, 0)


BUILDERS: dict[str, Scene] = {
    "builder": (CHATQNA, _finished_run),
    "builder-empty": (EMPTY, _nothing_yet),
    "builder-yaml": (CHATQNA, _wrong_yaml),
    "builder-add": (BEGUN, _wire_into_the_void),
}


def _cards(page: NotebookPage, count: int) -> None:
    """Wait until that many are drawn."""
    page.page.wait_for_function(f"{CY}.nodes('[type=\"node\"]').length === {count}")


def _place(page: NotebookPage, name: str) -> tuple[float, float, float]:
    """A card's middle in the window, and half its width."""
    x, y, half = page.page.evaluate(
        f"(() => {{ const n = {CY}.getElementById('n:{name}'); const p = n.renderedPosition();"
        " return [p.x, p.y, n.renderedWidth() / 2]; })()"
    )
    frame = page.page.locator(".opea-canvas").bounding_box()
    assert frame is not None
    return frame["x"] + x, frame["y"] + y, half


def _click_card(page: NotebookPage, name: str) -> None:
    page.page.mouse.click(*_place(page, name)[:2])


def _run(browser: Browser, lab: Lab, theme: str, folder: Path) -> None:
    page = _open(browser, lab, theme, f"run-{theme}.ipynb", RUN, "answer = show_run(asking(pace=1.2), shown)")
    page.run(0)
    page.finished(0)
    output = page.run(1)
    expect(output.locator(".opea-answer")).to_contain_text("Revenue of", timeout=30_000)
    output.locator('.opea-card[data-step="reranking"]').click()
    page.page.mouse.move(0, 0)
    _save(output.locator(".opea-run"), folder / f"run-{theme.lower()}.png")
    page.finished(1)
    page.page.context.close()


def _save(what: Locator, path: Path) -> None:
    what.screenshot(path=path, animations="disabled")
    size = path.stat().st_size
    if size > LIMIT:
        raise SystemExit(f"{path} has {size} bytes: more than {LIMIT}")
    print(path.name, size, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2] / "docs" / "images")
