"""A service on the canvas: a small SVG picture, and the style around it."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import quote

from opea_nb.formats.layout import CARD
from opea_nb.notebook.look import MARKS

__all__ = ["Colours", "Face", "card", "stylesheet"]

_HEX = frozenset("0123456789abcdefABCDEF")


@dataclass(frozen=True, slots=True)
class Colours:
    """What the canvas is painted with, ``#rrggbb`` each; a light theme's until the page told its own."""

    background: str = "#ffffff"
    card: str = "#ffffff"
    line: str = "#c9ced6"
    edge: str = "#8a9099"
    text: str = "#1f2328"
    quiet: str = "#5c636c"
    brand: str = "#1769d2"
    good: str = "#2e7d32"
    bad: str = "#c62828"

    @classmethod
    def told(cls, told: dict[str, Any]) -> Colours:
        """Those that the page told; anything that is no colour is left out, it would end up in a style."""
        return cls(**{k: v for k, v in told.items() if k in cls.__slots__ and _is_colour(v)})


@dataclass(frozen=True, slots=True)
class Face:
    """What a card shows: name, quiet line, colour of its kind, and its state, if it has one."""

    name: str
    line: str
    hue: str
    engine: bool = False
    state: str = ""


def card(face: Face, colours: Colours) -> str:
    """The picture as a data URI. An image cannot run scripts; the text in it is escaped all the same."""
    width, height = CARD
    left = 22 if face.engine else 17
    tone = {"ready": colours.good, "done": colours.good, "failed": colours.bad, "running": colours.brand}
    mark, painted = MARKS.get(face.state, ""), tone.get(face.state, colours.quiet)
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" font-family="system-ui,-apple-system,Segoe UI,Roboto,sans-serif">'
        ),
        "" if face.engine else f'<rect width="5" height="{height}" fill="{face.hue}"/>',
        f'<text x="{left}" y="23" font-size="13" font-weight="600" fill="{colours.text}">{_text(face.name, 15)}</text>',
        f'<text x="{left}" y="40" font-size="11" fill="{colours.quiet}">{_text(face.line, 20)}</text>',
        f'<text x="{width - 12}" y="23" font-size="13" text-anchor="end" fill="{painted}">{mark}</text></svg>',
    ]
    return "data:image/svg+xml;utf8," + quote("".join(parts))


def stylesheet(colours: Colours) -> list[dict[str, Any]]:
    """The canvas's style."""
    width, height = CARD
    node = {
        "shape": "round-rectangle",
        "width": width,
        "height": height,
        "background-color": colours.card,
        "background-image": "data(card)",
        "background-width": "100%",
        "background-height": "100%",
        "background-clip": "node",
        "border-width": 1,
        "border-color": colours.line,
        "overlay-opacity": 0,
        "label": "",
    }
    engine = {"border-style": "dashed", "border-color": colours.edge, "border-width": 1.5}
    flow = {
        "width": 1.5,
        "line-color": colours.edge,
        "curve-style": "straight",
        "source-endpoint": "90deg",
        "target-endpoint": "270deg",
        "target-arrow-shape": "triangle",
        "target-arrow-color": colours.edge,
        "arrow-scale": 1.1,
        "overlay-opacity": 0,
    }
    curve = {
        "curve-style": "unbundled-bezier",
        "control-point-distances": "data(bends)",
        "control-point-weights": [0.3, 0.7],
        "edge-distances": "node-position",
    }
    uses = {
        "width": 1,
        "line-color": colours.edge,
        "line-style": "dashed",
        "curve-style": "straight",
        "target-arrow-shape": "none",
        "overlay-opacity": 0,
    }
    return [
        {"selector": "core", "style": {"active-bg-opacity": 0, "selection-box-color": colours.brand}},
        {"selector": "node", "style": node},
        {"selector": "node.engine", "style": engine},
        {"selector": "node.problem", "style": {"border-color": colours.bad, "border-width": 1.5}},
        {"selector": "node.chosen", "style": {"border-color": colours.brand, "border-width": 2.5}},
        {"selector": "edge.flow", "style": flow},
        {"selector": "edge.bent", "style": curve},
        {"selector": "edge.uses", "style": uses},
    ]


def _text(text: str, limit: int) -> str:
    short = text if len(text) <= limit else text[: limit - 1] + "…"
    return escape("".join(c for c in short if c >= " "))


def _is_colour(value: object) -> bool:
    return isinstance(value, str) and len(value) == 7 and value[0] == "#" and set(value[1:]) <= _HEX
