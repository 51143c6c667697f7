"""A graph as ``mega_flow`` rules: few, short, and always the same for the same graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import networkx as nx

from opea_nb.errors import FormatError
from opea_nb.pipeline.names import name_fault

# One complete bipartite piece of a graph: every name of the first has an edge to every name of the second.
_Piece = tuple[frozenset[str], frozenset[str]]


def write(names: Iterable[str], edges: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The rules of a flow, canonical: the order of the arguments does not matter.

    Each edge stands in one rule. Services with the same successors (or, where that makes fewer rules, with the same
    predecessors) share a group, and rules that continue each other become one chain. Names are in topological
    order, by the alphabet where that leaves a choice; services without edges come last, a rule each.

    Parameters
    ----------
    names
        Every service of the flow; those of `edges` need not be repeated.
    edges
        Pairs of names.

    Raises
    ------
    FormatError
        For a name that the grammar cannot carry, or a cycle.

    >>> write(["llm", "retriever"], [("embedding", "retriever"), ("retriever", "llm")])
    ('embedding >> retriever >> llm',)
    """
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(names)
    graph.add_edges_from(edges)
    for name in sorted(graph):
        if fault := name_fault(name):
            raise FormatError(f"the name {name!r} holds {fault}, which mega_flow cannot carry", hint="rename it")
    try:
        order = list(nx.lexicographical_topological_sort(graph))
    except nx.NetworkXUnfeasible as error:
        cycle = [edge[0] for edge in nx.find_cycle(graph)]
        raise FormatError(
            f"the flow has a cycle: {' >> '.join([*cycle, cycle[0]])}", hint="disconnect one of its edges"
        ) from error
    rank = {name: index for index, name in enumerate(order)}
    choices = [_rules(pieces, rank) for pieces in (_by_successors(graph), _by_predecessors(graph))]
    best = min(choices, key=lambda rules: (len(rules), sum(map(len, rules))))
    return (*best, *sorted(name for name in graph if not graph.degree[name]))


def _by_successors(graph: nx.DiGraph[str]) -> list[_Piece]:
    shared: dict[frozenset[str], set[str]] = {}
    for name in graph:
        if graph.succ[name]:
            shared.setdefault(frozenset(graph.succ[name]), set()).add(name)
    return [(frozenset(left), right) for right, left in shared.items()]


def _by_predecessors(graph: nx.DiGraph[str]) -> list[_Piece]:
    shared: dict[frozenset[str], set[str]] = {}
    for name in graph:
        if graph.pred[name]:
            shared.setdefault(frozenset(graph.pred[name]), set()).add(name)
    return [(left, frozenset(right)) for left, right in shared.items()]


def _rules(pieces: list[_Piece], rank: Mapping[str, int]) -> tuple[str, ...]:
    # Within one partition no two pieces share a left side or a right side, so each continues at most one other.
    following = dict(pieces)
    continued = set(following.values())
    chains: list[list[frozenset[str]]] = []
    for left in following:
        if left in continued:
            continue
        chain = [left]
        while chain[-1] in following:
            chain.append(following[chain[-1]])
        chains.append(chain)
    chains.sort(key=lambda chain: [sorted(rank[name] for name in group) for group in chain])
    return tuple(" >> ".join(_group(group, rank) for group in chain) for chain in chains)


def _group(names: frozenset[str], rank: Mapping[str, int]) -> str:
    ordered = sorted(names, key=lambda name: rank[name])
    return ordered[0] if len(ordered) == 1 else f"({', '.join(ordered)})"
