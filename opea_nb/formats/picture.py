"""A pipeline with its notes and groups as an SVG drawing: offline, escaped, the same bytes for the same pipeline."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from html import escape

from opea_nb.formats.layout import CARD, Point, positions
from opea_nb.pipeline import Group, Note, Pipeline, Service

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
_PAD, _TITLE = 12, 16
Box = tuple[float, float, float, float]
"""Left, top, width, height."""
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
    groups = [pipeline.groups[name] for name in sorted(pipeline.groups) if pipeline.groups[name].members]
    folded = {member: group for group in groups if group.folded for member in group.members}
    frames = {group.name: _frame(group, places) for group in groups}
    seen = {name: place for name, place in places.items() if name not in folded}
    papers = {key: (*note.position, *note.size) for key, note in sorted(pipeline.notes.items())}
    left, top, right, bottom = _extent([*((x, y, *CARD) for x, y in seen.values()), *frames.values(), *papers.values()])
    places = {name: (x - left, y - top) for name, (x, y) in places.items()}
    w, h = right - left + 2 * _MARGIN, bottom - top + 2 * _MARGIN
    title = f"{pipeline.name}: " + (", ".join(sorted(places)) or "empty")
    size = f'width="{w:g}" height="{h:g}" viewBox="0 0 {w:g} {h:g}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="{_FONT}">',
        f"<title>{_text(title)}</title>",
        f"<defs>{_ARROW}</defs>",
    ]
    frames = {name: _moved(box, left, top) for name, box in frames.items()}
    parts += [_open_group(group, frames[group.name]) for group in groups if not group.folded]
    ends = {**places, **{member: frames[group.name][:2] for member, group in folded.items()}}
    within = {member: group.name for member, group in folded.items()}
    wires = {
        (ends[u], ends[v], kind): None
        for u, v, kind in _edges(pipeline)
        if u not in within or within[u] != within.get(v)
    }
    parts += [_edge(*wire) for wire in wires]
    parts += [_card(pipeline, name, places[name], states or {}, notes or {}) for name in sorted(seen)]
    parts += [_folded_group(group, frames[group.name]) for group in groups if group.folded]
    parts += [_note(pipeline.notes[key], _moved(papers[key], left, top)) for key in papers]
    parts.append("</svg>")
    return "\n".join(parts)


def _extent(boxes: Iterable[Box]) -> Box:
    """The smallest box around all: left, top, right, bottom."""
    boxes = list(boxes) or [(0, 0, *CARD)]
    return (
        min(x for x, _, _, _ in boxes),
        min(y for _, y, _, _ in boxes),
        max(x + width for x, _, width, _ in boxes),
        max(y + height for _, y, _, height in boxes),
    )


def _frame(group: Group, places: Mapping[str, Point]) -> Box:
    """Around the members; as large as a card, in their middle, when they are folded."""
    left, top, right, bottom = _extent((*places[name], *CARD) for name in group.members)
    if group.folded:
        return (left + right - CARD[0]) / 2, (top + bottom - CARD[1]) / 2, *CARD
    return left - _PAD, top - _PAD - _TITLE, right - left + 2 * _PAD, bottom - top + 2 * _PAD + _TITLE


def _moved(box: Box, left: float, top: float) -> Box:
    x, y, width, height = box
    return x - left, y - top, width, height


def _open_group(group: Group, box: Box) -> str:
    x, y, width, height = box[0] + _MARGIN, box[1] + _MARGIN, box[2], box[3]
    return (
        f'<g transform="translate({x:g} {y:g})"><title>{_text(group.name)}</title>'
        f'<rect width="{width:g}" height="{height:g}" rx="8" fill="#eef1f5" fill-opacity="0.5" stroke="#9aa3af"/>'
        f'<text x="{_PAD}" y="17" font-size="11" fill="#4b5563">{_text(_short(group.name, int(width // 8)))}</text></g>'
    )


def _folded_group(group: Group, box: Box) -> str:
    x, y, width, height = box[0] + _MARGIN, box[1] + _MARGIN, box[2], box[3]
    members = ", ".join(sorted(group.members))
    return (
        f'<g transform="translate({x:g} {y:g})"><title>{_text(f"{group.name}: {members}")}'
        f'</title><rect x="4" y="4" width="{width:g}" height="{height:g}" rx="6" fill="#e2e6ec" stroke="#9aa3af"/>'
        f'<rect width="{width:g}" height="{height:g}" rx="6" fill="#ffffff" stroke="#9aa3af"/>'
        f'<text x="16" y="22" font-size="13" font-weight="600" fill="#1f2937">{_text(_short(group.name, 15))}</text>'
        f'<text x="16" y="39" font-size="11" fill="#4b5563">{len(group.members)} folded</text></g>'
    )


def _note(note: Note, box: Box) -> str:
    x, y, width, height = box[0] + _MARGIN, box[1] + _MARGIN, box[2], box[3]
    rows = _lines(note.text, max(int((width - 16) // 6.2), 1), max(int((height - 10) // 15), 1))
    spans = "".join(f'<tspan x="8" y="{18 + 15 * row}">{_text(line)}</tspan>' for row, line in enumerate(rows))
    return (
        f'<g transform="translate({x:g} {y:g})"><title>{_text(_short(note.text, 200))}</title>'
        f'<rect width="{width:g}" height="{height:g}" rx="4" fill="#fff8d6" stroke="#e0c968"/>'
        f'<text font-size="11" fill="#3d3517">{spans}</text></g>'
    )


def _lines(text: str, width: int, count: int) -> list[str]:
    """A text in lines of so many letters at most, the last one cut where there are more."""
    rows = [row for line in text.splitlines() for row in (textwrap.wrap(line, width) or [""])]
    return rows if len(rows) <= count else [*rows[: count - 1], _short(rows[count - 1] + " …", max(width, 1))]


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
