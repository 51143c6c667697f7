"""Takes any directed networkx graph in as a pipeline."""

from __future__ import annotations

import dataclasses
from typing import Any

import networkx as nx

from opea_nb.catalog import Catalog, load_catalog
from opea_nb.errors import CycleError, PipelineError
from opea_nb.pipeline import board, edits, wiring
from opea_nb.pipeline.edit import Edit
from opea_nb.pipeline.pipeline import Pipeline
from opea_nb.pipeline.spec import MAIN, Engine, Flow, MegaService, Node, Service


def build(graph: nx.DiGraph[Any], name: str, catalog: Catalog | None) -> Pipeline:
    """See `Pipeline.from_networkx`."""
    if not graph.is_directed() or graph.is_multigraph():
        raise PipelineError("a pipeline is made from a DiGraph", hint="convert it with networkx.DiGraph(graph)")
    catalog = catalog or load_catalog()
    mega = graph.graph.get("mega")
    pipeline = Pipeline(name or getattr(mega, "name", "") or str(graph.name) or "pipeline", catalog=catalog)
    steps: list[Edit] = []
    if isinstance(mega, MegaService):
        steps.append(
            edits.Configure({f.name: getattr(mega, f.name) for f in dataclasses.fields(mega) if f.name != "name"})
        )
    steps += [wiring.PutFlow(f) for f in graph.graph.get("flows", {}).values() if isinstance(f, Flow)]
    nodes = {n: _node(str(n), data, catalog) for n, data in graph.nodes(data=True)}
    everything = [d for *_, d in graph.edges(data=True)] + [d for _, d in graph.nodes(data=True)]
    used = {flow for data in everything for flow in data.get("flows") or ()}
    steps += [wiring.PutFlow(Flow(f)) for f in sorted(used - set(graph.graph.get("flows", {})) - {MAIN})]
    for key, node in nodes.items():
        default = catalog[node.kind].flow if node.kind in catalog else ""
        flows = graph.nodes[key].get("flows")
        if flows is None:
            flows = (default if default in used else MAIN,)
        steps.append(edits.Add(node, tuple(flows)))
    for u, v, data in graph.edges(data=True):
        a, b = nodes[u].name, nodes[v].name
        if isinstance(nodes[v], Engine):
            steps.append(wiring.Use(a, b))
        else:
            steps += [wiring.Connect(a, b, flow) for flow in data.get("flows") or (MAIN,)]
    steps += [board.PutNote(note) for note in graph.graph.get("notes", {}).values()]
    steps += [board.PutGroup(group) for group in graph.graph.get("groups", {}).values()]
    try:
        edits.Batch(tuple(steps), "from networkx").apply(pipeline._graph)
    except CycleError as error:
        raise CycleError(f"the graph has a circle: {error.message}", cycle=error.cycle, hint=error.hint) from error
    return pipeline


def _node(name: str, data: dict[str, Any], catalog: Catalog) -> Node:
    given = data.get("spec")
    if isinstance(given, (Service, Engine)):
        return given
    kind = data.get("kind") or catalog.find(name=name, endpoint=data.get("endpoint", "")).kind
    role = data.get("role") or (catalog[kind].role if kind in catalog else "service")
    cls: type[Service | Engine] = Engine if role == "engine" else Service
    known = {f.name for f in dataclasses.fields(cls)} - {"name", "kind"}
    return cls(name=name, kind=kind, **{k: v for k, v in data.items() if k in known})
