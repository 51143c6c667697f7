"""Real screenshots for README and docs: ``python tests/browser/screenshots.py [FOLDER]`` (default docs/images)."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from conftest import QUIET, Lab, NotebookPage, browser_path, start_lab
from playwright.sync_api import Browser, Locator, expect, sync_playwright

LIMIT = 300_000  # bytes a picture

BUILDER = """
from opea_nb import Builder, Pipeline
p = Pipeline("chatqna")
names = [p.add(kind) for kind in ("embedding", "retriever", "reranking", "llm")]
p.connect_all(zip(names, names[1:]))
p.add("redis"); p.use("retriever", "redis")
p.add("tei"); p.use("embedding", "tei")
p.update("reranking", parameters={"top_n": 3})
builder = Builder(p)
builder
"""
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
            for theme in ("Light", "Dark"):
                _builder(browser, lab, theme, folder)
            _run(browser, lab, "Light", folder)
            _run(browser, lab, "Dark", folder)
        finally:
            browser.close()
            lab.process.terminate()
            lab.process.wait(timeout=20)


def _open(browser: Browser, lab: Lab, theme: str, name: str, *cells: str) -> NotebookPage:
    lab.write(name, *cells)
    context = browser.new_context(viewport={"width": 1480, "height": 1100}, reduced_motion="reduce")
    return NotebookPage(context.new_page(), lab, name).open(f"JupyterLab {theme}")


def _builder(browser: Browser, lab: Lab, theme: str, folder: Path) -> None:
    page = _open(browser, lab, theme, f"builder-{theme}.ipynb", BUILDER)
    output = page.run(0)
    page.finished(0)
    builder = output.locator(".opea-builder")
    expect(builder.locator(".opea-canvas canvas").first).to_be_visible(timeout=30_000)
    builder.locator(".opea-inspector > .widget-dropdown select").select_option(label="reranking")
    expect(builder.locator(".opea-rename input")).to_have_value("reranking")
    builder.locator(".lm-TabBar-tab", has_text="YAML").click()
    page.page.wait_for_timeout(1500)  # the theme's colours go round by the kernel
    _save(builder, folder / f"builder-{theme.lower()}.png")
    page.page.context.close()


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
    _save(output.locator(".opea-run"), folder / f"run-static-{theme.lower()}.png")
    page.page.context.close()


def _save(what: Locator, path: Path) -> None:
    what.screenshot(path=path, animations="disabled")
    size = path.stat().st_size
    if size > LIMIT:
        raise SystemExit(f"{path} has {size} bytes: more than {LIMIT}")
    print(path, size)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2] / "docs" / "images")
