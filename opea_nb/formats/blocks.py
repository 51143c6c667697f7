"""A flow as nested blocks: one after the other, or side by side. What router nodes of GMC and KServe can say."""

from __future__ import annotations

import itertools
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import networkx as nx

from opea_nb.errors import PlanError

if TYPE_CHECKING:
    Graph = nx.DiGraph[str]


@dataclass(frozen=True, slots=True)
class Series:
    """Blocks that run one after the other."""

    parts: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Parallel:
    """Blocks that get the same input, side by side."""

    parts: tuple[Block, ...]


Block: TypeAlias = "str | Series | Parallel"


def names_of(block: Block) -> tuple[str, ...]:
    """The services of a block, in order."""
    return (block,) if isinstance(block, str) else tuple(name for part in block.parts for name in names_of(part))


def blocks(flow: Graph, order: Collection[str]) -> Block:
    """The blocks of a flow of at least one service.

    What follows must follow from all that is side by side before it; an edge that skips a step says nothing more, as
    what goes before is known to all that follows.

    Parameters
    ----------
    order
        All services, in the order in which branches are listed.

    Raises
    ------
    PlanError
        For a flow that is no such nesting; names the services.

    >>> import networkx as nx
    >>> blocks(nx.DiGraph([("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")]), "abcd")
    Series(parts=('a', Parallel(parts=('b', 'c')), 'd'))
    """
    closed: Graph = nx.transitive_closure_dag(nx.DiGraph(flow))
    return _blocks(closed, {name: i for i, name in enumerate(order)})


def _blocks(closed: Graph, order: dict[str, int]) -> Block:
    if len(closed) == 1:
        return next(iter(closed))
    comparable = closed.to_undirected()
    branches = list(nx.connected_components(comparable))
    if len(branches) > 1:
        branches.sort(key=lambda names: min(order[n] for n in names))
        return Parallel(tuple(_blocks(closed.subgraph(names), order) for names in branches))
    stages = list(nx.connected_components(nx.complement(comparable)))
    if len(stages) == 1:
        raise _refused(closed, order)
    stages.sort(key=lambda names: max(len(nx.ancestors(closed, n)) for n in names))
    return Series(tuple(_blocks(closed.subgraph(names), order) for names in stages))


def _refused(closed: Graph, order: dict[str, int]) -> PlanError:
    """Names services of which c follows a and b, but d only b: the shape that cannot be nested."""
    names = sorted(closed, key=order.__getitem__)
    before = {name: set(closed.predecessors(name)) for name in names}
    for c, d in itertools.permutations(names, 2):
        shared, missing = before[c] & before[d], before[c] - before[d] - {d}
        apart = not closed.has_edge(c, d) and not closed.has_edge(d, c)
        for b, a in itertools.product(sorted(shared, key=order.__getitem__), sorted(missing, key=order.__getitem__)):
            if apart and not closed.has_edge(a, b) and not closed.has_edge(b, a):
                message = f"{c} follows {a} and {b}, but {d} follows only {b}"
                hint = f"let {d} follow {a} as well, or give {c} and {d} the same services before them"
                return PlanError(f"{message}: router nodes cannot be nested so", hint=hint)
    return PlanError(f"the branches of {', '.join(names[:6])} cross, which router nodes cannot say")
