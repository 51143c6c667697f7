"""Takes any directed networkx graph in as a pipeline."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any, cast

import networkx as nx

from opea_nb.catalog import Catalog, load_catalog
from opea_nb.errors import CatalogError, CycleError, PipelineError
from opea_nb.pipeline import board, edits, wiring
from opea_nb.pipeline.adding import checked
from opea_nb.pipeline.edit import Edit
from opea_nb.pipeline.naming import next_free
from opea_nb.pipeline.pipeline import Pipeline
from opea_nb.pipeline.spec import MAIN, Engine, Flow, MegaService, Node, Service


def build(graph: nx.DiGraph[Any], name: str, catalog: Catalog | None) -> Pipeline:
    """See `Pipeline.from_networkx`."""
    graph = _directed(graph)
    catalog = catalog or load_catalog()
    mega = graph.graph.get("mega")
    pipeline = Pipeline(name or getattr(mega, "name", "") or str(graph.name) or "pipeline", catalog=catalog)
    steps: list[Edit] = []
    if isinstance(mega, MegaService):
        steps.append(
            edits.Configure({f.name: getattr(mega, f.name) for f in dataclasses.fields(mega) if f.name != "name"})
        )
    told = graph.graph.get("flows", {})
    steps += [wiring.PutFlow(f) for f in told.values() if isinstance(f, Flow)]
    nodes = {n: _node(str(n), data, catalog) for n, data in graph.nodes(data=True)}
    plain = [
        n
        for n, data in graph.nodes(data=True)
        if not isinstance(data.get("spec"), Service | Engine) and not data.get("port")
    ]
    _give_ports(nodes, plain, getattr(mega, "port", pipeline.port), catalog)
    links = {(u, v): _flows(f"the edge {u} >> {v}", data) for u, v, data in graph.edges(data=True)}
    inside = {n: _flows(f"the node {n}", data) for n, data in graph.nodes(data=True)}
    used = {flow for flows in [*links.values(), *inside.values()] for flow in flows or ()}
    steps += [wiring.PutFlow(Flow(f)) for f in sorted(used - set(told) - {MAIN})]
    for key, node in nodes.items():
        flows = inside[key]
        if flows is None:
            its_edges = {edge: links[edge] for edge in [*graph.in_edges(key), *graph.out_edges(key)]}
            default = catalog[node.kind].flow if node.kind in catalog else ""
            flows = tuple({flow for named in its_edges.values() for flow in named or ()})
            if not flows or any(
                named is None and not isinstance(nodes[v], Engine) for (_, v), named in its_edges.items()
            ):
                flows = tuple({*flows, default if default in used else MAIN})
        steps.append(edits.Add(node, flows))
    for (u, v), named in links.items():
        a, b = nodes[u].name, nodes[v].name
        if isinstance(nodes[v], Engine):
            steps.append(wiring.Use(a, b))
        else:
            steps += [wiring.Connect(a, b, flow) for flow in named or (MAIN,)]
    steps += [board.PutNote(note) for note in graph.graph.get("notes", {}).values()]
    steps += [board.PutGroup(group) for group in graph.graph.get("groups", {}).values()]
    try:
        edits.Batch(tuple(steps), "from networkx").apply(pipeline._graph)
    except CycleError as error:
        raise CycleError(f"the graph has a circle: {error.message}", cycle=error.cycle, hint=error.hint) from error
    return pipeline


def _give_ports(nodes: dict[Any, Node], plain: Collection[Any], port_of_mega: int, catalog: Catalog) -> None:
    """A port of its own for each service that says none, where another one has the component's."""
    taken = {port_of_mega}
    for key in sorted(nodes, key=lambda key: key in plain):  # those that say one first
        node = nodes[key]
        if not isinstance(node, Service) or node.url or node.kind not in catalog:
            continue
        own = catalog[node.kind].port
        if key in plain and (free := next_free(own, taken)) != own:
            node = nodes[key] = dataclasses.replace(node, port=free)
        taken.add(node.port or own)


def _directed(graph: Any) -> nx.DiGraph[Any]:
    """The graph, parallel edges made one."""
    if not isinstance(graph, nx.Graph):
        raise PipelineError(f"a {type(graph).__name__} is no networkx graph", hint="give a networkx.DiGraph")
    if not graph.is_directed():
        raise PipelineError(
            "a pipeline is made from a directed graph", hint="give a networkx.DiGraph whose edges go the way data does"
        )
    if not isinstance(graph, nx.MultiDiGraph):
        return cast("nx.DiGraph[Any]", graph)
    single: nx.DiGraph[Any] = nx.DiGraph(graph)
    for u, v in single.edges:
        parallel = [_flows(f"the edge {u} >> {v}", data) for data in graph[u][v].values()]
        flows = {flow for named in parallel for flow in (named or (MAIN,))}
        single.edges[u, v]["flows"] = None if parallel == [None] * len(parallel) else tuple(sorted(flows))
    return single


def _flows(what: str, data: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The flows that a node or an edge is said to be part of; ``None`` where nothing is said."""
    flows = data.get("flows")
    if flows is None:
        return None
    flows = (flows,) if isinstance(flows, str) else flows
    if not isinstance(flows, Collection) or not all(isinstance(flow, str) for flow in flows):
        raise PipelineError(f"the flows of {what} are {flows!r}", hint="give a name of a flow, or several in a tuple")
    return tuple(flows)


def _node(name: str, data: Mapping[str, Any], catalog: Catalog) -> Node:
    given = data.get("spec")
    if isinstance(given, Service | Engine):
        return dataclasses.replace(given, name=name)  # the node may have been relabelled
    kind = data.get("kind") or catalog.find(name=name, endpoint=str(data.get("endpoint") or "")).kind
    if not isinstance(kind, str):
        raise PipelineError(f"the kind of {name} is {kind!r}, not text", hint="give a kind of the catalogue")
    role = data.get("role") or (catalog[kind].role if kind in catalog else "service")
    cls: type[Service | Engine] = Engine if role == "engine" else Service
    known = {f.name for f in dataclasses.fields(cls)} - {"name", "kind"}
    fields = {key: value for key, value in data.items() if key in known and value is not None}
    try:
        return cls(name=name, kind=kind, **(checked(catalog[kind], fields) if kind in catalog else fields))
    except CatalogError as error:
        raise PipelineError(f"{name}: {error.message}", hint=error.hint) from error
