"""How soon the Builder is there: first paint, a dropped component in the YAML, and a large pipeline.

    python benchmarks/opening.py [--rounds 3]

A real JupyterLab and a real Chromium. Opening is the time from the key that runs the cell to the second animation
frame after every card is in the graph; a drop is made once the page has nothing left to do, and ends at the first
animation frame that finds the name in the YAML (a page's first one makes the panels of a card for the first time).
The same graph of 500 services and 1,000 edges is also shown by ipycytoscape's own elements, in turns with the Builder,
for the ratio; the server's bound on messages is lifted for it.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parents[1] / "tests"

PREPARE = """
import random
import ipycytoscape, networkx, opea_nb
def made(services, edges):
    p, rng = opea_nb.Pipeline("big"), random.Random(1)
    names = [p.add("llm", name=f"s{n}", port=10000 + n).name for n in range(services)]
    chosen = {(n, n + 1) for n in range(services - 1)}
    while len(chosen) < edges:
        a = rng.randrange(services - 1)
        chosen.add((a, min(services - 1, a + rng.randrange(1, 9))))
    p.connect_all([(names[a], names[b]) for a, b in sorted(chosen)])
    return p
small, large = made(30, 40), made(500, 1000)
opea_nb.Builder(made(2, 1))
"""
SMALL, LARGE = "opea_nb.Builder(small)", "opea_nb.Builder(large)"
PLAIN = """
w = ipycytoscape.CytoscapeWidget(cytoscape_layout={"name": "grid"})
w.graph.add_graph_from_networkx(networkx.DiGraph(list(large.graph.edges)), directed=True)
w
"""

WATCH = """
([cell, cards]) => new Promise((found) => {
  const output = document.querySelectorAll(".jp-Notebook .jp-Cell")[cell];
  const look = () => {
    const shown = [...output.querySelectorAll("div")].find((e) => e._cyreg?.cy);
    if (shown && shown._cyreg.cy.nodes().length >= cards)
      requestAnimationFrame(() => requestAnimationFrame(() => found(performance.now())));
    else requestAnimationFrame(look);
  };
  look();
})
"""
PRESSED = """
() => document.addEventListener("keydown", (e) => { if (e.key === "Enter" && e.ctrlKey) window.pressed = e.timeStamp },
  true)
"""
DROPPED = """
(name) => new Promise((found) => {
  let dropped = 0;
  for (const kind of ["drop", "pointerup"]) document.addEventListener(kind, (e) => { dropped ||= e.timeStamp }, true);
  const look = () => {
    const text = [...document.querySelectorAll(".opea-yaml textarea")].at(-1);
    if (dropped && text?.value.includes(name)) found(performance.now() - dropped);
    else requestAnimationFrame(look);
  };
  look();
})
"""

DROPPED_KINDS = ("embedding", "retriever", "reranking", "guardrails", "asr")

SETTLED = "() => new Promise((idle) => requestIdleCallback(() => requestIdleCallback(idle)))"


def main() -> None:
    """Measure, and print the table."""
    sys.path[:0] = [str(TESTS / "browser")]
    from conftest import QUIET, NotebookPage, browser_path, start_lab
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    times: dict[str, list[float]] = {"30 services": [], "500 services, 1,000 edges": [], "the same by ipycytoscape": []}
    drops: list[list[float]] = []

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        # ipycytoscape's own elements pass the server's bound on messages (1,000/s), and would never be shown.
        config = Path(folder) / ".home" / "jupyter_server_config.json"
        config.parent.mkdir()
        config.write_text('{"ServerApp": {"iopub_msg_rate_limit": 1e6}}')
        lab = start_lab(Path(folder))
        program = browser_path() or playwright.chromium.executable_path
        browser = playwright.chromium.launch(executable_path=program, args=list(QUIET))
        try:
            for _ in range(options.rounds):
                page = browser.new_context(viewport={"width": 1440, "height": 1200}).new_page()
                cells = (PREPARE, SMALL, LARGE, PLAIN)
                book = NotebookPage(page, lab, lab.write("opening.ipynb", *cells)).open()
                page.evaluate(PRESSED)
                book.run(0)
                book.finished(0)
                for cell, (name, cards) in enumerate(zip(times, (30, 500, 500), strict=True), 1):
                    book.cell(cell).scroll_into_view_if_needed()
                    book.cell(cell).locator(".cm-content").click()
                    page.keyboard.press("Control+Enter")
                    painted = page.evaluate(WATCH, [cell, cards])
                    times[name].append(painted - page.evaluate("window.pressed"))
                    book.finished(cell)
                    if cell == 1:
                        drops.append(dropped(book))
                lab.stop_kernels()
                page.context.close()
        finally:
            browser.close()
            lab.stop_kernels()
            lab.process.terminate()
            lab.process.wait(timeout=20)

    for name, found in times.items():
        print(f"{name:28} painted after {statistics.median(found):6.0f} ms (worst {max(found):.0f})")
    pairs = zip(times["the same by ipycytoscape"], times["500 services, 1,000 edges"], strict=True)
    print(f"ratio, ipycytoscape's elements to the Builder's: {statistics.median(a / b for a, b in pairs):.1f}")
    first, later = [each[0] for each in drops], [ms for each in drops for ms in each[1:]]
    for name, found in (("a page's first drop", first), ("further drops", later)):
        print(f"{name:28} in the YAML {statistics.median(found):6.0f} ms (worst {max(found):.0f})")


def dropped(book: object) -> list[float]:
    """Milliseconds from dropping a component to its name in the YAML beside the graph, for some in turn."""
    from conftest import NotebookPage

    assert isinstance(book, NotebookPage)
    page, builder = book.page, book.cell(1).locator(".opea-builder")
    builder.locator(".lm-TabBar-tab", has_text="YAML").click()
    builder.locator(".opea-yaml textarea").wait_for()
    builder.locator(".opea-palette").scroll_into_view_if_needed()
    return [_dropped(page, builder, kind) for kind in DROPPED_KINDS]


def _dropped(page: Any, builder: Any, kind: str) -> float:
    entry, canvas = builder.locator(f".opea-kind-{kind}").first, builder.locator(".opea-canvas")
    entry.scroll_into_view_if_needed()
    start, end = entry.bounding_box(), canvas.bounding_box()
    assert start is not None
    assert end is not None
    page.evaluate(SETTLED)
    page.mouse.move(start["x"] + 20, start["y"] + 10)
    page.mouse.down()
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + end["height"] - 80, steps=8)
    waiting = page.evaluate_handle(f"(name) => {{ window.landed = ({DROPPED})(name) }}", f"{kind}:")
    page.mouse.up()
    found: float = page.evaluate("window.landed")
    waiting.dispose()
    return found


if __name__ == "__main__":
    main()
