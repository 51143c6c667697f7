"""Names and ports for what is added without one."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING

from opea_nb.catalog import Catalog, Component
from opea_nb.pipeline.edit import specs
from opea_nb.pipeline.spec import Service

if TYPE_CHECKING:
    import networkx as nx

    Graph = nx.DiGraph[str]


def free_name(taken: Collection[str], wanted: str) -> str:
    """What is wanted itself, or with the first number that makes it free (``llm``, ``llm_2``).

    >>> free_name({"llm", "llm_2"}, "llm"), free_name({"llm_2"}, "llm_2")
    ('llm_3', 'llm_3')
    """
    if wanted not in taken:
        return wanted
    stem = re.sub(r"_[2-9]\d*$|_1\d+$", "", wanted) or wanted
    return next(name for i in range(2, len(taken) + 3) if (name := f"{stem}_{i}") not in taken)


def next_free(port: int, taken: Collection[int]) -> int:
    """The port, or the next one that is not taken; 0, which stands for none, never is."""
    while port and port in taken:
        port += 1
    return port


def taken_ports(graph: Graph, catalog: Catalog) -> set[int]:
    """The gateway's port, and those of the services that are deployed with it."""
    taken = {graph.graph["mega"].port}
    for node in specs(graph).values():
        if isinstance(node, Service) and not node.url and node.kind in catalog:
            taken.add(node.port or catalog[node.kind].port)
    return taken


def free_port(graph: Graph, catalog: Catalog, component: Component) -> dict[str, int]:
    """``{}`` when the component's port is free in the pipeline, else ``{"port": the next free one}``."""
    port = next_free(component.port, taken_ports(graph, catalog))
    return {} if port == component.port else {"port": port}
