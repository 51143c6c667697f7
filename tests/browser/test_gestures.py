"""What mouse and keyboard do on the canvas, in a real JupyterLab."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, expect

if TYPE_CHECKING:
    from conftest import NotebookPage

pytestmark = pytest.mark.slow

Open = Callable[..., "NotebookPage"]

OPEN = """
from opea_nb import Builder, Pipeline
p = Pipeline("chatqna")
builder = Builder(p)
builder
"""
CHAIN = """
a, b, c = p.add("embedding"), p.add("retriever"), p.add("llm")
p.connect(a, b)
"""
SHOW = """
import json
print(json.dumps({"services": [*p.services], "edges": sorted(map(list, p.graph.edges)),
    "places": {n: list(s.position or ()) for n, s in p.services.items()}, "undo": p.undo_label,
    "notes": [n.text for n in p.notes.values()],
    "groups": {g.name: [list(g.members), g.folded] for g in p.groups.values()}}))
"""
CY = "document.querySelector('.opea-canvas')._cyreg.cy"


@dataclass
class Canvas:
    """The canvas of the one Builder of a page."""

    page: NotebookPage
    builder: Locator

    @property
    def box(self) -> Locator:
        return self.builder.locator(".opea-canvas")

    def cards(self, *names: str) -> None:
        """Wait until these cards are drawn, and no others."""
        wanted = json.dumps(sorted(names), separators=(",", ":"))
        self.page.page.wait_for_function(
            f"JSON.stringify({CY}.nodes('[type=\"node\"]').map(n => n.data('name')).sort()) === '{wanted}'"
        )

    def at(self, name: str, dx: float = 0.0, dy: float = 0.0) -> tuple[float, float]:
        """A point of the window on a card: its middle, or that many half widths and heights beside it."""
        spot = self.page.page.evaluate(
            f"(() => {{ const n = {CY}.getElementById('n:{name}'); const p = n.renderedPosition();"
            " return [p.x, p.y, n.renderedWidth() / 2, n.renderedHeight() / 2]; })()"
        )
        frame = self.box.bounding_box()
        assert frame is not None
        return frame["x"] + spot[0] + dx * spot[2], frame["y"] + spot[1] + dy * spot[3]

    def ground(self, x: float = 0.5, y: float = 0.8) -> tuple[float, float]:
        frame = self.box.bounding_box()
        assert frame is not None
        return frame["x"] + x * frame["width"], frame["y"] + y * frame["height"]

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        mouse = self.page.page.mouse
        mouse.move(*start)
        mouse.down()
        mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2, steps=4)
        mouse.move(*end, steps=4)
        mouse.up()

    def wire(self, source: str, end: tuple[float, float]) -> None:
        """Drag from a card's right edge."""
        self.page.page.mouse.move(*self.at(source))
        self.page.page.mouse.move(*self.at(source, dx=0.98))
        expect(self.builder.locator(".opea-handle")).to_be_visible()
        self.drag(self.at(source, dx=1.0), end)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.page.keyboard.press(key)

    def said(self, text: str) -> None:
        expect(self.builder.locator(".opea-status")).to_contain_text(text)

    def python(self, cell: int) -> dict[str, object]:
        """What the pipeline holds, told by a cell."""
        output = self.page.run(cell)
        self.page.finished(cell)
        return dict(json.loads(output.inner_text().strip().splitlines()[-1]))


def opened(page: NotebookPage) -> Canvas:
    output = page.run(0)
    page.finished(0)
    builder = output.locator(".opea-builder")
    expect(builder.locator(".opea-layer")).to_be_attached(timeout=30_000)
    page.page.locator(".opea-canvas").scroll_into_view_if_needed()
    return Canvas(page, builder)


def with_chain(page: NotebookPage) -> Canvas:
    canvas = opened(page)
    page.run(1)
    page.finished(1)
    canvas.cards("embedding", "retriever", "llm")
    canvas.builder.scroll_into_view_if_needed()
    return canvas


def test_menus_speak_of_what_is_under_the_pointer_and_a_list_tells_screen_readers(notebook: Open) -> None:
    canvas = with_chain(notebook("menu.ipynb", OPEN, CHAIN, SHOW))
    page = canvas.page.page
    page.mouse.click(*canvas.at("embedding"), button="right")
    menu = canvas.builder.locator("[role=menu]")
    expect(menu.get_by_text("Disconnect from retriever")).to_be_visible()
    expect(page.locator(".lm-Menu")).to_have_count(0)
    menu.get_by_text("Disconnect from retriever").click()
    page.wait_for_function(f"{CY}.edges().length === 0")
    page.mouse.click(*canvas.ground(0.5, 0.9), button="right")
    expect(menu.get_by_text(re.compile("^Undo: disconnect"))).to_be_visible()
    canvas.press("Escape")
    expect(canvas.box).to_be_focused()
    canvas.press("Tab")
    options = canvas.builder.locator(".opea-outline [role=option]")
    expect(options).to_have_count(3)
    chosen = canvas.builder.locator('.opea-outline [aria-selected="true"]')
    expect(chosen).to_contain_text("retriever, service")
    expect(canvas.box).to_have_attribute("aria-activedescendant", str(chosen.get_attribute("id")))


def test_the_wheel_is_the_pages_until_the_canvas_is_used(notebook: Open) -> None:
    canvas = with_chain(notebook("wheel.ipynb", OPEN, CHAIN, SHOW))
    page = canvas.page.page
    zoom = page.evaluate(f"{CY}.zoom()")
    page.mouse.move(*canvas.ground())
    page.mouse.wheel(0, -100)
    assert page.evaluate(f"{CY}.zoom()") == zoom
    page.mouse.click(*canvas.ground())
    page.keyboard.down("Control")
    page.mouse.wheel(0, -100)
    page.keyboard.up("Control")
    page.wait_for_function(f"{CY}.zoom() > {zoom}")


def test_arranging_is_by_dagre_and_one_step_and_names_change_in_place(notebook: Open) -> None:
    canvas = with_chain(notebook("arrange.ipynb", OPEN, CHAIN + "p.connect(b, c)", SHOW))
    page = canvas.page.page
    x, y = canvas.at("llm")
    canvas.drag((x, y), (canvas.at("embedding")[0] - 20, y + 130))
    canvas.said("move")
    canvas.builder.locator(".opea-arrange-button").click()
    canvas.said("arrange")
    page.wait_for_function(
        f"{CY}.getElementById('n:llm').position('x') > {CY}.getElementById('n:retriever').position('x')"
    )
    page.mouse.dblclick(*canvas.at("retriever"))
    field = canvas.builder.locator(".opea-field-here")
    expect(field).to_have_value("retriever")
    field.fill("finder")
    canvas.press("Enter")
    canvas.cards("embedding", "finder", "llm")
