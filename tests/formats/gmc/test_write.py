"""What GMC can hold is written so that it works; what it cannot is refused by name, or noted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from opea_nb.errors import PlanError
from opea_nb.formats import gmc
from opea_nb.formats.gmc import complaints, resource, write
from opea_nb.pipeline import Flow, Pipeline, wiring


def chatqna() -> Pipeline:
    pipeline = Pipeline("chatqna", port=8080)
    pipeline.add("embedding") >> pipeline.add("retriever") >> pipeline.add("reranking") >> pipeline.add("llm")
    return pipeline


def steps(data: Mapping[str, Any], node: str = "root") -> dict[str, Any]:
    """The steps of a node by Service name (or by step, for those that lead to a node)."""
    listed = data["spec"]["nodes"][node]["steps"]
    return {s.get("internalService", {}).get("serviceName", s["name"]): s for s in listed}


def switch(**values: object) -> Pipeline:
    """LLMs side by side, each with its `when`."""
    pipeline = Pipeline("choice", port=8080)
    for name, wanted in values.items():
        pipeline.add("llm", name=name, extra={"when": {"model": wanted}})
    return pipeline


def test_chatqna_gets_its_engines_wired_by_the_controllers_keys(validate: Callable[[Any], None]) -> None:
    data, notes = resource(chatqna())
    validate(data)
    found = steps(data)
    assert found["retriever-svc"]["internalService"]["config"] == {
        "endpoint": "/v1/retrieval",
        "REDIS_URL": "redis-svc",
        "TEI_EMBEDDING_ENDPOINT": "tei-svc",
    }
    assert found["llm-svc"]["internalService"]["config"]["TGI_LLM_ENDPOINT"] == "tgi-svc"
    assert all(found[e]["internalService"]["isDownstreamService"] for e in ("redis-svc", "tei-svc", "tgi-svc"))
    assert {n.item for n in notes if n.kind == "inferred"} == {"tei", "redis", "tei-rerank", "tgi"}


def test_an_engine_is_told_the_model_that_a_deployment_would_serve() -> None:
    pipeline = chatqna()
    pipeline.add("tgi", parameters={"model": "org/small"})
    pipeline.use("llm", "tgi")
    assert steps(resource(pipeline)[0])["tgi-svc"]["internalService"]["config"]["MODEL_ID"] == "org/small"


def test_one_word_names_get_an_ending_that_keeps_kubernetes_variables_apart() -> None:
    """A Service `redis` would give each pod a REDIS_PORT that is no number."""
    assert "redis" not in steps(resource(chatqna())[0])


def test_names_become_dns_labels_and_stay_apart() -> None:
    pipeline = Pipeline("My_App", port=8080)
    pipeline.add("llm", name="My_LLM") >> pipeline.add("llm", name="my.llm") >> pipeline.add("llm", name="x" * 90)
    data = resource(pipeline)[0]
    assert data["metadata"]["name"] == "my-app"
    assert {"my-llm", "my-llm-2"} <= set(steps(data))
    assert complaints(data) == ()


def test_each_connector_has_a_namespace_of_its_own() -> None:
    assert resource(chatqna())[0]["metadata"]["namespace"] == "chatqna"
    assert resource(chatqna(), namespace="mine")[0]["metadata"]["namespace"] == "mine"


def test_accelerators_choose_the_engines_steps() -> None:
    data = resource(chatqna(), accelerator="gaudi")[0]
    assert steps(data)["tgi-svc"]["name"] == "TgiGaudi"
    assert steps(data)["redis-svc"]["name"] == "VectorDB"


def test_dataprep_is_deployed_in_root_and_called_by_nobody() -> None:
    pipeline = chatqna()
    pipeline.add("dataprep")
    data = resource(pipeline)[0]
    dataprep = steps(data)["dataprep-svc"]["internalService"]
    assert dataprep["isDownstreamService"]
    assert dataprep["config"]["endpoint"] == "/v1/dataprep"  # where the template's image has it
    assert dataprep["config"]["REDIS_URL"] == "redis-svc"


def test_a_switch_answers_requests_that_fit_no_branch(router: Any) -> None:
    data, notes = resource(switch(small="7b", large="70b"))
    calls = router(data).calls
    assert [calls(r)[0][0] for r in ({"model": "7b"}, {"model": "70b"}, {"model": "x"}, {})] == [
        "small-svc",
        "large-svc",
        "large-svc",  # the first by name
        "large-svc",
    ]
    assert any(n.item == "large" and "no branch" in n.reason for n in notes)


def test_a_switch_that_covers_everything_is_written_as_it_is() -> None:
    data, notes = resource(switch(special=["a", "b"], other={"not": ["a", "b"]}))
    assert not any("no branch" in n.reason for n in notes)
    assert complaints(data) == ()


def test_values_with_dots_are_asked_in_the_way_that_matches() -> None:
    data = resource(switch(old="v1.5", new="v2"))[0]
    conditions = [s["condition"] for s in steps(data, "node1").values() if "condition" in s]
    assert not any("==v1.5" in c for c in conditions)
    assert complaints(data) == ()


def test_branches_of_a_switch_may_share_an_engine() -> None:
    pipeline = switch(a="1", b="2")
    pipeline.add("tgi")
    pipeline.use("a", "tgi")
    pipeline.use("b", "tgi")
    assert complaints(resource(pipeline)[0]) == ()


def test_parallel_steps_become_an_ensemble_of_nodes_without_engines() -> None:
    pipeline = Pipeline("two", port=8080)
    start = pipeline.add("embedding")
    start >> (pipeline.add("retriever"), pipeline.add("llm"))
    data = resource(pipeline)[0]
    assert data["spec"]["nodes"]["node1"]["routerType"] == "Ensemble"
    assert [set(s) for s in data["spec"]["nodes"]["node1"]["steps"]] == [{"name", "nodeName"}] * 2
    assert complaints(data) == ()


def test_an_external_service_is_called_by_its_url() -> None:
    pipeline = Pipeline("far", port=8080)
    pipeline.add("embedding") >> pipeline.add("llm-vllm", name="far", url="http://models.example/v1/chat/completions")
    far = steps(resource(pipeline)[0])["Llm"]
    assert far == {"name": "Llm", "data": "$response", "externalService": "http://models.example/v1/chat/completions"}


def test_what_gmc_leaves_out_is_noted_item_by_item() -> None:
    pipeline = Pipeline("lossy")
    pipeline.add(
        "llm", image="my/llm:1", replicas=2, parameters={"max_tokens": 9}, environment={"HF_TOKEN": "${HF_TOKEN}"}
    )
    lost = {n.item for n in write(pipeline).notes if n.kind == "lost"}
    assert lost == {"llm: image", "llm: replicas", "llm: max_tokens", "llm: HF_TOKEN", "port"}


def with_engine(kind: str) -> Pipeline:
    pipeline = Pipeline("p")
    pipeline.add("llm")
    pipeline.add(kind)
    pipeline.use("llm", kind)
    return pipeline


def alone(kind: str, **fields: Any) -> Pipeline:
    pipeline = Pipeline("p")
    pipeline.add(kind, **fields)
    return pipeline


def second_flow() -> Pipeline:
    pipeline = chatqna()
    pipeline.apply(wiring.PutFlow(Flow("summary", "/v1/summary")))
    pipeline.add("llm", name="writer", flow="summary")
    return pipeline


def optional() -> Pipeline:
    pipeline = Pipeline("p")
    pipeline.add("embedding") >> pipeline.add("reranking", extra={"when": {"rerank": "yes"}}) >> pipeline.add("llm")
    return pipeline


def two_llms_at_once() -> Pipeline:
    pipeline = Pipeline("p")
    pipeline.add("embedding") >> (pipeline.add("llm", name="a"), pipeline.add("llm", name="b"))
    return pipeline


def crossed() -> Pipeline:
    pipeline = Pipeline("p")
    a, b, c, d = (pipeline.add("llm", name=n) for n in "abcd")
    a >> c
    b >> c
    b >> d
    return pipeline


def shared_by_branches() -> Pipeline:
    pipeline = Pipeline("p")
    pipeline.add("embedding") >> (pipeline.add("retriever"), pipeline.add("web-retriever"))
    pipeline.add("tei")
    for user in ("retriever", "web-retriever"):
        pipeline.use(user, "tei")
    return pipeline


@pytest.mark.parametrize(
    ("make", "names", "hint"),
    [
        (lambda: with_engine("vllm"), ["vllm", "llm"], "tgi"),
        (lambda: with_engine("tei"), ["llm", "tei"], "Tgi"),
        (lambda: alone("llm-vllm"), ["llm-vllm"], "'llm'"),
        (lambda: alone("guardrails"), ["guardrails"], "url"),
        (lambda: alone("llm", url="https://x.example/v1", api_key="KEY"), ["llm", "KEY"], "without a key"),
        (lambda: alone("llm", environment={"A": "it's"}), ["llm", "A"], "extra-env-config"),
        (lambda: alone("llm", environment={"A": "x---y"}), ["llm", "A"], "extra-env-config"),
        (lambda: alone("llm", environment={"TGI_LLM_ENDPOINT": "http://x"}), ["llm"], "engine"),
        (lambda: alone("redis"), ["no step"], "add a service"),
        (lambda: switch(a="it's", b="2"), ["a", "it's"], "letters"),
        (lambda: switch(a={"not": "x"}, b={"not": "y"}), ["a", "b"], "same path"),
        (lambda: switch(a="x", b={"not": ["x", "y"]}), ["model"], "cover"),
        (lambda: switch(a={"bad": 1}, b="y"), ["a"], "exists"),
        (second_flow, ["writer", "summary"], "of its own"),
        (optional, ["reranking"], "beside it"),
        (two_llms_at_once, ["b", "Llm"], "follow"),
        (crossed, ["c", "d"], "follow"),
        (shared_by_branches, ["tei", "retriever", "web-retriever"], "of its own"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_gmc_cannot_express_is_refused_by_name_with_a_way_out(
    make: Callable[[], Pipeline], names: list[str], hint: str
) -> None:
    with pytest.raises(PlanError) as error:
        gmc.write(make())
    for name in names:
        assert name in error.value.message
    assert hint in error.value.hint


def test_a_port_that_only_keeps_two_of_a_kind_apart_is_no_loss() -> None:
    pipeline = switch(small="a", large="b")
    assert {s.port for s in pipeline.services.values()} == {0, 9001}
    assert not [n for n in write(pipeline).notes if n.kind == "lost"]
    alone = Pipeline("alone", port=8080)
    alone.add("llm", port=9001)
    assert [n.item for n in write(alone).notes if n.kind == "lost"] == ["llm: port"]
