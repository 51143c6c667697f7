"""Whether typing in a cell stays responsive while an answer streams at full speed in the Builder.

    python benchmarks/keystrokes.py [--keys 60] [--rounds 3] [--rate 400]

A real JupyterLab and a real Chromium. A key's latency is the time from its event to the second animation frame after
it, that is until it has been painted. Idle and streaming take turns in the same page, so that what else the machine
does falls on both; the ratio is that of their medians, over all rounds.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1] / "tests"
ANSWERING = TESTS / "notebook" / "builder" / "answering.py"
TOKENS = 2000

BUILDER = """
import opea_nb
from answering import answered_by, serving
services = serving()
p = answered_by(services.__enter__().url)
builder = opea_nb.Builder(p)
builder
"""

TIMER = """
() => {
  window.latencies = [];
  document.addEventListener("keydown", (event) => {
    if (event.key.length !== 1 || !event.target.closest(".cm-content")) return;
    const began = event.timeStamp;
    requestAnimationFrame(() => requestAnimationFrame((now) => window.latencies.push(performance.now() - began)));
  }, true);
}
"""


def main() -> None:
    """Measure, and print the table."""
    sys.path[:0] = [str(TESTS / "browser")]
    from conftest import QUIET, NotebookPage, browser_path, start_lab
    from playwright.sync_api import Page, expect, sync_playwright

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keys", type=int, default=60, help="keys in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--rate", type=int, default=400, help="tokens a second; 0 for as fast as it goes, again and again"
    )
    options = parser.parse_args()

    def typed(page: Page, cell: NotebookPage, keys: int) -> list[float]:
        cell.cell(1).locator(".cm-content").click()
        page.evaluate("window.latencies.length = 0")
        for n in range(keys):
            page.keyboard.press("abcdefghij"[n % 10])
            page.wait_for_timeout(40)
        page.wait_for_timeout(200)
        found: list[float] = page.evaluate("window.latencies")
        return found

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        lab = start_lab(Path(folder))
        shutil.copy(ANSWERING, folder)
        program = browser_path() or playwright.chromium.executable_path
        browser = playwright.chromium.launch(executable_path=program, args=list(QUIET))
        try:
            page = browser.new_context(viewport={"width": 1440, "height": 1400}).new_page()
            book = NotebookPage(page, lab, lab.write("typing.ipynb", BUILDER, "# type here ")).open()
            builder = book.run(0).locator(".opea-builder")
            book.finished(0)
            builder.locator(".opea-deploy-button").click()
            expect(builder.locator(".opea-deploy-state")).to_contain_text("running", timeout=60_000)
            page.evaluate(TIMER)
            typed(page, book, 10)
            idle: list[float] = []
            streaming: list[float] = []
            updates = 0
            for _ in range(options.rounds):
                idle += typed(page, book, options.keys)
                pause = f"every {1000 / options.rate:g} ms" if options.rate else ""
                builder.locator(".opea-ask input").fill(f"{TOKENS} words {pause}")
                builder.locator(".opea-ask input").press("Enter")
                expect(builder.locator(".opea-turn").last.locator(".opea-said-back")).to_contain_text("w9")
                page.evaluate(
                    "() => { window.updates = 0; new MutationObserver(() => window.updates++)"
                    ".observe([...document.querySelectorAll('.opea-said-back')].at(-1), {childList: true}) }"
                )
                during = typed(page, book, options.keys)
                going = builder.locator(".opea-turn").last.get_attribute("data-state") == "running"
                if options.rate and not going:
                    print("the answer ended before the typing did: take fewer --keys or a lower --rate")
                streaming += during
                updates += page.evaluate("window.updates")
                expect(builder.locator(".opea-turn").last).to_have_attribute("data-state", "done", timeout=120_000)
                expect(builder.locator(".opea-ask-button")).to_be_enabled(timeout=30_000)
        finally:
            browser.close()
            lab.stop_kernels()
            lab.process.terminate()
            lab.process.wait(timeout=20)

    print(f"{'':12} {'keys':>5} {'median':>9} {'95 %':>9} {'worst':>9}")
    for name, found in (("idle", idle), ("streaming", streaming)):
        worst = sorted(found)
        high = worst[int(0.95 * (len(worst) - 1))]
        print(f"{name:12} {len(found):5} {statistics.median(found):6.1f} ms {high:6.1f} ms {worst[-1]:6.1f} ms")
    print(f"{updates} updates of the answer; ratio {statistics.median(streaming) / statistics.median(idle):.2f}")


if __name__ == "__main__":
    main()
