"""Names and ports for what is added without one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opea_nb.catalog import Catalog, Component
from opea_nb.pipeline.edit import specs
from opea_nb.pipeline.spec import Service

if TYPE_CHECKING:
    import networkx as nx

    Graph = nx.DiGraph[str]


def free_name(graph: Graph, kind: str) -> str:
    """The kind itself, or with the first number that makes it free (``llm``, ``llm_2``)."""
    if kind not in graph:
        return kind
    return next(name for i in range(2, len(graph) + 3) if (name := f"{kind}_{i}") not in graph)


def free_port(graph: Graph, catalog: Catalog, component: Component) -> dict[str, int]:
    """``{}`` when the component's port is free in the pipeline, else ``{"port": the next free one}``."""
    taken = {graph.graph["mega"].port}
    for node in specs(graph).values():
        if isinstance(node, Service) and not node.url and node.kind in catalog:
            taken.add(node.port or catalog[node.kind].port)
    port = component.port
    while port in taken:
        port += 1
    return {} if port == component.port else {"port": port}
