"""The plan: everything that a deployment needs, decided by a pure function."""

from __future__ import annotations

import json

import pytest

from opea_nb.catalog import load_catalog
from opea_nb.errors import PlanError
from opea_nb.pipeline import Pipeline
from opea_nb.plan import GATEWAY, GatewaySettings, Target, plan

PORTS = {"embedding": 41, "retriever": 42, "reranking": 43, "llm": 44, "dataprep": 45, GATEWAY: 46}
LOCAL = Target.local(ports=PORTS, volumes="/somewhere")
CONTAINERS = Target.containers("containers")


def test_the_gateway_is_told_of_components_that_a_user_added() -> None:
    entry = {"input": "Json", "output": "Json", "endpoint": "/v1/x", "port": 8100, "forms": {"opea": {"image": "me/x"}}}
    pipeline = Pipeline("mine", catalog=load_catalog({"components": {"shout": entry}}))
    pipeline.add("shout", "x")
    environment = plan(pipeline, CONTAINERS).process(GATEWAY).environment
    assert json.loads(environment["OPEA_NB_COMPONENTS"]) == {"components": {"shout": entry}}
    other = Pipeline("other", catalog=pipeline.catalog)
    other.add("llm")
    assert "OPEA_NB_COMPONENTS" not in plan(other, CONTAINERS).process(GATEWAY).environment


def test_each_process_starts_after_what_it_needs(chatqna: Pipeline) -> None:
    names = [p.name for p in plan(chatqna, LOCAL).processes]
    assert names.index("embedding") < names.index("dataprep")
    assert names[-1] == GATEWAY


def test_addresses_are_filled_in(chatqna: Pipeline) -> None:
    made = plan(chatqna, LOCAL)
    assert made.process("dataprep").environment["EMBEDDING_ENDPOINT"] == "http://127.0.0.1:41/v1/embeddings"
    assert made.routes["llm"] == "http://127.0.0.1:44/v1/chat/completions"
    assert json.loads(made.process(GATEWAY).environment["OPEA_NB_ROUTES"]) == made.routes


def test_dataprep_and_retriever_share_store_and_index(chatqna: Pipeline) -> None:
    made = plan(chatqna, LOCAL)
    one, other = made.process("dataprep"), made.process("retriever")
    assert one.volumes == other.volumes
    assert one.volumes[0].path == "/somewhere/store"
    assert one.environment["INDEX_NAME"] == other.environment["INDEX_NAME"]


def test_it_is_pure(chatqna: Pipeline) -> None:
    before = chatqna.copy()
    assert plan(chatqna, LOCAL) == plan(chatqna, LOCAL)
    assert chatqna == before


def test_a_service_that_runs_elsewhere_is_called_and_not_started(chatqna: Pipeline) -> None:
    chatqna.update("llm", url="https://api.example.org/v1/chat/completions", api_key="MY_KEY")
    made = plan(chatqna, LOCAL)
    assert "llm" not in [p.name for p in made.processes]
    assert made.routes["llm"] == "https://api.example.org/v1/chat/completions"
    assert made.process(GATEWAY).secrets == ("MY_KEY",)


def test_dataprep_calls_an_embedding_that_runs_elsewhere(chatqna: Pipeline) -> None:
    chatqna.update("embedding", url="http://embed.example:7000/v1/embeddings")
    environment = plan(chatqna, LOCAL).process("dataprep").environment
    assert environment["EMBEDDING_ENDPOINT"] == "http://embed.example:7000/v1/embeddings"


def test_containers_get_the_engines_that_nobody_drew(chatqna: Pipeline) -> None:
    made = plan(chatqna, CONTAINERS)
    assert {p.name for p in made.processes if p.role == "engine"} == {"redis", "tei", "tei-rerank", "vllm"}
    assert made.process("retriever").environment["REDIS_URL"] == "redis://redis:6379"
    assert made.process("retriever").needs == ("redis", "tei")


def test_a_drawn_engine_is_used(chatqna: Pipeline) -> None:
    chatqna.add("redis", "memory")
    chatqna.use("retriever", "memory")
    chatqna.use("dataprep", "memory")
    made = plan(chatqna, CONTAINERS)
    assert made.process("dataprep").environment["REDIS_URL"] == "redis://memory:6379"
    assert "redis" not in [p.name for p in made.processes]


def test_a_pipeline_with_errors_is_refused_with_the_first(chatqna: Pipeline) -> None:
    chatqna.disconnect("retriever", "reranking")
    with pytest.raises(PlanError, match="reranking needs documents"):
        plan(chatqna, LOCAL)


def test_what_cannot_run_on_the_target_is_refused_by_name(chatqna: Pipeline) -> None:
    chatqna.add("llm-vllm", "big")
    chatqna.connect("reranking", "big")
    with pytest.raises(PlanError, match=r"big \(llm-vllm\) cannot run on local: it comes as opea"):
        plan(chatqna, LOCAL)


def test_an_image_of_ones_own_runs_in_a_container_beside_the_engines_it_uses() -> None:
    p = Pipeline("own")
    p.add("service", "app", image="opea/app:1", port=8022)
    p.add("vllm")
    p.use("app", "vllm")
    process = plan(p, CONTAINERS).process("app")
    assert (process.image, process.address.port, process.health.path, process.needs) == (
        "opea/app:1",
        8022,
        "",
        ("vllm",),
    )
    with pytest.raises(PlanError, match="cannot run on local"):
        plan(p, LOCAL)


def test_what_there_is_for_one_accelerator_only_runs_there_whatever_the_target_prefers() -> None:
    p = Pipeline("cypher")
    p.add("text2cypher")
    assert plan(p, CONTAINERS).process("text2cypher").accelerator == "gaudi"


def test_dataprep_without_embedding_is_refused() -> None:
    p = Pipeline()
    p.add("dataprep")
    with pytest.raises(PlanError, match="dataprep needs a service of kind 'embedding'"):
        plan(p, LOCAL)


def test_containers_are_called_by_dns_labels_that_no_other_has() -> None:
    pipeline = Pipeline("many")
    for name in ("My LLM", "my_llm", "my-llm"):
        pipeline.add("llm-vllm", name=name)
    made = plan(pipeline, CONTAINERS)
    hosts = {p.name: p.address.host for p in made.processes}
    assert hosts == {"my-llm": "my-llm", "My LLM": "my-llm-2", "my_llm": "my-llm-3", GATEWAY: GATEWAY}
    assert made.routes["my_llm"].startswith("http://my-llm-3:")


def test_a_container_of_ours_listens_on_its_components_port(chatqna: Pipeline) -> None:
    made = plan(chatqna, Target.containers("containers", embedded=True))
    assert made.process("embedding").address.port == 6000
    assert made.process("dataprep").environment["EMBEDDING_ENDPOINT"] == "http://embedding:6000/v1/embeddings"


def test_a_service_cannot_take_the_gateways_name(chatqna: Pipeline) -> None:
    chatqna.rename("llm", GATEWAY)
    with pytest.raises(PlanError, match="gateway"):
        plan(chatqna, CONTAINERS)


def test_dataprep_and_retriever_agree_on_a_store_that_only_one_is_told(chatqna: Pipeline) -> None:
    chatqna.update("dataprep", form="qdrant", environment={"COLLECTION_NAME": "tales"})
    made = plan(chatqna, CONTAINERS)
    dataprep, retriever = made.process("dataprep").environment, made.process("retriever").environment
    assert retriever["RETRIEVER_COMPONENT_NAME"] == "OPEA_RETRIEVER_QDRANT"
    assert dataprep["COLLECTION_NAME"] == retriever["QDRANT_INDEX_NAME"] == "tales"
    assert dataprep["QDRANT_HOST"] == retriever["QDRANT_HOST"] == "qdrant"


def test_an_engine_drawn_for_one_of_them_serves_both(chatqna: Pipeline) -> None:
    chatqna.add("milvus", "stones")
    chatqna.add("milvus", "other")
    chatqna.use("retriever", "stones")
    made = plan(chatqna, CONTAINERS)
    assert made.process("dataprep").environment["MILVUS_HOST"] == "stones"
    assert made.process("stones").needs == ("stones-etcd", "stones-minio")
    assert made.process("other").needs == ("other-etcd", "other-minio")


def test_an_index_told_to_embedded_services_is_shared_too(chatqna: Pipeline) -> None:
    chatqna.update("retriever", parameters={"index_name": "tales"})
    made = plan(chatqna, LOCAL)
    assert made.process("dataprep").environment["INDEX_NAME"] == "tales"
    assert made.process("retriever").environment["INDEX_NAME"] == "tales"


@pytest.mark.parametrize(
    ("retriever", "dataprep", "words"),
    [
        ({"form": "milvus"}, {"form": "qdrant"}, "'milvus' and 'qdrant'"),
        ({"form": "pathway"}, {}, "'pathway', which dataprep has no form for"),
        ({"environment": {"INDEX_NAME": "a"}}, {"environment": {"INDEX_NAME": "b"}}, "the index 'a' and the index 'b'"),
    ],
)
def test_a_store_told_apart_is_a_problem(
    chatqna: Pipeline, retriever: dict[str, object], dataprep: dict[str, object], words: str
) -> None:
    chatqna.update("retriever", **retriever)
    chatqna.update("dataprep", **dataprep)
    (problem,) = chatqna.problems()
    assert problem.code == "apart"
    assert problem.message == f"retriever does not find what dataprep stores: they are told {words}"


def test_services_that_need_different_models_get_servers_of_their_own(chatqna: Pipeline) -> None:
    chatqna.add("guardrails")
    chatqna.connect("guardrails", "embedding")
    made = plan(chatqna, CONTAINERS)
    assert (
        made.process("llm").environment["LLM_ENDPOINT"]
        != made.process("guardrails").environment["SAFETY_GUARD_ENDPOINT"]
    )
    servers = {p.name: p.options.command[1] for p in made.processes if p.kind == "vllm"}
    assert sorted(servers.values()) == ["meta-llama/Meta-Llama-3-8B-Instruct", "meta-llama/Meta-Llama-Guard-2-8B"]
    assert made.process("llm").environment["LLM_MODEL_ID"] == "meta-llama/Meta-Llama-3-8B-Instruct"


def test_the_model_that_a_service_asks_for_is_served(chatqna: Pipeline) -> None:
    chatqna.update("llm", parameters={"model": "Qwen/Qwen2.5-0.5B-Instruct"})
    made = plan(chatqna, CONTAINERS)
    assert "Qwen/Qwen2.5-0.5B-Instruct" in made.process("vllm").options.command
    assert made.process("llm").environment["LLM_MODEL_ID"] == "Qwen/Qwen2.5-0.5B-Instruct"


def test_the_page_before_the_gateway_starts_after_it(chatqna: Pipeline) -> None:
    chatqna.add("nginx")
    made = plan(chatqna, CONTAINERS)
    assert [p.name for p in made.processes[-2:]] == [GATEWAY, "nginx"]
    assert made.process("nginx").environment["BACKEND_SERVICE_PORT"] == "8888"
    assert made.process("nginx").needs == ("nginx-ui", GATEWAY)
    assert "nginx" not in made.process(GATEWAY).needs


def test_the_gateway_is_told_what_to_record_and_how_long_a_step_may_take(chatqna: Pipeline) -> None:
    made = GatewaySettings(record="none", step_timeout=5).configure(plan(chatqna, LOCAL))
    environment = made.process(GATEWAY).environment
    assert (environment["OPEA_NB_RECORD"], environment["OPEA_NB_TIMEOUT_TOTAL"]) == ("none", "5")
    assert GatewaySettings().configure(made) == made
    with pytest.raises(PlanError, match="step_timeout is 0"):
        GatewaySettings(step_timeout=0).configure(made)
