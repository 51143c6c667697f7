"""The mega_flow grammar: read strictly, written canonically."""

from __future__ import annotations

import itertools
import random
import time

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opea_nb.errors import FormatError
from opea_nb.formats.mega_flow import MegaFlow, Rule, name_fault, parse, write

names = st.text(st.sampled_from("abcxyz019_- .é"), min_size=1, max_size=6).filter(lambda n: n == n.strip())
Graph = tuple[list[str], list[tuple[str, str]]]


@st.composite
def dags(draw: st.DrawFn) -> Graph:
    """Names and edges of any DAG; edges go from an earlier name of a random order to a later one."""
    nodes = draw(st.lists(names, min_size=1, max_size=9, unique=True))
    pairs = [(a, b) for i, a in enumerate(nodes) for b in nodes[i + 1 :]]
    return nodes, draw(st.lists(st.sampled_from(pairs), unique=True, max_size=20)) if pairs else []


def documented(rules: tuple[str, ...]) -> tuple[set[str], set[tuple[str, str]]]:
    """The semantics that opea.md §1.2 describes, as plain string operations."""
    nodes: set[str] = set()
    edges: set[tuple[str, str]] = set()
    for rule in rules:
        previous: list[str] = []
        for part in rule.split(">>"):
            part = part.strip()
            group = [n.strip() for n in part[1:-1].split(",")] if part[0] == "(" and part[-1] == ")" else [part]
            nodes.update(group)
            edges.update((a, b) for a in previous for b in group)
            previous = group
    return nodes, edges


@given(dags())
def test_what_is_written_reads_back_as_the_same_graph(graph: Graph) -> None:
    nodes, edges = graph
    flow = parse(write(nodes, edges), known=nodes)
    assert (set(flow.names), set(flow.edges)) == (set(nodes), set(edges))
    assert len(flow.edges) == len(edges)


@given(dags())
def test_upstreams_semantics_read_the_same_graph(graph: Graph) -> None:
    nodes, edges = graph
    assert documented(write(nodes, edges)) == (set(nodes), set(edges))


@given(dags(), st.randoms())
def test_the_order_of_insertion_does_not_matter(graph: Graph, chance: random.Random) -> None:
    nodes, edges = list(graph[0]), list(graph[1])
    before = write(nodes, edges)
    chance.shuffle(nodes)
    chance.shuffle(edges)
    assert write(nodes, edges) == before


@given(dags())
def test_no_edge_is_written_twice(graph: Graph) -> None:
    rules = write(*graph)
    joins = 0
    for rule in rules:
        sizes = [part.count(",") + 1 for part in rule.split(">>")]
        joins += sum(a * b for a, b in itertools.pairwise(sizes))
    assert joins == len(graph[1])


@pytest.mark.parametrize(
    "rules",
    [
        ("embedding >> retriever >> reranking >> llm",),
        ("embedding >> retriever >> reranking >> llm", "dataprep"),
        ("(s1, s5) >> s2 >> (s3, s4)", "s3 >> s4"),
        ("a >> (b, c) >> d",),
        ("(a, b) >> (c, d)",),
        ("a >> c", "b >> d"),
        ("a", "b"),
        (),
    ],
)
def test_canonical_rules_stay_as_they_are(rules: tuple[str, ...]) -> None:
    flow = parse(rules)
    assert write(flow.names, flow.edges) == rules


def test_names_and_edges_come_in_order_of_first_mention() -> None:
    assert parse(["b >> (c, a)", "z", "( b ) >> a"]) == MegaFlow(("b", "c", "a", "z"), (("b", "c"), ("b", "a")))


@pytest.mark.parametrize(
    ("rule", "column", "message", "meant"),
    [
        ("(a,b) >> (c,(d,e))", 13, "parentheses inside parentheses", "(a, b) >> (c, d, e)"),
        ("(a, b >> c", 1, "not closed before", "(a, b) >> c"),
        ("a >> (b, c", 6, "never closed", "a >> (b, c)"),
        ("a, b) >> c", 2, "comma outside", "(a, b) >> c"),
        ("a) >> b", 2, "without its `(`", "a >> b"),
        ("a, b >> c", 2, "comma outside", "(a, b) >> c"),
        ("a >> b >>", 8, "nothing stands after", "a >> b"),
        (">> a >> b", 1, "nothing stands before", "a >> b"),
        ("a >> >> b", 6, "nothing stands between", "a >> b"),
        ("(a, a) >> b", 5, "twice in this group", "a >> b"),
        ("(a,, b) >> c", 4, "missing before this comma", "(a, b) >> c"),
        ("(a, ) >> c", 5, "missing before this `)`", "a >> c"),
        ("(a, b) c", 8, "`>>` is missing before `c`", "(a, b) >> c"),
        ("a (b, c)", 3, "`>>` is missing before `(`", "a >> (b, c)"),
        ("a -> b", 3, "not an arrow", "a >> b"),
        ("a => b > c", 3, "not an arrow", "a >> b >> c"),
        ("a → b", 3, "not an arrow", "a >> b"),
        ("a >>> b", 3, "not an arrow", "a >> b"),
    ],
)
def test_what_upstream_misreads_is_refused_with_what_was_meant(
    rule: str, column: int, message: str, meant: str
) -> None:
    with pytest.raises(FormatError) as caught:
        parse(["x", rule], source="app.yaml")
    assert (caught.value.line, caught.value.column) == (2, column)
    assert message in caught.value.problem
    assert caught.value.hint == f"did you mean `{meant}`?"
    parse([meant])


@pytest.mark.parametrize("rule", ["", "  ", "()", "(", ")", ",", ">>", "a\nb", "a >> a", "(a, b) >> (b, c)"])
def test_other_rules_that_say_nothing_sound_are_refused(rule: str) -> None:
    with pytest.raises(FormatError):
        parse([rule])


def test_unknown_names_come_with_the_nearest_ones() -> None:
    with pytest.raises(FormatError, match=r"1:14: no service is called `retreiver`\n.*did you mean `retriever`\?"):
        parse(["embedding >> retreiver"], known=["embedding", "retriever", "llm"])


def test_a_cycle_is_named_at_the_edge_that_closes_it() -> None:
    with pytest.raises(FormatError) as caught:
        parse(["x >> a >> b >> c", "c >> d", "(y, c) >> (z, a)"], source="f")
    assert (caught.value.line, caught.value.column) == (3, 15)
    assert caught.value.problem == "a cycle: a >> b >> c >> a"
    assert "`c >> a`" in caught.value.hint


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from("abcde")), max_size=12))
def test_a_set_of_edges_is_refused_exactly_when_it_has_a_cycle(edges: list[tuple[str, str]]) -> None:
    rules = [f"{a} >> {b}" for a, b in edges]
    graph = nx.DiGraph(edges)
    if nx.is_directed_acyclic_graph(graph):
        assert set(parse(rules).edges) == set(edges)
    else:
        with pytest.raises(FormatError, match=r"cycle|wait for itself"):
            parse(rules)
        with pytest.raises(FormatError, match="cycle"):
            write("abcde", edges)


@given(st.lists(st.text() | st.text(st.sampled_from("ab,()> -=\n")), max_size=4))
def test_any_rules_read_like_the_documented_semantics_or_are_refused(rules: list[str]) -> None:
    try:
        flow = parse(rules)
    except FormatError:
        return
    assert documented(tuple(rules)) == (set(flow.names), set(flow.edges))


@given(st.text(st.sampled_from("ab,()>→ \n\t"), max_size=5))
def test_a_name_is_either_written_and_read_back_or_refused(name: str) -> None:
    if name_fault(name):
        with pytest.raises(FormatError, match="cannot carry"):
            write([name], [])
    else:
        assert parse(write([name], [])).names == (name,)


def test_the_place_of_a_rule_is_asked_of_its_owner() -> None:
    with pytest.raises(FormatError, match=r"<text>:7:104:"):
        parse([Rule("a >>", lambda index: (7, 102 + index))])


def test_a_short_text_cannot_make_endless_work() -> None:
    many = ", ".join(f"n{i}" for i in range(50_000))
    started = time.perf_counter()
    with pytest.raises(FormatError, match="more than 5000 edges"):
        parse([f"({many}) >> b"])
    with pytest.raises(FormatError):
        parse(["(" * 200_000])
    with pytest.raises(FormatError):
        parse(["a >> " * 100_000])
    with pytest.raises(FormatError):
        parse(["-" * 200_000 + "("])
    assert time.perf_counter() - started < 10


def test_a_name_without_end_is_not_repeated_in_the_message() -> None:
    with pytest.raises(FormatError) as refused:
        parse([f"a >> {'9' * 100_000}"], known=["a"])
    assert len(str(refused.value)) < 400
