"""Parts of a pipeline as text, and back into the same pipeline or another: what a clipboard carries."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import networkx as nx

from opea_nb.pipeline.board import PutGroup, PutNote, note_of
from opea_nb.pipeline.edit import Edit, copied
from opea_nb.pipeline.edits import Add, Batch, everything
from opea_nb.pipeline.naming import free_name, free_port
from opea_nb.pipeline.pipeline import Pipeline
from opea_nb.pipeline.secrets import without_plain_secrets
from opea_nb.pipeline.spec import MAIN, Node, Position, Service
from opea_nb.pipeline.surgery import told
from opea_nb.pipeline.wiring import Connect, PutFlow, Use

if TYPE_CHECKING:
    Graph = nx.DiGraph[str]

_STEP = (204.0, 80.0)  # from card to card, for what comes without places


def clip(
    pipeline: Pipeline,
    names: Collection[str],
    *,
    notes: Collection[str] = (),
    places: Mapping[str, Position] | None = None,
) -> str:
    """Services and engines, with what connects them, as unified YAML; secrets become references to variables.

    Parameters
    ----------
    names
        Services and engines.
    notes
        Ids of notes to take along.
    places
        Where they are shown, for those that have no position of their own.

    Raises
    ------
    UnknownName
        When a name is not there.
    FormatError
        When the YAML cannot carry a value.
    """
    part = _part(pipeline, names, notes, places or {})
    ports: set[int] = set()
    for name, node in part.services.items():
        node = replace(node, environment=without_plain_secrets(node.environment))
        # What reads the text refuses a port that stands twice; whoever pastes it gets a free one anyway.
        if node.port in ports and not node.url:
            node = replace(node, port=0)
        ports.add(node.port)
        part._graph.nodes[name]["spec"] = node
    return part.to_yaml()


def paste(
    pipeline: Pipeline, text: str, *, offset: Position | None = None, at: Position | None = None
) -> tuple[Edit, tuple[str, ...]]:
    """The edit that puts what a text holds into a pipeline, and the new names of its services and engines.

    Names, ports and ids that are taken become free ones; edges, settings, groups and notes come along.

    Parameters
    ----------
    text
        Any unified YAML; the settings of its mega service are left out.
    offset
        How far from its own places, in pixels.
    at
        Where its upper left corner comes instead.

    Raises
    ------
    FormatError
        When the text is no unified YAML.
    """
    part = Pipeline.from_yaml(text, catalog=pipeline.catalog)
    return _joining(pipeline, part, offset=offset, at=at)


def duplicate(
    pipeline: Pipeline,
    names: Collection[str],
    *,
    notes: Collection[str] = (),
    offset: Position = (24.0, 24.0),
    places: Mapping[str, Position] | None = None,
) -> tuple[Edit, tuple[str, ...]]:
    """The edit that puts copies beside services and engines, and the names of the copies.

    As `paste` of what `clip` gives, but nothing becomes text: secrets stay as they are.

    Raises
    ------
    UnknownName
        When a name is not there.
    """
    part = _part(pipeline, names, notes, places or {})
    edit, new = _joining(pipeline, part, offset=offset, at=None)
    return Batch(edit.edits, f"duplicate {told(tuple(names))}" if names else "duplicate a note"), new


def _part(
    pipeline: Pipeline, names: Collection[str], notes: Collection[str], places: Mapping[str, Position]
) -> Pipeline:
    for name in names:
        pipeline.node(name)
    part = Pipeline(pipeline.name, catalog=pipeline.catalog)
    chosen = set(names)
    for edit in everything(pipeline.graph, chosen):
        if isinstance(edit, Add):
            node = edit.node
            node = replace(node, position=node.position or places.get(node.name))
            # A service in no flow cannot be written; where it comes to, it begins in the main one.
            edit = Add(node, edit.flows or (MAIN,))
        edit.apply(part._graph)
    for key in notes:
        PutNote(note_of(pipeline.graph, key)).apply(part._graph)
    return part


def _joining(
    pipeline: Pipeline, part: Pipeline, *, offset: Position | None, at: Position | None
) -> tuple[Batch, tuple[str, ...]]:
    graph = copied(pipeline.graph)  # each new name and port must be free beside those before it
    shift = _shift(part, offset, at)
    flows = [PutFlow(f) for f in part.flows.values() if f.name not in pipeline.flows]
    new: dict[str, str] = {}
    steps: list[Edit] = [*flows]
    for flow in flows:
        flow.apply(graph)
    nodes: dict[str, Node] = {**part.services, **part.engines}
    for name, node in nodes.items():
        node = replace(node, name=free_name(graph, name), position=shift.get(name))
        if isinstance(node, Service) and not node.url:
            node = _with_port(node, graph, pipeline)
        new[name] = node.name
        add = Add(node, part.flows_of(name))
        add.apply(graph)
        steps.append(add)
    for u, v, data in part.graph.edges(data=True):
        steps += (
            [Use(new[u], new[v])] if data["kind"] == "uses" else [Connect(new[u], new[v], f) for f in data["flows"]]
        )
    taken = set(pipeline.notes)
    for note in part.notes.values():
        key = free_name(taken, note.id)
        taken.add(key)
        steps.append(PutNote(replace(note, id=key, position=shift[f"note:{note.id}"] or note.position)))
    taken = set(pipeline.groups)
    for group in part.groups.values():
        name = free_name(taken, group.name)
        taken.add(name)
        steps.append(PutGroup(replace(group, name=name, members=tuple(new[m] for m in group.members))))
    names = tuple(new.values())
    return Batch(tuple(steps), f"paste {told(names)}" if names else "paste a note"), names


def _with_port(node: Service, graph: Graph, pipeline: Pipeline) -> Service:
    component = pipeline.catalog.get(node.kind)
    if component is None:
        return node
    wanted = replace(component, port=node.port or component.port)
    port = free_port(graph, pipeline.catalog, wanted).get("port", wanted.port)
    return replace(node, port=0 if port == component.port else port)


def _shift(part: Pipeline, offset: Position | None, at: Position | None) -> dict[str, Position | None]:
    """New places of services and engines by name, and of notes by ``note:`` and id."""
    nodes: dict[str, Node] = {**part.services, **part.engines}
    places: dict[str, Position | None] = {name: node.position for name, node in nodes.items()}
    places |= {f"note:{key}": note.position for key, note in part.notes.items()}
    known = [p for p in places.values() if p is not None]
    if (offset is None and at is None) or not (known or at):
        return places
    lacking = [name for name, place in places.items() if place is None]
    places |= _columns(part, lacking, _below(known))
    known = [p for p in places.values() if p is not None]
    if at is not None and known:
        offset = at[0] - min(x for x, _ in known), at[1] - min(y for _, y in known)
    dx, dy = offset or (0.0, 0.0)
    return {name: (p[0] + dx, p[1] + dy) if p is not None else None for name, p in places.items()}


def _below(places: Collection[Position]) -> Position:
    if not places:
        return (0.0, 0.0)
    return min(x for x, _ in places), max(y for _, y in places) + _STEP[1]


def _columns(part: Pipeline, names: Collection[str], corner: Position) -> dict[str, Position]:
    """Places for what has none: each flow a band with a column for each step, engines below."""
    x, y = corner
    left = dict.fromkeys(names)
    places: dict[str, Position] = {}
    bands: list[Iterable[Iterable[str]]] = [nx.topological_generations(part.flow(flow)) for flow in part.flows]
    for band in [*bands, [[name] for name in part.engines]]:
        columns = [[n for n in column if n in left] for column in band]
        for index, column in enumerate(columns):
            for row, name in enumerate(column):
                del left[name]
                places[name] = (x + index * _STEP[0], y + row * _STEP[1])
        y += max(map(len, columns), default=0) * _STEP[1]
    return places
