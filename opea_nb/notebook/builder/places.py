"""Where cards are shown: one that was shown once stays there until somebody moves it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import networkx as nx

from opea_nb.formats.layout import CARD, GAP, Point, positions
from opea_nb.pipeline import Pipeline

if TYPE_CHECKING:
    Graph = nx.DiGraph[str]

__all__ = ["Places", "clear_shift", "free_place"]

_ROW = 6  # cards side by side, of those that are connected to nothing
_STEP = (CARD[0] + GAP[0], CARD[1] + GAP[1])


class Places:
    """The places of a pipeline's cards, for as long as a builder lives.

    The layout of `opea_nb.formats` is that of a whole graph: each new edge moves cards that nobody touched. Here it
    is asked once, for what is there at first; what comes later gets a free place beside what it is connected to.

    >>> pipeline, places = Pipeline("chat"), Places()
    >>> _ = pipeline.add("embedding")
    >>> _ = places.of(pipeline)
    >>> pipeline.connect(pipeline.add("retriever"), "embedding")
    >>> places.of(pipeline)
    {'embedding': (0, 0.0), 'retriever': (-204, 0.0)}
    """

    def __init__(self) -> None:
        self._kept: dict[str, Point] = {}
        self._shown: set[str] = set()

    def follow(self, renames: Iterable[tuple[str, str]]) -> None:
        """Keep the places of cards that have other names from now on."""
        for old, new in renames:
            if old in self._kept:
                self._kept[new] = self._kept.pop(old)
            if old in self._shown:
                self._shown.discard(old)
                self._shown.add(new)

    def of(self, pipeline: Pipeline) -> dict[str, Point]:
        """Upper left corner of each card in pixels, x to the right and y down."""
        graph = pipeline.graph
        own: dict[str, Point] = {n: at for n, data in graph.nodes(data=True) if (at := data["spec"].position)}
        staying = {n: self._kept[n] for n in self._shown if n in graph and n not in own and n in self._kept}
        taken = _Taken([*own.values(), *staying.values()])
        new = [n for n in graph if n not in own and n not in staying]
        if new:
            laid = positions(pipeline) if not self._shown & set(graph) else {}
            for name in new if laid else _in_order(graph, new):
                known = {**staying, **own}
                wish = self._kept.get(name) or laid.get(name) or _beside(graph, name, known)
                staying[name] = taken.take(wish)
        self._kept.update(staying)
        self._shown = set(graph)
        return {n: own.get(n) or staying[n] for n in graph}


def free_place(taken: Iterable[Point], wish: Point) -> Point:
    """The wished place, or the next free one below it.

    >>> free_place([(0.0, 0.0)], (10.0, 10.0)), free_place([(0.0, 0.0)], (200.0, 10.0))
    ((10.0, 80.0), (200.0, 10.0))
    """
    return _Taken(taken).take(wish)


def clear_shift(taken: Iterable[Point], places: Iterable[Point]) -> Point:
    """How far to move several cards together, downwards, so that none of them covers another.

    >>> clear_shift([(0.0, 0.0)], [(0.0, 0.0), (204.0, 0.0)]), clear_shift([], [(0.0, 0.0)])
    ((0.0, 80.0), (0.0, 0.0))
    """
    there, moving = _Taken(taken), tuple(places)
    down = 0.0
    while any(there.hit(x, y + down) for x, y in moving):
        down += _STEP[1]
    return 0.0, down


class _Taken:
    """The places that are taken, by squares as large as a card: what overlaps stands in a neighbouring one."""

    def __init__(self, places: Iterable[Point]) -> None:
        self._squares: dict[tuple[int, int], list[Point]] = {}
        for place in places:
            self._add(place)

    def _add(self, place: Point) -> None:
        self._squares.setdefault((int(place[0] // CARD[0]), int(place[1] // CARD[1])), []).append(place)

    def take(self, wish: Point) -> Point:
        """The first free place at or below the wished one."""
        x, y = wish
        while (hit := self.hit(x, y)) is not None:
            y = hit[1] + _STEP[1]
        self._add((x, y))
        return x, y

    def hit(self, x: float, y: float) -> Point | None:
        """A card that one at this place would cover."""
        column, row = int(x // CARD[0]), int(y // CARD[1])
        for i in (column - 1, column, column + 1):
            for j in (row - 1, row, row + 1):
                for place in self._squares.get((i, j), ()):
                    if abs(place[0] - x) < CARD[0] and abs(place[1] - y) < CARD[1]:
                        return place
        return None


def _in_order(graph: Graph, names: list[str]) -> list[str]:
    """Those that have neighbours with a place before those that will have them then; otherwise as they were added."""
    waiting = dict.fromkeys(names)
    order: list[str] = []
    while waiting:
        start = next(
            (n for n in waiting if any(m not in waiting for m in nx.all_neighbors(graph, n))), next(iter(waiting))
        )
        row = deque([start])
        while row:
            name = row.popleft()
            if name in waiting:
                del waiting[name]
                order.append(name)
                row.extend(n for n in nx.all_neighbors(graph, name) if n in waiting)
    return order


def _beside(graph: Graph, name: str, known: Mapping[str, Point]) -> Point:
    """A place right of what feeds a card, left of what it feeds, or below what uses it."""
    before = [known[n] for n in graph.predecessors(name) if n in known]
    behind = [known[n] for n in graph.successors(name) if n in known and graph.edges[name, n]["kind"] == "flow"]
    if before and graph.nodes[name]["role"] == "engine":
        return min(x for x, _ in before), max(y for _, y in known.values()) + _STEP[1]
    if before:
        return max(x for x, _ in before) + _STEP[0], sum(y for _, y in before) / len(before)
    if behind:
        return min(x for x, _ in behind) - _STEP[0], sum(y for _, y in behind) / len(behind)
    return _at_the_end(graph, name, known)


def _at_the_end(graph: Graph, name: str, known: Mapping[str, Point]) -> Point:
    """A place for a card that is connected to nothing: right of the last one that is like it, below all in turn."""
    if not known:
        return 0.0, 0.0
    data = graph.nodes[name]
    alike = [n for n in graph if n in known and graph.nodes[n]["role"] == data["role"]]
    alike = [n for n in alike if graph.nodes[n]["flows"] == data["flows"]]
    left, bottom = min(x for x, _ in known.values()), max(y for _, y in known.values())
    if alike:
        x, y = known[alike[-1]]
        if x + _STEP[0] < left + _ROW * _STEP[0]:
            return x + _STEP[0], y
    return left, bottom + _STEP[1]
