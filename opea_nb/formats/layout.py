"""Where each service and engine is drawn: layers from left to right, engines below."""

from __future__ import annotations

from typing import TYPE_CHECKING

import networkx as nx

from opea_nb.pipeline import MAIN, Pipeline, Service

if TYPE_CHECKING:
    Graph = nx.DiGraph[str]

CARD = (148, 52)
GAP = (56, 28)

Point = tuple[float, float]


def positions(pipeline: Pipeline) -> dict[str, Point]:
    """Upper left corner of each card in pixels, x to the right and y down; the same graph always gives the same places.

    A service that was moved stands where it was put; the others are laid out.

    Flows are bands below each other, the main one first. Within a band a service stands one column right of the
    furthest of those it waits for; engines stand in a row of their own, below the service that uses them.
    """
    graph = pipeline.graph
    placed: dict[str, Point] = {}
    top = 0.0
    for name in sorted(pipeline.flows, key=lambda f: (f != MAIN, f)):
        part = pipeline.flow(name)
        rows = _band(part, [n for n in part if n not in placed])
        for node, (column, row) in rows.items():
            placed[node] = (_x(column), top + _y(row))
        if rows:
            top += _y(max(row for _, row in rows.values()) + 1)
    for index, name in enumerate(sorted(n for n in graph if n not in placed and isinstance(pipeline.node(n), Service))):
        placed[name] = (_x(index), top)
    lowest = max((y for _, y in placed.values()), default=-_y(1))
    taken: set[float] = set()
    for name in sorted(pipeline.engines):
        x = min((placed[user][0] for user in graph.predecessors(name)), default=0.0)
        while x in taken:
            x += CARD[0] + GAP[0]
        taken.add(x)
        placed[name] = (x, lowest + _y(1))
    return {name: pipeline.node(name).position or place for name, place in placed.items()}


def _band(part: Graph, names: list[str]) -> dict[str, tuple[int, float]]:
    """Column and row of each name; a row is centred on the rows that feed it where that is free."""
    columns: dict[str, int] = {}
    for name in nx.lexicographical_topological_sort(part):
        columns[name] = max((columns[p] + 1 for p in part.predecessors(name)), default=0)
    wanted = set(names)
    layers: dict[int, list[str]] = {}
    for name, column in columns.items():
        if name in wanted:
            layers.setdefault(column, []).append(name)
    rows: dict[str, float] = {}
    for column in sorted(layers):
        layers[column].sort(key=lambda n: (_mean([rows[p] for p in part.predecessors(n) if p in rows]), n))
        for index, name in enumerate(layers[column]):
            rows[name] = float(index)
    depth = max(rows.values(), default=0.0)
    for layer in layers.values():
        shift = (depth - (len(layer) - 1)) / 2
        for name in layer:
            rows[name] += shift
    return {n: (columns[n], rows[n]) for n in rows}


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _x(column: float) -> float:
    return column * (CARD[0] + GAP[0])


def _y(row: float) -> float:
    return row * (CARD[1] + GAP[1])
