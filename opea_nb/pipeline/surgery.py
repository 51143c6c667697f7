"""Changes of several parts at once, as one edit each: connect, insert, extend, and delete with or without a gap."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise

from opea_nb.pipeline.adding import adding
from opea_nb.pipeline.board import DropNote
from opea_nb.pipeline.edit import Edit, copied
from opea_nb.pipeline.edits import Batch, Remove
from opea_nb.pipeline.matching import Matching
from opea_nb.pipeline.reading import Name, ReadablePipeline, name_of
from opea_nb.pipeline.spec import MAIN, Engine, Position, Service
from opea_nb.pipeline.wiring import Connect, Disconnect, Join, Use

_FEW = 3  # names that a label tells one by one


def connecting(pipeline: ReadablePipeline, pairs: Iterable[tuple[Name, Name]], flow: str = "") -> Batch:
    """The edit that draws flow edges; services join the flow as far as they are not part of it.

    Parameters
    ----------
    pairs
        Source and target of each edge.
    flow
        The flow; for each pair the one that both are part of when empty.

    Raises
    ------
    UnknownName
        When a name is not there.
    """
    steps: list[Edit] = []
    joined: set[tuple[str, str]] = set()
    names = [(name_of(a), name_of(b)) for a, b in pairs]
    for source, target in names:
        where = flow or common_flow(pipeline, source, target)
        for name in (source, target):
            if isinstance(pipeline.node(name), Service) and where not in pipeline.flows_of(name):
                if (name, where) not in joined:
                    steps.append(Join(name, where))
                joined.add((name, where))
        steps.append(Connect(source, target, where))
    sources, targets = (" and ".join(dict.fromkeys(ends)) for ends in zip(*names, strict=True))
    return Batch(tuple(steps), f"connect {sources} to {targets}")


def connected(pipeline: ReadablePipeline, source: str, target: str, *, flow: str = "") -> Edit:
    """The edit that a wire between two parts means: a flow edge, or the use of an engine, in whichever direction.

    Raises
    ------
    UnknownName
        When a name is not there.
    """
    if isinstance(pipeline.node(source), Engine):
        source, target = target, source
    if isinstance(pipeline.node(target), Engine):
        return Use(source, target)
    return connecting(pipeline, [(source, target)], flow)


def extended(
    pipeline: ReadablePipeline, kind: str, source: str = "", *, flow: str = "", position: Position | None = None
) -> tuple[Edit, str]:
    """The edit that adds a kind and connects it behind a service, or as the engine that it uses; and the new name.

    Parameters
    ----------
    source
        What to connect it to; nothing when empty.
    flow
        The flow of the new edge; the kind's own, else the main one, when empty.
    position
        Upper left corner in pixels; the layout's choice when ``None``.

    Raises
    ------
    CatalogError, UnknownName
        For an unknown kind or source.
    """
    new_in = flow or (MAIN if source else "")
    edit, node = adding(pipeline.graph, pipeline.catalog, kind, flow=new_in, position=position)
    if not source:
        return edit, node.name
    steps: list[Edit] = [*edit.edits]
    other = pipeline.node(source)
    if isinstance(node, Engine):
        steps.append(Use(source, node.name))
    elif isinstance(other, Engine):
        steps.append(Use(node.name, source))
    else:
        if new_in not in pipeline.flows_of(source):
            steps.append(Join(source, new_in))
        steps.append(Connect(source, node.name, new_in))
    return Batch(tuple(steps), f"add {node.name} behind {source}"), node.name


def inserted(
    pipeline: ReadablePipeline,
    kinds: str | Sequence[str],
    source: str,
    target: str,
    *,
    flow: str = MAIN,
    position: Position | None = None,
) -> tuple[Edit, tuple[str, ...]]:
    """The edit that puts a new service (or a row of them) between two; and the new names, in order.

    The two need not be connected: where they are, the new ones take the edge's place. Without a position the first
    stands halfway, where both have one.

    Raises
    ------
    CatalogError, UnknownName
        For an unknown kind or name.
    """
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    if position is None and len(kinds) == 1:
        position = _halfway(pipeline, source, target)
    steps, names = _row(pipeline, kinds, flow, position)
    for name in (source, target):
        if flow not in pipeline.flows_of(name):
            steps.append(Join(name, flow))
    if pipeline.graph.has_edge(source, target) and flow in pipeline.graph.edges[source, target]["flows"]:
        steps.append(Disconnect(source, target, flow))
    row = [source, *names, target]
    steps += [Connect(a, b, flow) for a, b in pairwise(row)]
    return Batch(tuple(steps), f"put {told(names)} between {source} and {target}"), names


def preceded(
    pipeline: ReadablePipeline, kinds: Sequence[str], target: str, *, flow: str = MAIN
) -> tuple[Edit, tuple[str, ...]]:
    """The edit that puts a row of new services before one: behind all that fed it so far; and the new names."""
    steps, names = _row(pipeline, kinds, flow, None)
    before = [u for u, _, data in pipeline.graph.in_edges(target, data=True) if flow in data["flows"]]
    steps += [Disconnect(u, target, flow) for u in before]
    steps += [Connect(u, names[0], flow) for u in before]
    row = [*names, target]
    steps += [Connect(a, b, flow) for a, b in pairwise(row)]
    return Batch(tuple(steps), f"put {told(names)} before {target}"), names


def without(pipeline: ReadablePipeline, names: Collection[str], *, join: bool, notes: Collection[str] = ()) -> Edit:
    """The edit that deletes services and engines (and notes).

    Parameters
    ----------
    join
        Whether to close the gap: see `bridges`.

    Raises
    ------
    UnknownName
        When a name is not there.
    """
    chosen = tuple(dict.fromkeys(names))
    for name in chosen:
        pipeline.node(name)
    new = bridges(pipeline, chosen) if join else ()
    steps: list[Edit] = [*map(Remove, chosen), *map(DropNote, dict.fromkeys(notes))]
    steps += [Connect(a, b, flow) for a, b, flow in new]
    label = f"delete {told(chosen) if chosen else 'notes' if len(notes) > 1 else 'a note'}"
    pairs = dict.fromkeys((a, b) for a, b, _ in new)
    if pairs:
        label += f" and connect {' and '.join(f'{a} to {b}' for a, b in pairs)}" if len(pairs) <= _FEW else " and join"
    return Batch(tuple(steps), label)


def bridges(pipeline: ReadablePipeline, names: Collection[str]) -> tuple[tuple[str, str, str], ...]:
    """The edges (source, target, flow) that close the gap when the given services go.

    Each neighbour before is connected to each neighbour behind that it fits, where no other way leads there.
    """
    graph, gone, matching = pipeline.graph, set(names), Matching(pipeline.catalog)
    found: list[tuple[str, str, str]] = []
    for flow in pipeline.flows:
        edges: dict[str, list[str]] = {}
        for u, v, data in graph.edges(data=True):
            if flow in data["flows"]:
                edges.setdefault(u, []).append(v)
        sources = [u for u, targets in edges.items() if u not in gone and not gone.isdisjoint(targets)]
        for source in sorted(sources):
            left = {n: [t for t in ts if t not in gone] for n, ts in edges.items() if n not in gone}
            for a, b, in_flow in found:
                if in_flow == flow:
                    left[a] = [*left.get(a, ()), b]
            reached = _reached(left, source, inside=None)
            through = _reached(edges, source, inside=gone)
            for target in sorted(through - gone - reached):
                a, b = graph.nodes[source]["kind"], graph.nodes[target]["kind"]
                known = a in pipeline.catalog and b in pipeline.catalog
                if not known or matching.fits(a, b):
                    found.append((source, target, flow))
    return tuple(found)


def common_flow(pipeline: ReadablePipeline, a: str, b: str) -> str:
    """The flow that two services are part of; the main one where that does not tell.

    Raises
    ------
    UnknownName
        When one is not there.
    """
    flows = [f for f in pipeline.flows_of(a) if f in pipeline.flows_of(b)]
    return flows[0] if len(flows) == 1 else MAIN


def told(names: Sequence[str]) -> str:
    """Names for a label.

    >>> told(["a", "b"]), told(["a", "b", "c", "d"])
    ('a and b', '4 parts')
    """
    return " and ".join(names) if len(names) <= _FEW else f"{len(names)} parts"


def _row(
    pipeline: ReadablePipeline, kinds: Sequence[str], flow: str, position: Position | None
) -> tuple[list[Edit], tuple[str, ...]]:
    """New services, not connected yet, on a copy of the graph so that names and ports are free for each of them."""
    graph = copied(pipeline.graph) if len(kinds) > 1 else pipeline.graph
    steps: list[Edit] = []
    names = []
    for kind in kinds:
        edit, node = adding(graph, pipeline.catalog, kind, flow=flow, position=position)
        if len(kinds) > 1:
            edit.apply(graph)
        steps += edit.edits
        names.append(node.name)
    return steps, tuple(names)


def _halfway(pipeline: ReadablePipeline, a: str, b: str) -> Position | None:
    one, other = pipeline.node(a).position, pipeline.node(b).position
    return ((one[0] + other[0]) / 2, (one[1] + other[1]) / 2) if one and other else None


def _reached(edges: dict[str, list[str]], start: str, inside: set[str] | None) -> set[str]:
    """What can be reached; only on ways through the given names, where some are given (their ends included)."""
    found: set[str] = set()
    todo = [start]
    while todo:
        name = todo.pop()
        for target in edges.get(name, ()):
            if inside is not None and name == start and target not in inside:
                continue
            if target not in found:
                found.add(target)
                if inside is None or target in inside:
                    todo.append(target)
    return found
