"""What an edit is, and how things are looked up in the graph."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Protocol

from opea_nb.errors import UnknownName
from opea_nb.pipeline.spec import Flow, Node

if TYPE_CHECKING:
    import networkx as nx

    Graph = nx.DiGraph[str]


class Edit(Protocol):
    """A change of a pipeline's graph."""

    @property
    def label(self) -> str:
        """What it does, for people: ``add reranking``."""
        ...

    def apply(self, graph: Graph) -> Edit:
        """Change the graph and return the edit that changes it back.

        Raises
        ------
        PipelineError
            When the change is not possible; the graph is then as it was.
        """
        ...


def spec(graph: Graph, name: str) -> Node:
    """The service or engine of that name.

    Raises
    ------
    UnknownName
        When there is none; names the nearest.
    """
    try:
        node: Node = graph.nodes[name]["spec"]
    except KeyError:
        near = difflib.get_close_matches(str(name), list(graph), n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"in it: {', '.join(sorted(graph)) or 'nothing yet'}"
        raise UnknownName(f"no {name!r} in the pipeline", hint=hint) from None
    return node


def flow_of(graph: Graph, name: str) -> Flow:
    """The flow of that name.

    Raises
    ------
    UnknownName
        When there is none.
    """
    flows: dict[str, Flow] = graph.graph["flows"]
    if name not in flows:
        raise UnknownName(f"no flow {name!r} in the pipeline", hint=f"flows: {', '.join(flows)}")
    return flows[name]


def specs(graph: Graph) -> dict[str, Node]:
    """All services and engines by name, in the order they were added."""
    return {name: data["spec"] for name, data in graph.nodes(data=True)}


def members(graph: Graph, flow: str) -> list[str]:
    """Names of the services that are part of a flow."""
    return [name for name, data in graph.nodes(data=True) if flow in data["flows"]]


def edges_in(graph: Graph, flow: str) -> list[tuple[str, str]]:
    """The flow edges of one flow."""
    return [(u, v) for u, v, data in graph.edges(data=True) if flow in data["flows"]]


def copied(graph: Graph) -> Graph:
    """An independent graph with the same content; the values in it are frozen, and shared."""
    copy: Graph = graph.copy()
    for key in ("flows", "notes", "groups"):
        copy.graph[key] = dict(graph.graph[key])
    return copy
