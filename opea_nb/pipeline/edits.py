"""Every change of a pipeline, as small frozen values.

An edit validates itself against the graph, applies itself, and returns its inverse. Mouse, Python and files change a
pipeline by these alone, so undo, redo and what a front end sends need nothing else. Those of the wiring are in
`opea_nb.pipeline.wiring`, those of notes and groups in `opea_nb.pipeline.board`.

The graph is a ``networkx.DiGraph``: node attributes ``role``, ``kind``, ``spec`` and ``flows`` (the flows that a
service is part of), edge attributes ``kind`` (``flow`` or ``uses``) and ``flows``; graph attributes ``mega``,
``flows`` (`Flow` by name), ``notes`` (`Note` by id) and ``groups`` (`Group` by name).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import networkx as nx

from opea_nb.errors import DuplicateName, PipelineError
from opea_nb.pipeline import board
from opea_nb.pipeline.edit import Edit, flow_of, spec
from opea_nb.pipeline.names import check_name, check_pipeline_name
from opea_nb.pipeline.spec import MAIN, Flow, MegaService, Node, Position, Service, check_fields, check_node
from opea_nb.pipeline.wiring import Connect, PutFlow, Use

if TYPE_CHECKING:
    Graph = nx.DiGraph[str]


@dataclass(frozen=True, slots=True)
class Add:
    """Put a service or an engine into the pipeline; a service becomes part of the given flows."""

    node: Node
    flows: tuple[str, ...] = (MAIN,)

    @property
    def label(self) -> str:
        return f"add {self.node.name}"

    def apply(self, graph: Graph) -> Edit:
        check_node(self.node)
        if self.node.name in graph:
            raise DuplicateName(f"{self.node.name!r} is already in the pipeline", hint="give it another name")
        is_service = isinstance(self.node, Service)
        flows = tuple(sorted(self.flows)) if is_service else ()
        for flow in flows:
            flow_of(graph, flow)
        role = "service" if is_service else "engine"
        graph.add_node(self.node.name, role=role, kind=self.node.kind, spec=self.node, flows=flows)
        return Remove(self.node.name)


@dataclass(frozen=True, slots=True)
class Remove:
    """Take a service or an engine out, with its edges."""

    name: str

    @property
    def label(self) -> str:
        return f"delete {self.name}"

    def apply(self, graph: Graph) -> Edit:
        node = spec(graph, self.name)
        back: list[Edit] = [Add(node, graph.nodes[self.name]["flows"])]
        for u, v, data in [*graph.in_edges(self.name, data=True), *graph.out_edges(self.name, data=True)]:
            back += [Use(u, v)] if data["kind"] == "uses" else [Connect(u, v, f) for f in data["flows"]]
        if parting := board.parting(graph, self.name):
            back.append(parting.apply(graph))
        graph.remove_node(self.name)
        return Batch(tuple(back), f"add {self.name}")


@dataclass(frozen=True, slots=True)
class Rename:
    """Give a service or an engine another name; its edges stay."""

    old: str
    new: str

    @property
    def label(self) -> str:
        return f"rename {self.old} to {self.new}"

    def apply(self, graph: Graph) -> Edit:
        node = dataclasses.replace(spec(graph, self.old), name=check_name(self.new))
        if self.new != self.old:
            if self.new in graph:
                raise DuplicateName(f"{self.new!r} is already in the pipeline", hint="choose another name")
            nx.relabel_nodes(graph, {self.old: self.new}, copy=False)
            board.rename_member(graph, self.old, self.new)
        graph.nodes[self.new]["spec"] = node
        return Rename(self.new, self.old)


@dataclass(frozen=True, slots=True)
class Change:
    """Set fields of a service or an engine (`Service` tells which); a mapping is replaced as a whole."""

    name: str
    fields: Mapping[str, Any]

    @property
    def label(self) -> str:
        return f"change {' and '.join(self.fields)} of {self.name}"

    def apply(self, graph: Graph) -> Edit:
        node = spec(graph, self.name)
        check_fields(self.name, type(node), self.fields)
        if "name" in self.fields:
            raise PipelineError(f"the name of {self.name} is no field to set", hint="rename it")
        changed = check_node(dataclasses.replace(node, **self.fields))
        before = {field: getattr(node, field) for field in self.fields}
        graph.nodes[self.name].update(spec=changed, kind=changed.kind)
        return Change(self.name, before)


@dataclass(frozen=True, slots=True)
class Move:
    """Show a service or an engine elsewhere on the canvas; `None` leaves that to the layout."""

    name: str
    position: Position | None

    @property
    def label(self) -> str:
        return f"move {self.name}"

    def apply(self, graph: Graph) -> Edit:
        node = spec(graph, self.name)
        graph.nodes[self.name]["spec"] = dataclasses.replace(node, position=self.position)
        return Move(self.name, node.position)


@dataclass(frozen=True, slots=True)
class Configure:
    """Set fields of the mega service (`MegaService` tells which)."""

    fields: Mapping[str, Any]

    @property
    def label(self) -> str:
        return f"change {' and '.join(self.fields)} of the pipeline"

    def apply(self, graph: Graph) -> Edit:
        mega: MegaService = graph.graph["mega"]
        check_fields("a pipeline", MegaService, self.fields)
        changed = dataclasses.replace(mega, **self.fields)
        check_pipeline_name(changed.name)
        if isinstance(changed.port, bool) or not isinstance(changed.port, int) or not 1 <= changed.port <= 65535:
            raise PipelineError(f"port {changed.port!r} is no TCP port", hint="use 1 to 65535")
        if changed.endpoint and not changed.endpoint.startswith("/"):
            raise PipelineError(f"endpoint {changed.endpoint!r} is no URL path", hint="write it as /v1/…")
        graph.graph["mega"] = changed
        return Configure({field: getattr(mega, field) for field in self.fields})


@dataclass(frozen=True, slots=True)
class Batch:
    """Several edits as one: all of them, or none."""

    edits: tuple[Edit, ...]
    label: str = ""

    def apply(self, graph: Graph) -> Edit:
        done: list[Edit] = []
        try:
            for edit in self.edits:
                done.append(edit.apply(graph))  # noqa: PERF401  what is done so far must be known when one fails
        except BaseException:
            for inverse in reversed(done):
                inverse.apply(graph)
            raise
        return Batch(tuple(reversed(done)), self.label)


@dataclass(frozen=True, slots=True)
class Clear:
    """Take everything out; the pipeline's own settings stay."""

    @property
    def label(self) -> str:
        return "clear the pipeline"

    def apply(self, graph: Graph) -> Edit:
        back = Batch(tuple(everything(graph)), self.label)
        graph.remove_nodes_from(list(graph))
        for key in ("flows", "notes", "groups"):
            graph.graph[key].clear()
        graph.graph["flows"][MAIN] = Flow(MAIN)
        return back


def everything(graph: Graph, names: Collection[str] | None = None) -> Iterator[Edit]:
    """The edits that build what a graph holds, in order; of the given services and engines alone, if any are given."""
    chosen = [n for n in graph if names is None or n in names]
    inside = set(chosen)
    used = {flow for n in chosen for flow in graph.nodes[n]["flows"]}
    for flow in graph.graph["flows"].values():
        if flow.name != MAIN and (names is None or flow.name in used):
            yield PutFlow(flow)
    yield from (Add(graph.nodes[n]["spec"], graph.nodes[n]["flows"]) for n in chosen)
    for u, v, data in graph.edges(chosen, data=True):
        if v not in inside:
            continue
        yield from [Use(u, v)] if data["kind"] == "uses" else [Connect(u, v, f) for f in data["flows"]]
    if names is None:
        yield from map(board.PutNote, graph.graph["notes"].values())
    for group in graph.graph["groups"].values():
        if members := tuple(m for m in group.members if m in inside):
            yield board.PutGroup(dataclasses.replace(group, members=members))


def renames(edit: Edit) -> Iterable[tuple[str, str]]:
    """The (old, new) names that an edit changes, in order."""
    if isinstance(edit, Rename):
        yield edit.old, edit.new
    elif isinstance(edit, Batch):
        for part in edit.edits:
            yield from renames(part)
