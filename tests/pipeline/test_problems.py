"""What would keep a pipeline from running is told before anything runs."""

from __future__ import annotations

import pytest

from opea_nb.pipeline import Pipeline
from opea_nb.pipeline.fixes import fix


def codes(pipeline: Pipeline) -> list[tuple[str, str]]:
    return [(p.code, p.node) for p in pipeline.problems()]


def test_chatqna_has_none(chatqna: Pipeline) -> None:
    assert chatqna.problems() == ()


def test_an_empty_pipeline_says_how_to_begin() -> None:
    (problem,) = Pipeline().problems()
    assert (problem.code, problem.hint) == ("empty", "add one: pipeline.add('embedding')")


def test_a_step_without_its_input_names_who_gives_it() -> None:
    p = Pipeline()
    p.add("embedding") >> p.add("reranking")
    (problem,) = p.problems()
    assert problem.message == "reranking needs documents, which no step before it gives"
    assert problem.hint == "put a retriever before it"


def test_an_input_may_come_from_any_ancestor(chatqna: Pipeline) -> None:
    guard = chatqna.add("guardrails")
    chatqna.disconnect("embedding", "retriever")
    chatqna.connect("embedding", guard)
    chatqna.connect(guard, "retriever")
    assert chatqna.problems() == ()


def test_a_generic_service_may_give_anything() -> None:
    p = Pipeline()
    p.add("service", "mine") >> p.add("reranking")
    assert p.problems() == ()


def test_clashing_ports_are_found(chatqna: Pipeline) -> None:
    chatqna.update("llm", port=6000)
    assert codes(chatqna) == [("port-clash", "llm")]


def test_the_gateways_port_is_taken_as_well(chatqna: Pipeline) -> None:
    chatqna.configure(port=9000)
    (problem,) = chatqna.problems()
    assert problem.message == "llm and the gateway both have port 9000"
    way = fix(chatqna, problem)
    assert way
    chatqna.apply(way.edit)
    assert not chatqna.problems()
    assert Pipeline.from_yaml(chatqna.to_yaml()) == chatqna


def test_two_flows_at_one_endpoint_are_found(chatqna: Pipeline) -> None:
    chatqna.add_flow("side", endpoint="/v1/chatqna")
    assert not chatqna.problems(), "an empty flow is asked nowhere"
    chatqna.join("embedding", "side")
    assert codes(chatqna) == [("endpoint-clash", "")]


def test_a_lone_service_is_a_warning(chatqna: Pipeline) -> None:
    chatqna.add("guardrails")
    assert [(p.severity, p.code) for p in chatqna.problems()] == [("warning", "unconnected")]


def test_a_secret_in_plain_text_is_a_warning(chatqna: Pipeline) -> None:
    chatqna.update("llm", environment={"HF_TOKEN": "hf_abc"})
    (problem,) = chatqna.problems()
    assert problem.code == "secret-value"
    assert "hf_abc" not in str(problem)
    chatqna.update("llm", environment={"HF_TOKEN": "${HF_TOKEN}"})
    assert chatqna.problems() == ()


@pytest.mark.parametrize(
    ("source", "target", "reason"),
    [
        (
            "embedding",
            "reranking",
            "embedding gives a vector, reranking takes a question and documents: put a retriever between",
        ),
        ("llm", "embedding", "embedding comes before llm: this would close a circle"),
        ("embedding", "retriever", "embedding is already connected to retriever"),
        ("llm", "llm", "llm cannot feed itself"),
        ("retriever", "llm", ""),
    ],
)
def test_unfit_says_why_an_edge_makes_no_sense(chatqna: Pipeline, source: str, target: str, reason: str) -> None:
    assert chatqna.unfit(source, target) == reason
