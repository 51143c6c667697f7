"""A pipeline drawn in characters: boxes from left to right, lines between them.

>>> from opea_nb import Pipeline
>>> p = Pipeline("rag")
>>> flow = p.add("embedding") >> p.add("retriever")
>>> print(drawing(p))
rag  http://127.0.0.1:8888/v1/rag
╭───────────╮   ╭───────────╮
│ embedding ├──▶│ retriever │
╰───────────╯   ╰───────────╯
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import networkx as nx

from opea_nb.pipeline import MAIN, Pipeline

if TYPE_CHECKING:
    Graph = nx.DiGraph[str]

__all__ = ["drawing"]

_WIDEST = 28
_N, _E, _S, _W = 1, 2, 4, 8
_LINES = {
    _E | _W: "─", _N | _S: "│", _E | _S: "╭", _S | _W: "╮", _N | _E: "╰", _N | _W: "╯",
    _N | _E | _S: "├", _N | _S | _W: "┤",
    _E | _S | _W: "┬", _N | _E | _W: "┴", _N | _E | _S | _W: "┼", _N: "│", _S: "│", _E: "─", _W: "─",
}  # fmt: skip


def drawing(pipeline: Pipeline) -> str:
    """Each flow below the other, then which engines are used by what."""
    parts = [f"{pipeline.name}  http://127.0.0.1:{pipeline.port}{pipeline.endpoint}"]
    for name, flow in sorted(pipeline.flows.items(), key=lambda item: (item[0] != MAIN, item[0])):
        graph = pipeline.flow(name)
        if not len(graph):
            continue
        if name != MAIN:
            parts += ["", f"{name}  {flow.endpoint or f'/v1/{name}'}"]
        parts += _boxes(graph)
    uses = {e: sorted(pipeline.graph.predecessors(e)) for e in pipeline.engines}
    if uses:
        parts.append("")
        wide = max(map(len, uses))
        parts += [f"{e:<{wide}}  used by {', '.join(users) or 'nothing'}" for e, users in sorted(uses.items())]
    return "\n".join("".join(c if c.isprintable() or c == "\n" else "�" for c in line) for line in parts)


def _boxes(graph: Graph) -> list[str]:
    """Columns of boxes; a line that passes a column goes through a free row of it."""
    places, through = _layers(graph)
    columns = max(c for c, _ in places.values()) + 1
    labels = {n: n if len(n) <= _WIDEST else n[: _WIDEST - 1] + "…" for n in graph}
    widths = [max((len(labels[n]) + 4 for n in labels if places[n][0] == c), default=1) for c in range(columns)]
    edges = [(a, b) for path in through for a, b in pairwise(path)]
    lanes = [_lanes([(a, b) for a, b in edges if places[a][0] == c], places) for c in range(columns)]
    starts = [0]
    for c in range(columns):
        starts.append(starts[-1] + widths[c] + 3 + len(set(lanes[c].values())))
    height = 3 * (max(r for _, r in places.values()) + 1)
    cells: dict[tuple[int, int], int] = {}

    def draw(x: int, y: int, sides: int) -> None:
        cells[x, y] = cells.get((x, y), 0) | sides

    texts: dict[tuple[int, int], str] = {}
    for a, b in edges:
        (column, row), (_, to) = places[a], places[b]
        y, end = 3 * row + 1, 3 * to + 1
        turn = starts[column] + widths[column] + 1 + lanes[column].get(a, 0)
        for x in range(starts[column] + widths[column], starts[column + 1]):
            draw(x, y if x < turn else end, (_E | _W) if x != turn or y == end else 0)
        if y != end:
            draw(turn, y, _W | (_S if end > y else _N))
            draw(turn, end, _E | (_N if end > y else _S))
            for between in range(min(y, end) + 1, max(y, end)):
                draw(turn, between, _N | _S)
        if b in labels:
            texts[starts[column + 1] - 1, end] = "▶"
    for name, (column, row) in places.items():
        if name not in labels:
            for x in range(starts[column], starts[column] + widths[column]):
                draw(x, 3 * row + 1, _E | _W)
            continue
        inner = labels[name].center(widths[column] - 4)
        left, right = ("│", "├" if graph.out_degree(name) else "│")
        rows = (f"╭{'─' * (len(inner) + 2)}╮", f"{left} {inner} {right}", f"╰{'─' * (len(inner) + 2)}╯")
        for index, text in enumerate(rows):
            texts.update({(starts[column] + i, 3 * row + index): c for i, c in enumerate(text)})
    width = starts[-1]
    lines = (
        "".join(texts.get((x, y)) or _LINES.get(cells.get((x, y), 0), " ") for x in range(width)) for y in range(height)
    )
    return [line.rstrip() for line in lines if line.strip()]


def _lanes(edges: list[tuple[str, str]], places: dict[str, tuple[int, int]]) -> dict[str, int]:
    """A place to turn for each source whose line bends, so that no two of them run over each other."""
    bent = sorted({a for a, b in edges if places[a][1] != places[b][1]}, key=lambda a: places[a][1])
    return {a: index for index, a in enumerate(bent)}


def _layers(graph: Graph) -> tuple[dict[str, tuple[int, int]], list[list[str]]]:
    """Column and row of each name, and of a place that keeps a row free where an edge passes a column."""
    column: dict[str, int] = {}
    for name in nx.lexicographical_topological_sort(graph):
        column[name] = max((column[p] + 1 for p in graph.predecessors(name)), default=0)
    through = []
    for a, b in sorted(graph.edges):
        between = [f"{a}\0{b}\0{c}" for c in range(column[a] + 1, column[b])]
        column |= {name: column[a] + 1 + i for i, name in enumerate(between)}
        through.append([a, *between, b])
    before: dict[str, list[str]] = {}
    for path in through:
        for one, other in pairwise(path):
            before.setdefault(other, []).append(one)
    rows: dict[str, int] = {}
    for c in range(max(column.values()) + 1):
        layer = [n for n in column if column[n] == c]
        layer.sort(key=lambda n: (_mean([rows[p] for p in before.get(n, [])]), n))
        rows |= {n: index for index, n in enumerate(layer)}
    return {n: (column[n], rows[n]) for n in column}, through


def _mean(values: list[int]) -> float:
    return sum(values) / len(values) if values else 0.0
