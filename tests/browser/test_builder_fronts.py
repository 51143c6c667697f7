"""The Builder in other front ends, and where a hub puts the server."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.browser.canvas import Canvas, Open, canvas_in, opening, shown
from tests.browser.conftest import ALLOWED, Lab

pytestmark = pytest.mark.slow

# Voila tries Notebook 7's own extension too, which lacks its host there, and asks the internet for fonts and MathJax.
VOILAS = re.compile(r"@jupyter-notebook/lab-extension|net::ERR_FAILED")


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page whose console must be clean in the end."""
    context = chromium.new_context(viewport={"width": 1440, "height": 1000}, reduced_motion="reduce")
    page = context.new_page()
    complaints: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error" and not ALLOWED.search(message.text):
            complaints.append(message.text)

    page.on("console", heard)
    page.on("pageerror", lambda error: complaints.append(f"{error}\n{error.stack}"))
    yield page
    context.close()
    assert [text for text in complaints if not VOILAS.search(text)] == []


def builds_by_mouse(canvas: Canvas) -> None:
    canvas.drop("embedding", canvas.ground(0.25, 0.3))
    canvas.until(lambda told: told["cards"] == ["embedding"])
    canvas.drop("retriever", canvas.ground(0.65, 0.6))
    canvas.until(lambda told: told["cards"] == ["embedding", "retriever"])
    canvas.cards("embedding", "retriever")
    canvas.wire("embedding", canvas.at("retriever"))
    canvas.until(lambda told: told["edges"] == [["embedding", "retriever"]])
    canvas.builder.locator(".opea-undo").click()
    canvas.until(lambda told: told["edges"] == [])


def test_in_notebook_7(notebook: Open, lab_behind_base_url: Lab) -> None:
    # a server of its own: one that has served Lab a font refuses it to Notebook 7, and the other way round
    server = lab_behind_base_url
    page = notebook("seven.ipynb", opening("seven"), front="notebooks", server=server)
    page.complaints.clear()  # Notebook 7's own, from before anything of ours was there
    output = page.run(0)
    page.finished(0)
    builds_by_mouse(canvas_in(page.page, output, server.folder / "seven.told"))


def test_in_voila(page: Page, lab: Lab) -> None:
    name = lab.write("voila.ipynb", opening("voila"))
    # Voila asks the internet for fonts and styles
    page.route(lambda url: "127.0.0.1" not in url, lambda route: route.abort())
    page.goto(f"{lab.url}/voila/render/{quote(name)}?token={lab.token}")
    builds_by_mouse(canvas_in(page, page.locator("body"), lab.folder / "voila.told"))
    lab.stop_kernels()


def test_behind_a_base_url(notebook: Open, lab_behind_base_url: Lab) -> None:
    builds_by_mouse(shown(notebook, "hub", server=lab_behind_base_url))


@pytest.mark.parametrize("subshells", ["disabled", "perCommTarget"])
def test_whichever_thread_callbacks_come_on(notebook: Open, lab: Lab, subshells: str) -> None:
    folder = lab.folder / ".home/lab/user-settings/@jupyterlab/apputils-extension"
    settings = folder / "kernels-settings.jupyterlab-settings"
    settings.write_text(json.dumps({"commsOverSubshells": subshells}))
    where = "threading.current_thread() is threading.main_thread()"
    try:
        page = notebook(
            f"threads-{subshells}.ipynb",
            opening(
                f"threads-{subshells}", "import threading", f"p.observe(lambda _: seen.append({where}))", "seen = []"
            ),
            "seen.clear(); print('cleared')",
            "print('threads', {*seen})",
        )
        output = page.run(0)
        page.finished(0)
        page.run(1)
        page.finished(1)
        builds_by_mouse(canvas_in(page.page, output, lab.folder / f"threads-{subshells}.told"))
        expect(page.run(2)).to_contain_text("{True}" if subshells == "disabled" else "{False}")
        page.finished(2)
    finally:
        settings.unlink()
