"""The graph of a run as SVG: cards and arrows in the places where the live view has them."""

from __future__ import annotations

from functools import cache
from html import escape
from importlib.resources import files

from opea_nb.formats.layout import CARD
from opea_nb.notebook.look import MARKS
from opea_nb.notebook.run_shown import Shown
from opea_nb.notebook.run_words import note

__all__ = ["graph_svg", "picture_svg"]

_WIDTH, _HEIGHT = CARD
_MARGIN = 4


def graph_svg(run: Shown) -> str:
    """The drawing with durations, to stand inside a page that has the style."""
    return _svg(run, {step["name"]: note(step) for step in run["steps"]}, "")


def picture_svg(run: Shown) -> str:
    """The drawing on its own, with states but without times: the same whenever the run goes the same way."""
    lines = {step["name"]: step["reason"] or step["state"] for step in run["steps"]}
    return _svg(run, lines, f"<style>{_style()}</style>")


@cache
def _style() -> str:
    return files("opea_nb.static").joinpath("run-view.css").read_text(encoding="utf-8").strip()


def _svg(run: Shown, lines: dict[str, str], style: str) -> str:
    at = {n["name"]: (_MARGIN + n["x"], _MARGIN + n["y"]) for n in run["nodes"]}
    width = max((x for x, _ in at.values()), default=0) + _WIDTH + _MARGIN
    height = max((y for _, y in at.values()), default=0) + _HEIGHT + _MARGIN
    states = {step["name"]: step["state"] for step in run["steps"]}
    edges = "".join(_arrow(at[a], at[b]) for a, b in run["edges"] if a in at and b in at)
    cards = "".join(_card(n, at[n["name"]], states[n["name"]], lines[n["name"]]) for n in run["nodes"])
    words = ", ".join(f"{step['name']} {step['state']}" for step in run["steps"])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="opea opea-graph" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" role="img" aria-label="{escape(words)}">{style}{edges}{cards}</svg>'
    )


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> str:
    x1, y1 = start[0] + _WIDTH, start[1] + _HEIGHT / 2
    x2, y2 = end[0] - 1, end[1] + _HEIGHT / 2
    bend = max(18, (x2 - x1) / 2)
    curve = f"M{x1:g} {y1:g}C{x1 + bend:g} {y1:g} {x2 - bend:g} {y2:g} {x2 - 8:g} {y2:g}"
    head = f"M{x2 - 8:g} {y2 - 4:g}L{x2:g} {y2:g}L{x2 - 8:g} {y2 + 4:g}Z"
    return f'<path class="opea-edge" d="{curve}"/><path class="opea-arrow" d="{head}"/>'


def _card(node: Shown, at: tuple[float, float], state: str, line: str) -> str:
    name, title, hue = node["name"], node["title"], node["hue"]
    bar = f"M6 0H5V{_HEIGHT}H6A6 6 0 0 1 0 {_HEIGHT - 6}V6A6 6 0 0 1 6 0Z"
    return (
        f'<g class="opea-card" data-state="{escape(state)}" transform="translate({at[0]:g} {at[1]:g})">'
        f"<title>{escape(name)} ({escape(title)})</title>"
        f'<rect class="opea-face" width="{_WIDTH}" height="{_HEIGHT}" rx="6"/><path class="opea-hue-{hue}" d="{bar}"/>'
        f'<text class="opea-name" x="16" y="22">{escape(_clip(name, 16))}</text>'
        f'<text class="opea-line" x="16" y="39">{escape(_clip(line, 20))}</text>'
        f'<text class="opea-mark" x="{_WIDTH - 17}" y="31" text-anchor="middle">{MARKS[state]}</text></g>'
    )


def _clip(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
