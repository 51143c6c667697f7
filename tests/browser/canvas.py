"""A Builder in a page, worked as a person does: pointer, keys, and looks."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Locator, Page, expect

if TYPE_CHECKING:
    from conftest import NotebookPage

Open = Callable[..., "NotebookPage"]
Point = tuple[float, float]
Told = dict[str, Any]

CHATQNA = ("embedding", "retriever", "reranking", "llm")
CHAIN = [["embedding", "retriever"], ["reranking", "llm"], ["retriever", "reranking"]]


def opening(name: str, *before: str) -> str:
    """Code of a cell that shows a Builder and tells in a file what it does."""
    lines = (
        "from told import follow",
        "from opea_nb import Builder, Pipeline",
        f"p = follow(Pipeline('chatqna'), {name!r})",
        *before,
        "builder = Builder(p)",
        "builder",
    )
    return "\n".join(lines)


CHATQNA_THERE = "for k in ('embedding', 'retriever', 'reranking', 'llm'): p.add(k)\n" + "\n".join(
    f"p.connect('{a}', '{b}')" for a, b in itertools.pairwise(CHATQNA)
)


@dataclass
class Canvas:
    """One Builder of a page; `told` is the file that its pipeline writes."""

    page: Page
    builder: Locator
    file: Path

    @property
    def box(self) -> Locator:
        """What has the keyboard."""
        return self.builder.locator(".opea-canvas")

    # What is there

    def told(self) -> Told:
        """What the pipeline in Python holds by now."""
        return dict(json.loads(self.file.read_text(encoding="utf-8")))

    def until(self, sound: Callable[[Told], object], timeout: float = 10.0) -> Told:
        """Wait until the pipeline in Python is so."""
        end = time.monotonic() + timeout
        while not sound(now := self.told()):
            assert time.monotonic() < end, f"never so: {now}"
            self.page.wait_for_timeout(20)
        return now

    def cy(self, expression: str, *given: object) -> Any:
        """Of JavaScript, what it gives for `cy`, the live graph, and `given`."""
        code = f"(el, given) => {{ const cy = el._cyreg.cy; return {expression}; }}"
        return self.box.evaluate(code, list(given))

    def shows(self, expression: str, *given: object) -> None:
        """Wait until that is true of the live graph."""
        end = time.monotonic() + 10
        while not self.cy(expression, *given):
            assert time.monotonic() < end, f"never so: {expression} of {given}"
            self.page.wait_for_timeout(20)

    def cards(self, *names: str) -> None:
        """Wait until these cards are drawn, and no others, and none moves."""
        self.shows(
            "JSON.stringify(cy.nodes('[type=\"node\"]').map(n => n.data('name')).sort()) === given[0]"
            " && cy.nodes().every(n => !n.animated())",
            json.dumps(sorted(names), separators=(",", ":")),
        )

    def chosen(self, *names: str) -> None:
        """Wait until just these cards are selected."""
        self.shows(
            "JSON.stringify(cy.nodes('[type=\"node\"]:selected').map(n => n.data('name')).sort()) === given[0]",
            json.dumps(sorted(names), separators=(",", ":")),
        )

    def said(self, text: str) -> None:
        """Wait until the line below the canvas says so."""
        expect(self.builder.locator(".opea-status")).to_contain_text(text)

    # Places in the window

    def at(self, name: str, dx: float = 0.0, dy: float = 0.0, table: str = "n") -> Point:
        """The middle of a card, or so many half widths and heights beside it."""
        x, y, width, height = self.cy(
            "(() => { const n = cy.getElementById(given[0]), p = n.renderedPosition();"
            " return [p.x, p.y, n.renderedWidth() / 2, n.renderedHeight() / 2]; })()",
            f"{table}:{name}",
        )
        left, top = self._corner()
        return left + x + dx * width, top + y + dy * height

    def ground(self, x: float, y: float) -> Point:
        """A point of the canvas, as parts of its width and height."""
        frame = self.box.bounding_box()
        assert frame is not None
        return frame["x"] + x * frame["width"], frame["y"] + y * frame["height"]

    def _corner(self) -> Point:
        frame = self.box.bounding_box()
        assert frame is not None
        return frame["x"], frame["y"]

    # What a person does

    def drag(self, start: Point, end: Point) -> None:
        """Press, go there, let go."""
        mouse = self.page.mouse
        mouse.move(*start)
        mouse.down()
        mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2, steps=4)
        mouse.move(*end, steps=4)
        mouse.up()

    def drop(self, kind: str, there: Point) -> None:
        """Drag an entry of the palette onto the canvas."""
        entry = self.builder.locator(f".opea-entry.opea-kind-{kind}")
        entry.scroll_into_view_if_needed()
        frame = entry.bounding_box()
        assert frame is not None
        self.drag((frame["x"] + 20, frame["y"] + frame["height"] / 2), there)

    def grasp(self, source: str) -> Point:
        """The right edge of a card, where a wire begins."""
        self.page.mouse.move(*self.at(source))
        self.page.mouse.move(*self.at(source, dx=0.98))
        expect(self.builder.locator(".opea-handle")).to_be_visible()
        return self.at(source, dx=1.0)

    def wire(self, source: str, end: Point) -> None:
        """Drag a wire out of a card."""
        self.drag(self.grasp(source), end)

    def click(self, name: str, **how: Any) -> None:
        """Click a card."""
        self.page.mouse.click(*self.at(name), **how)

    def menu(self, at: Point, entry: str) -> None:
        """Choose of the menu that a right click opens."""
        self.page.mouse.click(*at, button="right")
        self.builder.locator(".opea-menu-item").filter(has=self.page.get_by_text(entry, exact=True)).click()

    def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        """Type."""
        self.page.keyboard.type(text)

    def tab(self, title: str) -> None:
        """Open one of the panels below."""
        self.builder.locator(".opea-tabs .lm-TabBar-tab", has_text=title).first.click()


def canvas_in(page: Page, within: Locator, file: Path) -> Canvas:
    """The Builder in there, once its canvas can be used."""
    builder = within.locator(".opea-builder")
    expect(builder.locator(".opea-layer")).to_be_attached(timeout=30_000)
    builder.locator(".opea-canvas").scroll_into_view_if_needed()
    return Canvas(page, builder, file)


def shown(notebook: Open, name: str, *before: str, **how: Any) -> Canvas:
    """A notebook whose only cell shows a Builder; lines of `before` come first, with the pipeline as ``p``."""
    page = notebook(f"{name}.ipynb", opening(name, *before), **how)
    output = page.run(0)
    page.finished(0)
    return canvas_in(page.page, output, page.lab.folder / f"{name}.told")


def with_chatqna(notebook: Open, name: str, *before: str) -> Canvas:
    """As `shown`, with ChatQnA on the canvas."""
    canvas = shown(notebook, name, CHATQNA_THERE, *before)
    canvas.cards(*CHATQNA)
    return canvas
