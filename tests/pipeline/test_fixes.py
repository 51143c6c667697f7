"""For each problem that has one plain way out, the fix is that way: afterwards the problem is gone."""

from __future__ import annotations

import typing

import pytest

from opea_nb.pipeline import MAIN, Pipeline, Problem, Service
from opea_nb.pipeline.edits import Add
from opea_nb.pipeline.fixes import fix
from opea_nb.pipeline.problems import Code


def clash() -> Pipeline:
    p = Pipeline()
    p.add("embedding") >> p.add("retriever", port=6000)
    return p


def same_endpoint() -> Pipeline:
    p = Pipeline("app")
    p.add("embedding", flow="side")
    p.add("embedding")
    p.add_flow("side", endpoint="/v1/app")
    return p


def same_default_endpoint() -> Pipeline:
    p = Pipeline("app", endpoint="/v1/other/side")
    p.add("embedding")
    p.add("embedding", flow="side")
    p.add("embedding", flow="more")
    p.add_flow("more", endpoint="/v1/other/side/side")
    return p


def no_retriever() -> Pipeline:
    p = Pipeline()
    p.add("embedding") >> p.add("reranking") >> p.add("llm")
    return p


def nothing_before_it() -> Pipeline:
    p = Pipeline()
    p.add("reranking") >> p.add("llm")
    return p


def in_a_named_flow() -> Pipeline:
    p = nothing_before_it()
    p.add("reranking", flow="second") >> p.add("llm", flow="second")
    p.disconnect("reranking", "llm")
    p.remove("reranking")
    return p


def misspelt_kind() -> Pipeline:
    p = Pipeline()
    p.apply(Add(Service("embedding", "embeding")))
    p.add("llm")
    return p


def lone_llm() -> Pipeline:
    p = Pipeline()
    p.add("embedding") >> p.add("retriever")
    p.add("llm")
    return p


def lone_guardrails() -> Pipeline:
    p = lone_llm()
    p.connect("retriever", "llm")
    p.add("guardrails")
    return p


def lone_in_two_flows() -> Pipeline:
    p = lone_guardrails()
    p.add_flow("check")
    p.join("guardrails", "check")
    return p


def secret() -> Pipeline:
    p = Pipeline()
    p.add("llm", environment={"HF_TOKEN": "hf_1", "my-token": "x", "A": "b"})
    return p


def other_index() -> Pipeline:
    p = store("retriever", "dataprep")
    p.update("retriever", parameters={"index_name": "mine"})
    p.update("dataprep", parameters={"index_name": "theirs"})
    return p


def other_engine() -> Pipeline:
    p = store("retriever", "dataprep")
    p.add("redis")
    p.add("milvus")
    p.use("retriever", "redis")
    p.use("dataprep", "milvus")
    return p


def other_form() -> Pipeline:
    p = store("retriever", "dataprep")
    p.update("retriever", form="milvus")
    p.update("dataprep", form="embedded")
    return p


def engine_and_form() -> Pipeline:
    p = store("retriever", "dataprep")
    p.add("redis")
    p.use("retriever", "redis")
    p.update("dataprep", form="embedded")
    return p


def store(*kinds: str) -> Pipeline:
    p = Pipeline()
    p.add("embedding") >> p.add(kinds[0])
    p.add(kinds[1])
    return p


def bad_condition() -> Pipeline:
    p = Pipeline()
    p.add("llm", extra={"when": {"a b": 1}, "mine": 2})
    return p


CASES = {
    clash: "port-clash",
    same_endpoint: "endpoint-clash",
    same_default_endpoint: "endpoint-clash",
    no_retriever: "missing-input",
    nothing_before_it: "missing-input",
    in_a_named_flow: "missing-input",
    misspelt_kind: "unknown-kind",
    lone_llm: "unconnected",
    lone_guardrails: "unconnected",
    lone_in_two_flows: "unconnected",
    secret: "secret-value",
    other_index: "apart",
    other_engine: "apart",
    other_form: "apart",
    engine_and_form: "apart",
    bad_condition: "condition",
}


def found(pipeline: Pipeline, code: str) -> list[Problem]:
    return [p for p in pipeline.problems() if p.code == code]


@pytest.mark.parametrize(("make", "code"), CASES.items(), ids=lambda x: getattr(x, "__name__", x))
def test_a_fix_makes_its_problem_go_away_and_brings_no_error(make: typing.Callable[[], Pipeline], code: str) -> None:
    pipeline = make()
    errors = {p for p in pipeline.problems() if p.severity == "error"}
    while problems := found(pipeline, code):
        way = fix(pipeline, problems[0])
        assert way is not None
        pipeline.apply(way.edit)
        assert pipeline.undo_label == way.label, "what is undone is called as the button was"
        assert problems[0] not in pipeline.problems()
    assert {p for p in pipeline.problems() if p.severity == "error"} <= errors
    while pipeline.undo():
        pass


def test_every_problem_has_a_fix_or_a_reason_to_have_none() -> None:
    assert set(CASES.values()) | {"empty"} == set(typing.get_args(Code))
    assert fix(Pipeline(), Pipeline().problems()[0]) is None, "what to begin with is the user's choice"


@pytest.mark.parametrize(
    ("make", "label"),
    [
        (clash, "use port 7000"),
        (same_endpoint, "ask side at /v1/app/side"),
        (same_default_endpoint, "ask more at /v1/other/side/more"),
        (no_retriever, "put retriever before reranking"),
        (nothing_before_it, "put embedding and retriever before reranking"),
        (misspelt_kind, "make it embedding"),
        (lone_llm, "connect retriever to llm"),
        (lone_guardrails, "put it into a flow of its own"),
        (lone_in_two_flows, "take guardrails out of the main flow"),
        (secret, "write ${HF_TOKEN}"),
        (other_index, "let retriever use the store of dataprep"),
        (bad_condition, "run llm for every request"),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_a_fix_says_what_it_does(make: typing.Callable[[], Pipeline], label: str) -> None:
    pipeline = make()
    way = fix(pipeline, found(pipeline, CASES[make])[0])
    assert way is not None
    assert way.label == label


def test_what_is_missing_takes_the_place_of_the_edge() -> None:
    pipeline = no_retriever()
    way = fix(pipeline, found(pipeline, "missing-input")[0])
    assert way is not None
    pipeline.apply(way.edit)
    assert set(pipeline.flow(MAIN).edges) == {
        ("embedding", "retriever"),
        ("retriever", "reranking"),
        ("reranking", "llm"),
    }


def test_a_kind_that_resembles_none_has_no_fix() -> None:
    p = Pipeline()
    p.apply(Add(Service("x", "zzzz")))
    assert [fix(p, problem) for problem in p.problems()] == [None]
