"""A pipeline as an SVG drawing: offline, escaped, and the same bytes for the same pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from opea_nb.formats.layout import CARD, Point, positions
from opea_nb.pipeline import Pipeline, Service

# Eight hues that stay apart for colour-blind eyes (after Okabe and Ito), by palette group; engines are grey.
HUES = {
    "Text": "#0072b2",
    "Data": "#009e73",
    "Speech": "#cc79a7",
    "Image": "#d55e00",
    "Agent": "#7b61b8",
    "Safety": "#e69f00",
    "Custom": "#56b4e9",
    "Engines": "#6b7280",
}
MARKS = {
    "waiting": ("○", "#6b7280"),
    "running": ("◐", "#0072b2"),
    "done": ("✓", "#00785a"),
    "skipped": ("–", "#6b7280"),
    "failed": ("✕", "#c0392b"),
}

_ARROW = (
    '<marker id="opea-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
    '<path d="M0 0.5 L7.5 4 L0 7.5 z" fill="#6b7280"/></marker>'
)
_MARGIN = 12
_FONT = "system-ui,-apple-system,Segoe UI,Roboto,sans-serif"


def svg(pipeline: Pipeline, *, states: Mapping[str, str] | None = None, notes: Mapping[str, str] | None = None) -> str:
    """The drawing.

    Parameters
    ----------
    states
        Service name -> ``waiting``, ``running``, ``done``, ``skipped`` or ``failed``, to show a run.
    notes
        Service name -> the quiet second line of its card (a duration, say); its kind otherwise.
    """
    places = positions(pipeline)
    left, top = (min((place[axis] for place in places.values()), default=0) for axis in (0, 1))
    places = {name: (x - left, y - top) for name, (x, y) in places.items()}
    width, height = CARD
    right = max((x for x, _ in places.values()), default=0) + width
    bottom = max((y for _, y in places.values()), default=0) + height
    w, h = right + 2 * _MARGIN, bottom + 2 * _MARGIN
    title = f"{pipeline.name}: " + (", ".join(sorted(places)) or "empty")
    size = f'width="{w:g}" height="{h:g}" viewBox="0 0 {w:g} {h:g}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="{_FONT}">',
        f"<title>{_text(title)}</title>",
        f"<defs>{_ARROW}</defs>",
    ]
    parts += [_edge(places[u], places[v], kind) for u, v, kind in _edges(pipeline)]
    parts += [_card(pipeline, name, places[name], states or {}, notes or {}) for name in sorted(places)]
    parts.append("</svg>")
    return "\n".join(parts)


def _edges(pipeline: Pipeline) -> list[tuple[str, str, str]]:
    return sorted((u, v, data["kind"]) for u, v, data in pipeline.graph.edges(data=True))


def _edge(start: Point, end: Point, kind: str) -> str:
    width, height = CARD
    if kind == "uses":
        x1, y1 = start[0] + width / 2 + _MARGIN, start[1] + height + _MARGIN
        x2, y2 = end[0] + width / 2 + _MARGIN, end[1] + _MARGIN
        return f'<path d="M{x1:g} {y1:g} L{x2:g} {y2:g}" stroke="#6b7280" stroke-dasharray="3 3" fill="none"/>'
    x1, y1 = start[0] + width + _MARGIN, start[1] + height / 2 + _MARGIN
    x2, y2 = end[0] + _MARGIN, end[1] + height / 2 + _MARGIN
    bend = max((x2 - x1) / 2, 16)
    path = f"M{x1:g} {y1:g} C{x1 + bend:g} {y1:g} {x2 - bend:g} {y2:g} {x2 - 2:g} {y2:g}"
    return f'<path d="{path}" stroke="#6b7280" stroke-width="1.5" fill="none" marker-end="url(#opea-arrow)"/>'


def _card(pipeline: Pipeline, name: str, place: Point, states: Mapping[str, str], notes: Mapping[str, str]) -> str:
    node = pipeline.node(name)
    component = pipeline.catalog.get(node.kind)
    hue = HUES.get(component.group if component else "", HUES["Custom"])
    x, y = place[0] + _MARGIN, place[1] + _MARGIN
    width, height = CARD
    is_service = isinstance(node, Service)
    border = f'stroke="{"#c9ced6" if is_service else hue}"' + ("" if is_service else ' stroke-dasharray="3 3"')
    radius = 6 if is_service else height / 2
    parts = [
        f'<g transform="translate({x:g} {y:g})">',
        f"<title>{_text(f'{name} ({node.kind})')}</title>",
        f'<rect width="{width}" height="{height}" rx="{radius:g}" fill="#ffffff" {border}/>',
    ]
    if is_service:
        parts.append(f'<rect x="0.5" y="6" width="4" height="{height - 12}" rx="2" fill="{hue}"/>')
    state = states.get(name, "")
    quiet = notes.get(name) or (f"{node.kind} · elsewhere" if node.url else node.kind)
    parts.append(
        f'<text x="16" y="22" font-size="13" font-weight="600" fill="#1f2937">{_text(_short(name, 15))}</text>'
    )
    parts.append(f'<text x="16" y="39" font-size="11" fill="#4b5563">{_text(_short(quiet, 20))}</text>')
    if state in MARKS:
        mark, colour = MARKS[state]
        parts.append(
            f'<text x="{width - 12}" y="22" font-size="13" text-anchor="end" fill="{colour}">'
            f"<title>{_text(state)}</title>{mark}</text>"
        )
    parts.append("</g>")
    return "".join(parts)


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _text(text: str) -> str:
    """Escaped, and without what XML cannot hold."""
    return escape("".join(c for c in text if c >= " " or c in "\t\n"), quote=True)
