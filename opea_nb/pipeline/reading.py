"""Reading a pipeline: its parts, its graph, its problems."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import networkx as nx

from opea_nb.catalog import Catalog, Component
from opea_nb.pipeline.board import Group, Note
from opea_nb.pipeline.edit import flow_of, spec, specs
from opea_nb.pipeline.fitting import unfit
from opea_nb.pipeline.handles import Handle
from opea_nb.pipeline.problems import Problem, find_problems
from opea_nb.pipeline.spec import MAIN, Engine, Flow, MegaService, Node, Service
from opea_nb.pipeline.view import read_only

if TYPE_CHECKING:
    Graph = nx.DiGraph[str]

Name = str | Handle


class ReadablePipeline:
    """What can be asked of a pipeline without changing it."""

    catalog: Catalog
    _graph: Graph

    @property
    def name(self) -> str:
        """The pipeline's name."""
        return self.mega.name

    @property
    def mega(self) -> MegaService:
        """The mega service's settings."""
        mega: MegaService = self._graph.graph["mega"]
        return mega

    @property
    def port(self) -> int:
        """The gateway's port where the target does not choose one."""
        return self.mega.port

    @property
    def endpoint(self) -> str:
        """URL path of the main flow on the gateway."""
        return self.mega.path_of(Flow(MAIN))

    @property
    def graph(self) -> Graph:
        """A live, read-only networkx view of everything.

        Nodes have ``role`` (``service`` or ``engine``), ``kind``, ``spec`` (`Service` or `Engine`) and ``flows``; edges
        have ``kind`` (``flow`` or ``uses``) and ``flows``.
        """
        return read_only(self._graph)

    def flow(self, name: str = MAIN) -> Graph:
        """A live, read-only view of one flow: its services and flow edges.

        Raises
        ------
        UnknownName
            When there is no such flow.
        """
        flow_of(self._graph, name)
        graph = read_only(self._graph)
        view: Graph = nx.subgraph_view(
            graph,
            filter_node=lambda n: name in graph.nodes[n]["flows"],
            filter_edge=lambda u, v: name in graph.edges[u, v]["flows"],
        )
        return _frozen(view)

    @property
    def services(self) -> Mapping[str, Service]:
        """The services by name."""
        return MappingProxyType({n: s for n, s in specs(self._graph).items() if isinstance(s, Service)})

    @property
    def engines(self) -> Mapping[str, Engine]:
        """The engines by name."""
        return MappingProxyType({n: s for n, s in specs(self._graph).items() if isinstance(s, Engine)})

    @property
    def flows(self) -> Mapping[str, Flow]:
        """The flows by name; the main one is always there."""
        return MappingProxyType(self._graph.graph["flows"])

    @property
    def notes(self) -> Mapping[str, Note]:
        """The notes on the canvas by id. Not part of equality."""
        return MappingProxyType(self._graph.graph["notes"])

    @property
    def groups(self) -> Mapping[str, Group]:
        """What the canvas shows as one thing, by name. Not part of equality."""
        return MappingProxyType(self._graph.graph["groups"])

    def node(self, name: Name) -> Node:
        """The service or engine of that name.

        Raises
        ------
        UnknownName
            When there is none; names the nearest.
        """
        return spec(self._graph, name_of(name))

    def component(self, name: Name) -> Component:
        """The catalogue's entry for a service or engine.

        Raises
        ------
        UnknownName, CatalogError
            When there is no such service, or its kind is not in this catalogue.
        """
        return self.catalog.component(self.node(name).kind)

    def engines_of(self, service: Name) -> tuple[str, ...]:
        """Names of the engines that a service uses, in alphabetical order."""
        name = name_of(service)
        spec(self._graph, name)
        return tuple(sorted(v for v in self._graph[name] if self._graph.edges[name, v]["kind"] == "uses"))

    def flows_of(self, name: Name) -> tuple[str, ...]:
        """Names of the flows that a service is part of, in alphabetical order; none for an engine."""
        spec(self._graph, name_of(name))
        flows: tuple[str, ...] = self._graph.nodes[name_of(name)]["flows"]
        return flows

    def problems(self) -> tuple[Problem, ...]:
        """What would keep it from running, worst first; empty when it is sound."""
        return find_problems(self._graph, self.catalog)

    def unfit(self, source: Name, target: Name, *, flow: str = MAIN) -> str:
        """Why an edge between two services would make no sense, in one sentence; empty when it is fine."""
        return unfit(self._graph, self.catalog, name_of(source), name_of(target), flow)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ReadablePipeline):
            return NotImplemented
        return _content(self._graph) == _content(other._graph)

    __hash__ = None  # type: ignore[assignment]  # it changes, so it is no key

    def __repr__(self) -> str:
        services, engines = len(self.services), len(self.engines)
        flow_edges = sum(data["kind"] == "flow" for *_, data in self._graph.edges(data=True))
        counts = [_count(services, "service"), _count(flow_edges, "edge")]
        if engines:
            counts.append(_count(engines, "engine"))
        return f"<Pipeline {self.name}: {', '.join(counts)}>"


def name_of(name: Name) -> str:
    """The name that a handle or a name stands for."""
    return name.name if isinstance(name, Handle) else name


def _frozen(view: Graph) -> Graph:
    nx.freeze(view)
    return view


def _content(graph: Graph) -> tuple[object, ...]:
    """What two equal pipelines have in common: everything but the order and positions of nodes."""
    nodes = {n: (d["spec"], d["flows"]) for n, d in graph.nodes(data=True)}
    edges = {(u, v): (d["kind"], d["flows"]) for u, v, d in graph.edges(data=True)}
    mega = graph.graph["mega"]
    return nodes, edges, mega, dict(graph.graph["flows"])


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
