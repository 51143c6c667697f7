"""Edits of the wiring: flow edges, engine use, named flows and who is part of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opea_nb.errors import CycleError, DuplicateName, PipelineError, UnknownName
from opea_nb.pipeline.edit import Edit, flow_of, members, spec
from opea_nb.pipeline.names import check_name
from opea_nb.pipeline.spec import MAIN, Engine, Flow, Service

if TYPE_CHECKING:
    import networkx as nx

    Graph = nx.DiGraph[str]


@dataclass(frozen=True, slots=True)
class Connect:
    """Draw a flow edge in one flow, which both services must be part of."""

    source: str
    target: str
    flow: str = MAIN

    @property
    def label(self) -> str:
        return f"connect {self.source} to {self.target}"

    def apply(self, graph: Graph) -> Edit:
        flow_of(graph, self.flow)
        for name in (self.source, self.target):
            if not isinstance(spec(graph, name), Service):
                raise PipelineError(
                    f"{name} is an engine, not a step of a flow", hint=f"use(service, {name!r}) instead"
                )
            if self.flow not in graph.nodes[name]["flows"]:
                raise PipelineError(
                    f"{name} is no part of the flow {self.flow!r}", hint=f"join({name!r}, {self.flow!r})"
                )
        flows = graph.edges[self.source, self.target]["flows"] if graph.has_edge(self.source, self.target) else ()
        if self.flow in flows:
            raise DuplicateName(f"{self.source} is already connected to {self.target}")
        self._refuse_cycle(graph)
        graph.add_edge(self.source, self.target, kind="flow", flows=tuple(sorted((*flows, self.flow))))
        return Disconnect(self.source, self.target, self.flow)

    def _refuse_cycle(self, graph: Graph) -> None:
        path = _path_in_flow(graph, self.target, self.source, self.flow)
        if path is None:
            return
        if len(path) == 1:
            raise CycleError(f"{self.source} cannot feed itself", cycle=(self.source,), hint="connect two services")
        cycle = (self.source, *path[:-1])
        around = " >> ".join((*cycle, self.source))
        raise CycleError(
            f"{self.source} >> {self.target} would close a circle: {around}", cycle=cycle, hint="leave one of these out"
        )


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Take a flow edge out of one flow."""

    source: str
    target: str
    flow: str = MAIN

    @property
    def label(self) -> str:
        return f"disconnect {self.source} from {self.target}"

    def apply(self, graph: Graph) -> Edit:
        flows = (
            graph.edges[self.source, self.target].get("flows", ()) if graph.has_edge(self.source, self.target) else ()
        )
        if self.flow not in flows:
            raise UnknownName(f"{self.source} is not connected to {self.target} in the flow {self.flow!r}")
        left = tuple(f for f in flows if f != self.flow)
        if left:
            graph.edges[self.source, self.target]["flows"] = left
        else:
            graph.remove_edge(self.source, self.target)
        return Connect(self.source, self.target, self.flow)


@dataclass(frozen=True, slots=True)
class Use:
    """Let a service use an engine."""

    service: str
    engine: str

    @property
    def label(self) -> str:
        return f"let {self.service} use {self.engine}"

    def apply(self, graph: Graph) -> Edit:
        if not isinstance(spec(graph, self.service), Service) or not isinstance(spec(graph, self.engine), Engine):
            raise PipelineError(f"{self.service} cannot use {self.engine}", hint="a service uses an engine")
        if graph.has_edge(self.service, self.engine):
            raise DuplicateName(f"{self.service} already uses {self.engine}")
        graph.add_edge(self.service, self.engine, kind="uses", flows=())
        return Unuse(self.service, self.engine)


@dataclass(frozen=True, slots=True)
class Unuse:
    """The reverse of `Use`."""

    service: str
    engine: str

    @property
    def label(self) -> str:
        return f"let {self.service} not use {self.engine}"

    def apply(self, graph: Graph) -> Edit:
        if not graph.has_edge(self.service, self.engine) or graph.edges[self.service, self.engine]["kind"] != "uses":
            raise UnknownName(f"{self.service} does not use {self.engine}")
        graph.remove_edge(self.service, self.engine)
        return Use(self.service, self.engine)


@dataclass(frozen=True, slots=True)
class PutFlow:
    """Add a named flow, or change the settings of one."""

    flow: Flow

    @property
    def label(self) -> str:
        return f"set flow {self.flow.name}"

    def apply(self, graph: Graph) -> Edit:
        check_name(self.flow.name, "flow")
        if self.flow.name == MAIN and self.flow != Flow(MAIN):
            raise PipelineError("the main flow's endpoint is the pipeline's own", hint="configure(endpoint=…)")
        before: Flow | None = graph.graph["flows"].get(self.flow.name)
        graph.graph["flows"][self.flow.name] = self.flow
        return PutFlow(before) if before else DropFlow(self.flow.name)


@dataclass(frozen=True, slots=True)
class DropFlow:
    """Take out a named flow that no service is part of any more."""

    name: str

    @property
    def label(self) -> str:
        return f"delete flow {self.name}"

    def apply(self, graph: Graph) -> Edit:
        flow = flow_of(graph, self.name)
        inside = members(graph, self.name)
        if inside or self.name == MAIN:
            why = f"{inside[0]} is part of it" if inside else "a pipeline always has it"
            raise PipelineError(f"the flow {self.name!r} cannot be deleted: {why}")
        del graph.graph["flows"][self.name]
        return PutFlow(flow)


@dataclass(frozen=True, slots=True)
class Join:
    """Make a service part of a flow."""

    service: str
    flow: str

    @property
    def label(self) -> str:
        return f"put {self.service} into {self.flow}"

    def apply(self, graph: Graph) -> Edit:
        flow_of(graph, self.flow)
        if not isinstance(spec(graph, self.service), Service):
            raise PipelineError(f"{self.service} is an engine and has no place in a flow")
        flows = graph.nodes[self.service]["flows"]
        if self.flow in flows:
            raise DuplicateName(f"{self.service} is already part of the flow {self.flow!r}")
        graph.nodes[self.service]["flows"] = tuple(sorted((*flows, self.flow)))
        return Leave(self.service, self.flow)


@dataclass(frozen=True, slots=True)
class Leave:
    """Take a service that has no edges in a flow out of that flow."""

    service: str
    flow: str

    @property
    def label(self) -> str:
        return f"take {self.service} out of {self.flow}"

    def apply(self, graph: Graph) -> Edit:
        spec(graph, self.service)
        flows = graph.nodes[self.service]["flows"]
        if self.flow not in flows:
            raise UnknownName(f"{self.service} is no part of the flow {self.flow!r}")
        for u, v in [*graph.in_edges(self.service), *graph.out_edges(self.service)]:
            if self.flow in graph.edges[u, v]["flows"]:
                raise PipelineError(f"{u} >> {v} is still in the flow {self.flow!r}", hint="disconnect them first")
        graph.nodes[self.service]["flows"] = tuple(f for f in flows if f != self.flow)
        return Join(self.service, self.flow)


def _path_in_flow(graph: Graph, source: str, target: str, flow: str) -> list[str] | None:
    """A path from source to target within one flow, both included; ``None`` when there is none."""
    came: dict[str, str] = {source: ""}
    todo = [source]
    while todo:
        name = todo.pop()
        if name == target:
            path = [name]
            while came[path[-1]]:
                path.append(came[path[-1]])
            return path[::-1]
        for following in graph.successors(name):
            if following not in came and flow in graph.edges[name, following]["flows"]:
                came[following] = name
                todo.append(following)
    return None
