"""Differences are told one by one; what means the same differs in nothing."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opea_nb.formats.compare import NOTHING, differences, document_differences
from opea_nb.pipeline import Pipeline

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
DOCUMENTS = st.recursive(
    SCALARS, lambda d: st.lists(d, max_size=4) | st.dictionaries(st.text(max_size=4), d, max_size=4), max_leaves=12
)


def chat(*, backwards: bool = False) -> Pipeline:
    pipeline = Pipeline("chat")
    for kind in ("llm", "retriever", "embedding") if backwards else ("embedding", "retriever", "llm"):
        pipeline.add(kind)
    pipeline.connect("embedding", "retriever")
    pipeline.connect("retriever", "llm")
    return pipeline


def told(one: Any, other: Any, **options: Any) -> list[str]:
    return [str(d) for d in document_differences(one, other, **options)]


def test_order_positions_and_defaults_do_not_count() -> None:
    one, other = chat(), chat(backwards=True)
    one.update("llm", position=(3.0, 4.0))
    other.update("llm", parameters={"max_tokens": other.component("llm").parameter("max_tokens").default})
    assert differences(one, other) == ()


def test_each_difference_of_two_pipelines_is_told_once() -> None:
    one, other = chat(), chat()
    other.update("llm", parameters={"temperature": 1.5}, environment={"A": "b"}, port=9009)
    other.add("tgi")
    other.use("llm", "tgi")
    other.disconnect("embedding", "retriever")
    other.configure(port=9999)
    paths = [".".join(d.path) for d in differences(one, other)]
    assert paths == [
        "engines.tgi",
        "flows.main.edges.embedding >> retriever",
        "pipeline.port",
        "services.llm.environment.A",
        "services.llm.parameters.temperature",
        "services.llm.port",
        "uses.llm uses tgi",
    ]


def test_what_a_format_does_not_carry_can_be_left_out() -> None:
    one, other = chat(), chat()
    other.update("llm", port=9009)
    assert differences(one, other, ignore=["services.*.port"]) == ()


def test_a_difference_reads_as_a_sentence() -> None:
    assert told({"a": {"b": 1}, "c": 2}, {"a": {"b": 2}, "d": 3}) == [
        "a.b: 1 → 2",
        "c: only in the first: 2",
        "d: only in the second: 3",
    ]
    assert told(1, 2) == ["the whole: 1 → 2"]


def test_paths_can_be_left_out_at_any_depth() -> None:
    one, other = {"a": {"s": 1, "b": {"s": 1}}, "s": 1}, {"a": {"s": 2, "b": {"s": 2}}, "s": 2}
    assert told(one, other, ignore=["a.*"]) == ["s: 1 → 2"]
    assert told(one, other, ignore=["**.s"]) == []


def test_lists_compare_by_place_unless_their_order_means_nothing() -> None:
    assert told({"a": [1, 2, 3]}, {"a": [1, 3]}) == ["a.1: 2 → 3", "a.2: only in the first: 3"]
    assert told({"a": [1, 2, 2]}, {"a": [2, 1]}, unordered=["a"]) == ["a.2: only in the first: 2"]


@pytest.mark.parametrize(("one", "other"), [(1, True), (0, False), (None, NOTHING), ("1", 1), ([], {})])
def test_what_only_looks_alike_differs(one: object, other: object) -> None:
    assert document_differences({"a": one}, {"a": other})


@given(DOCUMENTS)
def test_a_document_is_itself(document: Any) -> None:
    assert document_differences(document, copy.deepcopy(document)) == ()


@given(DOCUMENTS, DOCUMENTS)
def test_differences_the_other_way_round_are_the_same_ones(one: Any, other: Any) -> None:
    there, back = document_differences(one, other), document_differences(other, one)
    assert {d.path for d in there} == {d.path for d in back}
