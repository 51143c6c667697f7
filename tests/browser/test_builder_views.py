"""One Builder in several views, notebooks, themes and widths, and without its kernel."""

from __future__ import annotations

import re
from base64 import b64decode

import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import expect

from tests.browser.canvas import CHATQNA, CHATQNA_THERE, Open, canvas_in, opening, with_chatqna
from tests.browser.conftest import Lab

pytestmark = pytest.mark.slow


def test_two_views_of_one_builder_stay_in_step(notebook: Open) -> None:
    page = notebook("two.ipynb", opening("two", CHATQNA_THERE), "builder")
    file = page.lab.folder / "two.told"
    page.run(0)
    page.finished(0)
    page.run(1)
    page.finished(1)
    first, second = (canvas_in(page.page, page.cell(number), file) for number in (0, 1))
    for view in (first, second):
        view.cards(*CHATQNA)
    first.box.scroll_into_view_if_needed()
    first.click("reranking")
    second.chosen("reranking")
    first.press("Shift+Delete")
    for view in (first, second):
        view.cards("embedding", "retriever", "llm")
    second.box.scroll_into_view_if_needed()
    x, y = second.at("llm")
    second.drag((x, y), (x, y + 40))
    place = second.until(lambda told: told["places"]["llm"])["places"]["llm"]
    first.shows("Math.abs(cy.$id('n:llm').position('y') - 26 - given[0]) < 1", place[1])


def test_parts_are_copied_from_one_notebook_into_another(notebook: Open) -> None:
    one = with_chatqna(notebook, "from")
    one.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    one.click("retriever")
    one.chosen("retriever")
    one.press("Control+a", "Control+c")
    one.page.wait_for_function("navigator.clipboard.readText().then(text => text.includes('reranking'))")
    other = notebook("into.ipynb", opening("into"))
    output = other.run(0)
    other.finished(0)
    canvas = canvas_in(other.page, output, other.lab.folder / "into.told")
    other.page.bring_to_front()
    canvas.box.focus()
    canvas.press("Control+v")
    told = canvas.until(lambda told: told["cards"])
    assert told["cards"] == sorted(CHATQNA)
    assert told["edges"] == one.told()["edges"]


def test_a_saved_notebook_shows_the_graph_without_a_kernel(notebook: Open) -> None:
    page = notebook("kept-builder.ipynb", opening("kept-builder", CHATQNA_THERE))
    output = page.run(0)
    page.finished(0)
    canvas_in(page.page, output, page.lab.folder / "kept-builder.told").cards(*CHATQNA)
    page.save()
    page.lab.stop_kernels()
    page.page.goto("about:blank")
    page.open()
    picture = page.cell(0).locator(".jp-RenderedSVG img, .jp-RenderedSVG svg, .jp-OutputArea img").first
    expect(picture).to_be_visible(timeout=20_000)
    page.page.goto("about:blank")
    page.lab.stop_kernels()
    page.page.route(
        "**/api/sessions**", lambda asked: asked.abort() if asked.request.method == "POST" else asked.continue_()
    )
    page.page.goto(f"{page.lab.url}/doc/tree/kept-builder.ipynb?token={page.lab.token}&reset")
    expect(page.page.locator(".jp-Dialog")).to_contain_text("Error Starting Kernel", timeout=60_000)
    expect(picture).to_be_visible(timeout=20_000)
    page.complaints.clear()  # of Lab, which gets no kernel
    exported, _ = HTMLExporter().from_filename(str(page.lab.folder / "kept-builder.ipynb"))
    (drawing,) = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', exported)
    assert all(f">{name}<" in b64decode(drawing).decode() for name in CHATQNA)


def test_a_notebook_saved_with_its_widgets_shows_the_builder_as_it_was_and_says_so_once(
    notebook: Open, lab: Lab
) -> None:
    folder = lab.folder / ".home/lab/user-settings/@jupyter-widgets/jupyterlab-manager"
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "plugin.jupyterlab-settings"
    settings.write_text('{"saveState": true}')
    try:
        page = notebook("kept-state.ipynb", opening("kept-state", CHATQNA_THERE))
        output = page.run(0)
        page.finished(0)
        canvas_in(page.page, output, lab.folder / "kept-state.told").cards(*CHATQNA)
        page.save()
    finally:
        settings.unlink()
    lab.stop_kernels()
    page.page.goto("about:blank")
    page.open()
    canvas = canvas_in(page.page, page.cell(0), lab.folder / "kept-state.told")
    canvas.cards(*CHATQNA)
    mark = "el => getComputedStyle(el, '::before').content"
    assert "run the cell" in canvas.builder.evaluate(mark)
    lost = canvas.builder.locator(".jupyter-widgets-disconnected:not([class*='opea-icon-'], .opea-section)")
    assert {lost.nth(at).evaluate("el => getComputedStyle(el, '::before').display") for at in (0, 1, 2)} == {"none"}


def test_themes_change_while_it_is_open(notebook: Open) -> None:
    canvas = with_chatqna(notebook, "themes")
    fill = "getComputedStyle(cy.container()).backgroundColor"
    label = "cy.edges()[0].style('line-color')"
    seen = {(canvas.cy(fill), canvas.cy(label))}
    for theme in ("JupyterLab Dark", "JupyterLab Dark High Contrast"):
        canvas.page.keyboard.press("Escape")
        canvas.page.locator(".lm-MenuBar-item", has_text="Settings").click()
        canvas.page.locator(".lm-Menu-item", has_text="Theme").first.click()
        canvas.page.locator(".lm-Menu-itemLabel").get_by_text(theme, exact=True).click()
        expect(canvas.page.locator("body")).to_have_attribute("data-jp-theme-name", theme, timeout=20_000)
        for _ in range(100):
            now = (canvas.cy(fill), canvas.cy(label))
            if now not in seen:
                break
            canvas.page.wait_for_timeout(50)
        assert now not in seen
        seen.add(now)


@pytest.mark.parametrize("width", [420, 800])
def test_it_holds_in_a_narrow_view(notebook: Open, width: int) -> None:
    canvas = with_chatqna(notebook, f"narrow-{width}")
    canvas.page.set_viewport_size({"width": width, "height": 1000})
    root = canvas.builder
    assert root.evaluate("el => el.scrollWidth - el.clientWidth") <= 1
    frame, palette, whole = (part.bounding_box() or {} for part in (canvas.box, root.locator(".opea-palette"), root))
    for button in (".opea-deploy-button", ".opea-stop-button", ".opea-full-button"):
        box = root.locator(button).bounding_box()
        assert box is not None
        assert whole["x"] <= box["x"] < box["x"] + box["width"] <= whole["x"] + whole["width"]
    assert frame["width"] > 200
    assert (frame["y"] == palette["y"]) == (width == 800)  # beside it as long as there is room
    canvas.box.scroll_into_view_if_needed()
    canvas.box.focus()
    canvas.press("a")
    canvas.type("guardrails")
    canvas.press("Enter")
    canvas.until(lambda told: "guardrails" in told["cards"])
