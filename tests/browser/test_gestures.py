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
    "notes": [n.text for n in p.notes.values()], "groups": {g.name: [list(g.members), g.folded] for g in p.groups.values()}}))
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


def test_a_component_is_dragged_from_the_palette_and_lies_where_it_is_dropped(notebook: Open) -> None:
    canvas = opened(notebook("drop.ipynb", OPEN, SHOW))
    entry = canvas.builder.locator(".opea-entry.opea-kind-llm")
    entry.scroll_into_view_if_needed()
    frame = entry.bounding_box()
    assert frame is not None
    there = canvas.ground(0.4, 0.4)
    canvas.drag((frame["x"] + 20, frame["y"] + 10), there)
    canvas.cards("llm")
    assert canvas.at("llm") == pytest.approx(there, abs=4)


def test_wires_connect_what_fits_refuse_with_a_reason_and_offer_what_to_add_in_the_void(notebook: Open) -> None:
    canvas = with_chain(notebook("wire.ipynb", OPEN, CHAIN, SHOW))
    canvas.wire("retriever", canvas.at("llm"))
    canvas.said("connect")
    canvas.wire("llm", canvas.at("embedding"))
    expect(canvas.builder.locator(".opea-hint")).to_contain_text(re.compile("embedding|circle|cycle|loop"))
    canvas.wire("llm", canvas.ground(0.5, 0.85))
    chooser = canvas.builder.locator(".opea-chooser")
    expect(chooser.locator(".opea-choice[aria-disabled]").first).to_be_attached()
    chooser.locator("input").fill("guardrail")
    canvas.press("Enter")
    canvas.cards("embedding", "retriever", "llm", "guardrails")
    told = canvas.python(2)
    assert told["edges"] == [["embedding", "retriever"], ["llm", "guardrails"], ["retriever", "llm"]]
    assert canvas.page.page.evaluate(f"{CY}.edges().length") == 3
    assert canvas.page.page.evaluate(f"{CY}.elements('.eh-ghost, .dimmed, .lit').length") == 0


def test_cards_are_chosen_by_a_box_and_dragged_together_as_one_step(notebook: Open) -> None:
    canvas = with_chain(notebook("box.ipynb", OPEN, CHAIN, SHOW))
    x0, y0 = canvas.at("embedding", -1.2, -1.6)
    x1, y1 = canvas.at("retriever", 1.2, 1.6)
    canvas.page.page.keyboard.down("Shift")
    canvas.drag((x0, y0), (x1, y1))
    canvas.page.page.keyboard.up("Shift")
    canvas.page.page.wait_for_function(f"{CY}.nodes('.chosen').length === 2")
    x, y = canvas.at("embedding")
    canvas.drag((x, y), (x + 40, y + 60))
    canvas.said("move")
    before = canvas.python(2)
    assert set(before["places"]) == {"embedding", "retriever", "llm"}  # type: ignore[call-overload]
    canvas.box.focus()
    canvas.press("Control+z")
    canvas.said("undo")
    assert canvas.python(2)["undo"] == "connect embedding to retriever"


def test_everything_is_done_by_keys(notebook: Open) -> None:
    canvas = opened(notebook("keys.ipynb", OPEN, SHOW))
    canvas.box.focus()
    canvas.press("a")
    canvas.page.page.keyboard.type("embedding")
    canvas.press("Enter")
    canvas.cards("embedding")
    canvas.press("c")
    expect(canvas.builder.locator(".opea-choices-rest")).to_contain_text("nothing")
    canvas.press("Escape", "/")
    expect(canvas.builder.locator(".opea-search input")).to_be_focused()
    canvas.page.page.keyboard.type("retriever")
    canvas.press("Enter")
    canvas.cards("embedding", "retriever")
    canvas.box.focus()
    canvas.press("Control+a")
    canvas.page.page.wait_for_function(f"{CY}.nodes('.chosen').length === 2")
    canvas.press("Tab")
    expect(canvas.box).not_to_be_focused()
    canvas.box.focus()
    canvas.press("Shift+Tab")
    expect(canvas.box).to_be_focused()
    canvas.page.page.wait_for_function(f"{CY}.nodes('.chosen').map(n => n.data('name')).join() === 'embedding'")
    canvas.press("c")
    expect(canvas.builder.locator(".opea-choice")).to_have_count(1)
    canvas.press("Enter")
    canvas.said("connect")
    canvas.press("F2")
    canvas.page.page.keyboard.type("vectors")
    canvas.press("Enter")
    canvas.cards("retriever", "vectors")
    canvas.press("ArrowDown", "ArrowDown", "ArrowRight", "Alt+ArrowRight")
    canvas.said("move")
    told = canvas.python(1)
    assert told["edges"] == [["vectors", "retriever"]]
    canvas.box.focus()
    canvas.press("Control+a", "g")
    canvas.page.page.wait_for_function(f"{CY}.nodes('.group').length === 1")
    canvas.press("n")
    canvas.page.page.keyboard.type("remember")
    canvas.press("Control+Enter")
    canvas.page.page.wait_for_function(f"{CY}.nodes('.note').length === 1")
    canvas.press("?")
    expect(canvas.builder.locator(".opea-keys")).to_be_visible()
    canvas.press("Escape")
    expect(canvas.builder.locator(".opea-keys")).to_have_count(0)
    told = canvas.python(1)
    assert told["notes"] == ["remember"]
    assert sorted(next(iter(told["groups"].values()))[0]) == ["retriever", "vectors"]  # type: ignore[attr-defined]


def test_parts_are_copied_and_pasted_and_keys_stay_off_the_cells(notebook: Open) -> None:
    page = notebook("copy.ipynb", OPEN, CHAIN, SHOW)
    page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    canvas = with_chain(page)
    canvas.page.page.mouse.click(*canvas.at("llm"))
    canvas.press("Control+c")
    expect(canvas.builder.locator(".opea-live", has_text="copied llm")).to_be_attached()
    canvas.press("Control+v")
    canvas.cards("embedding", "retriever", "llm", "llm_2")
    canvas.press("Control+d")
    canvas.cards("embedding", "retriever", "llm", "llm_2", "llm_3")
    canvas.press("Control+x")
    canvas.cards("embedding", "retriever", "llm", "llm_2")
    for key in ("x", "d", "d", "b", "Delete", "ArrowDown"):
        canvas.press(key)
    expect(page.page.locator(".jp-Notebook .jp-Cell")).to_have_count(3)
    canvas.press("Escape")
    expect(canvas.box).not_to_be_focused()


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
    current = canvas.box.get_attribute("aria-activedescendant")
    expect(canvas.builder.locator(f"#{current}")).to_have_attribute("aria-selected", "true")


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


def test_an_empty_canvas_offers_templates_and_takes_a_file(notebook: Open) -> None:
    canvas = opened(notebook("empty.ipynb", OPEN, "print(p.to_yaml())", SHOW))
    expect(canvas.builder.locator(".opea-template")).to_have_count(3)
    canvas.builder.locator(".opea-template").first.click()
    expect(canvas.builder.locator(".opea-template").first).to_be_hidden()
    output = canvas.page.run(1)
    canvas.page.finished(1)
    text = output.inner_text()
    canvas.box.focus()
    canvas.press("Control+a", "Delete")
    expect(canvas.builder.locator(".opea-template").first).to_be_visible()
    canvas.page.page.evaluate(
        """([text, x, y]) => {
          const data = new DataTransfer();
          data.items.add(new File([text], "dropped.yaml"));
          const target = document.elementFromPoint(x, y);
          for (const kind of ["dragover", "drop"])
            target.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: data, clientX: x, clientY: y }));
        }""",
        [text, *canvas.ground(0.5, 0.95)],
    )
    expect(canvas.builder.locator(".opea-template").first).to_be_hidden()
