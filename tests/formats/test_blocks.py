"""A flow is nested blocks, or refused with the services that cross."""

from __future__ import annotations

import itertools

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opea_nb.errors import PlanError
from opea_nb.formats.blocks import Block, Parallel, Series, blocks, names_of


def test_an_edge_that_skips_a_step_says_nothing_more() -> None:
    assert blocks(nx.DiGraph([("a", "b"), ("b", "c"), ("a", "c")]), "abc") == Series(("a", "b", "c"))


def test_a_crossing_is_refused_by_name() -> None:
    with pytest.raises(PlanError, match="c follows a and b, but d follows only b"):
        blocks(nx.DiGraph([("a", "c"), ("b", "c"), ("b", "d")]), "abcd")


NESTED = st.recursive(
    st.just("x"),
    lambda b: (
        st.builds(lambda p: ("series", p), st.lists(b, min_size=2, max_size=3))
        | st.builds(lambda p: ("parallel", p), st.lists(b, min_size=2, max_size=3))
    ),
    max_leaves=10,
)


@given(NESTED)
def test_any_nesting_is_found_again(nested: object) -> None:
    graph: nx.DiGraph[str] = nx.DiGraph()

    def build(part: object) -> tuple[list[str], list[str]]:
        if not isinstance(part, tuple):
            name = f"s{len(graph):02}"
            graph.add_node(name)
            return [name], [name]
        ends = [build(p) for p in part[1]]
        if part[0] == "parallel":
            return [n for first, _ in ends for n in first], [n for _, last in ends for n in last]
        for (_, last), (first, _) in itertools.pairwise(ends):
            graph.add_edges_from((a, b) for a in last for b in first)
        return ends[0][0], ends[-1][1]

    def before(block: Block) -> set[tuple[str, str]]:
        if isinstance(block, str):
            return set()
        inner = set().union(*(before(part) for part in block.parts))
        if isinstance(block, Parallel):
            return inner
        groups = [names_of(part) for part in block.parts]
        return inner | {(a, b) for i, g in enumerate(groups) for h in groups[i + 1 :] for a in g for b in h}

    build(nested)
    found = blocks(graph, sorted(graph))
    assert sorted(names_of(found)) == sorted(graph)
    assert before(found) == set(nx.transitive_closure_dag(graph).edges)
