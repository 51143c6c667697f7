"""Flows of GenAIStudio as pipelines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opea_nb.errors import FormatError, OpeaError
from opea_nb.formats import compose, studio
from opea_nb.formats.conversion import Imported
from opea_nb.pipeline import MAIN, Pipeline
from tests.shared import SHARED

UPSTREAM = sorted((SHARED / "upstream" / "studio").glob("*.json"))


def node(id_: str, inputs: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    name = id_.rpartition("_")[0]
    control = name in ("chat_input", "doc_input", "file_input", "chat_completion")
    data = {"id": id_, "name": name, "category": "Controls" if control else "", "inputs": inputs or {}, **more}
    return {"id": id_, "type": "customNode", "position": {"x": 1.5, "y": 2}, "data": data}


def feeds(*sources: str) -> str:
    return "".join(f"{{{{{s}.data.instance}}}}" for s in sources)


def canvas(*nodes: dict[str, Any], edges: list[tuple[str, str]] | None = None) -> str:
    """A canvas; without edges, those that the nodes' inputs name."""
    if edges is None:
        edges = [
            (other["id"], n["id"])
            for n in nodes
            for other in nodes
            if f"{{{{{other['id']}.data.instance}}}}" in json.dumps(n["data"]["inputs"])
        ]
    return json.dumps({"nodes": nodes, "edges": [{"source": a, "target": b, "type": "buttonedge"} for a, b in edges]})


def rules(found: Imported, flow: str = MAIN) -> set[str]:
    return {f"{a} >> {b}" for a, b in found.pipeline.flow(flow).edges}


def noted(found: Imported) -> str:
    return "\n".join(map(str, found.notes))


TEI = {"tei": {"modelName": "", "huggingFaceToken": ""}}
TGI = {"tgi": {"modelName": "", "huggingFaceToken": "NA"}}
EMBED, LLM = "opea_service@embedding_tei_langchain_0", "opea_service@llm_tgi_0"
RETRIEVE, RANK = "opea_service@retriever_redis_0", "opea_service@reranking_tei_0"
PREPARE = "opea_service@prepare_doc_redis_prep_0"

CHAT = canvas(
    node("chat_input_0"),
    node("doc_input_0"),
    node(PREPARE, {"doc_input": feeds("doc_input_0"), "modelName": "BAAI/a"}, dependent_services=TEI),
    node("redis_vector_store_0", {"prepared_doc": feeds(PREPARE)}),
    node(EMBED, {"textToEmbed": feeds("chat_input_0"), "modelName": "BAAI/a"}, dependent_services=TEI),
    node(
        RETRIEVE,
        {"text": feeds(EMBED), "vector_db": feeds("redis_vector_store_0"), "modelName": "BAAI/b", "search_type": "mmr"},
        dependent_services=TEI,
    ),
    node(RANK, {"retreived_docs": [feeds(RETRIEVE)], "top_n": "3", "huggingFaceToken": "hf_1"}, dependent_services=TEI),
    node(
        LLM,
        {
            "text": feeds(RANK),
            "max_tokens": 17,
            "frequency_penalty": "",
            "streaming": True,
            "typical_p": 0.9,
            "odd": [1],
        },
        dependent_services=TGI,
    ),
    node("chat_completion_0", {"llm_response": feeds(LLM), "ui_choice": "chat"}),
)


def test_the_chain_the_store_and_the_engines_of_a_canvas_are_read() -> None:
    found = studio.read(CHAT, source="my chat.json")
    p = found.pipeline
    assert p.name == "my-chat"
    chain = "embedding_tei_langchain >> retriever_redis", "retriever_redis >> reranking_tei", "reranking_tei >> llm_tgi"
    assert rules(found) == set(chain)
    assert set(p.flow("dataprep")) == {"prepare_doc_redis_prep"}
    assert {n: s.kind for n, s in p.services.items()} == {
        "embedding_tei_langchain": "embedding",
        "retriever_redis": "retriever",
        "reranking_tei": "reranking",
        "llm_tgi": "llm",
        "prepare_doc_redis_prep": "dataprep",
    }
    assert not p.problems()


def test_services_share_an_engine_where_the_model_is_the_same() -> None:
    p = studio.read(CHAT).pipeline
    models = {n: e.parameters.get("model") for n, e in p.engines.items() if e.kind == "tei"}
    assert sorted(models.values()) == ["BAAI/a", "BAAI/b"]
    assert set(p.engines_of("embedding_tei_langchain")) < set(p.engines_of("prepare_doc_redis_prep"))
    assert "redis_vector_store" in p.engines_of("retriever_redis")
    assert [p.engines[n].kind for n in p.engines_of("reranking_tei")] == ["tei-rerank"]


def test_parameters_are_taken_where_the_service_has_them_and_told_where_not() -> None:
    found = studio.read(CHAT)
    p = found.pipeline
    assert p.services["retriever_redis"].parameters == {"search_type": "mmr"}
    assert p.services["reranking_tei"].parameters == {"top_n": 3}
    assert p.services["llm_tgi"].parameters["max_tokens"] == 17
    assert p.services["llm_tgi"].extra["other_parameters"]["odd"] == [1]
    assert "lost: opea_service@llm_tgi_0.streaming: the client asks" in noted(found)
    assert "lost: opea_service@reranking_tei_0.huggingFaceToken: a secret's value is not read" in noted(found)
    assert "hf_1" not in p.to_yaml() + noted(found)
    assert p.services["llm_tgi"].position == (1.5, 2.0)


def test_controls_are_kept_but_are_no_services() -> None:
    found = studio.read(CHAT)
    extra = found.pipeline.graph.graph["mega"].document_extra["studio"]["controls"]
    assert extra["chat_completion_0"] == {"name": "chat_completion", "ui_choice": "chat"}
    assert "kept: chat_input_0: a control of Studio's canvas" in noted(found)


def test_an_edge_that_only_one_of_drawing_and_inputs_has_is_taken_and_told() -> None:
    asr, llm = node("opea_service@asr_0"), node("opea_service@llm_docsum_0")
    drawn = studio.read(canvas(asr, llm, edges=[("opea_service@asr_0", "opea_service@llm_docsum_0")]))
    assert rules(drawn) == {"asr >> llm_docsum"}
    assert "is drawn, but not among the inputs" in noted(drawn)
    llm = node("opea_service@llm_docsum_0", {"text": feeds("opea_service@asr_0")})
    written = studio.read(canvas(asr, llm, edges=[("opea_service@asr_0", "gone_0")]))
    assert rules(written) == {"asr >> llm_docsum"}
    assert "is among the inputs, but not drawn" in noted(written)
    assert "opea_service@asr_0 to gone_0: one of its ends is not among the nodes (edges[0])" in noted(written)


SUPERVISOR, RAG, SQL = (f"opea_service@{n}_agent_0" for n in ("supervisor", "rag", "sql"))


def agents() -> list[dict[str, Any]]:
    return [
        node("chat_input_0"),
        node(SUPERVISOR, {"query": feeds("chat_input_0")}, category="Agent", dependent_services=TGI),
        node(
            RAG,
            {"query": feeds(SUPERVISOR), "retrievalResponse": feeds(RANK), "recursionLimit": 5},
            category="Agent",
            megaserviceClient=True,
        ),
        node(SQL, {"query": feeds(SUPERVISOR)}, category="Agent"),
        node(EMBED, {"textToEmbed": feeds(RAG)}),
        node(RETRIEVE, {"text": feeds(EMBED)}),
        node(RANK, {"retreived_docs": feeds(RETRIEVE)}),
        node("chat_completion_0", {"llm_response": feeds(SUPERVISOR)}),
    ]


def test_the_circles_of_agents_are_flows_of_their_own() -> None:
    found = studio.read(canvas(*agents()))
    p = found.pipeline
    assert set(p.flow(MAIN)) == {"supervisor_agent"}
    assert rules(found, "rag_agent-tools") == {
        "embedding_tei_langchain >> retriever_redis",
        "retriever_redis >> reranking_tei",
    }
    assert set(p.flow("rag_agent")) == {"rag_agent"}
    for call in ("supervisor_agent to rag_agent", "reranking_tei to rag_agent", "rag_agent to embedding_tei_langchain"):
        assert f"lost: {call}: a call that the agent makes by itself" in noted(found)


def test_an_agent_whose_model_is_hosted_needs_no_engine_but_its_key() -> None:
    inputs = {"llmEngine": "openai", "modelName": "gpt-x", "openaiApiKey": "sk-1", "recursionLimit": "5"}
    found = studio.read(canvas(node(SUPERVISOR, inputs, category="Agent", dependent_services=TGI)))
    agent = found.pipeline.services["supervisor_agent"]
    assert (agent.form, agent.environment, agent.parameters) == ("openai", {"model": "gpt-x"}, {"recursion_limit": 5})
    assert not found.pipeline.engines
    assert "lost: opea_service@supervisor_agent_0: tgi: no engine is needed: the model is openai's" in noted(found)
    written = compose.write(found.pipeline).files
    assert "model: gpt-x" in written["compose.yaml"]
    assert "OPENAI_API_KEY=" in written[".env.example"]


def test_an_agent_of_an_engine_uses_it() -> None:
    inputs = {"llmEngine": "tgi", "modelName": "meta/x"}
    found = studio.read(canvas(node(SUPERVISOR, inputs, category="Agent", dependent_services=TGI)))
    assert [(e.kind, e.parameters) for e in found.pipeline.engines.values()] == [("tgi", {"model": "meta/x"})]
    assert not found.pipeline.services["supervisor_agent"].extra


def test_a_password_in_an_address_is_left_out_and_told() -> None:
    found = studio.read(canvas(node(SQL, {"db_path": "mysql://ann:pw1@db:3306/shop"}, category="Agent")))
    assert found.pipeline.services["sql_agent"].extra["other_parameters"] == {"db_path": "mysql://***@db:3306/shop"}
    assert "sql_agent.db_path: agent has no such parameter: kept under `other_parameters`, without the secret" in noted(
        found
    )


def test_another_circle_is_broken_with_a_note() -> None:
    a, b = "opea_service@llm_tgi_0", "opea_service@llm_tgi_1"
    found = studio.read(canvas(node(a, {"text": feeds(b)}), node(b, {"text": feeds(a)})))
    assert rules(found) == {"llm_tgi_1 >> llm_tgi"}
    assert "lost: llm_tgi >> llm_tgi_1: it closes a circle" in noted(found)


WORKFLOW = {
    "id": "1",
    "name": "AgentQnA",
    "chat_input_ids": ["chat_input_0"],
    "chat_completion_ids": ["chat_completion_0"],
    "doc_input_ids": [],
    "nodes": {
        "opea_service@retriever_redis_0": {
            "id": "opea_service@retriever_redis_0",
            "name": "opea_service@retriever_redis",
            "category": "Retriever",
            "connected_from": ["chat_input_0"],
            "connected_to": ["opea_service@reranking_tei_0", "gone_0"],
            "dependent_services": {"tei": {"modelName": "BAAI/x", "huggingFaceToken": "NA"}},
            "params": {"search_type": "similarity"},
        },
        "opea_service@reranking_tei_0": {
            "name": "opea_service@reranking_tei",
            "connected_from": ["opea_service@retriever_redis_0"],
            "connected_to": [],
            "dependent_services": {"tei": {"modelName": "BAAI/y", "huggingFaceToken": "hf_2"}},
            "params": {"top_n": 2},
        },
    },
}


def test_a_workflow_info_is_read_as_well() -> None:
    found = studio.read(json.dumps(WORKFLOW))
    p = found.pipeline
    assert studio.detect(WORKFLOW)
    assert p.name == "AgentQnA"
    assert rules(found) == {"retriever_redis >> reranking_tei"}
    assert p.services["reranking_tei"].parameters == {"top_n": 2}
    assert [e.parameters.get("model") for e in p.engines.values() if e.kind == "tei"] == ["BAAI/x"]
    assert "to gone_0: there is no node gone_0" in noted(found)
    assert "hf_2" not in p.to_yaml()


@pytest.mark.parametrize("file", UPSTREAM, ids=lambda f: f.stem)
def test_upstreams_samples_are_read(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    found = studio.read(text, source=file.name)
    assert studio.detect(json.loads(text))
    assert not found.pipeline.problems()
    assert Pipeline.from_yaml(found.pipeline.to_yaml()).to_yaml() == found.pipeline.to_yaml()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not valid JSON"),
        ("[1]", "no flow of GenAIStudio"),
        ('{"nodes": 1, "nodes": 2}', "stands twice"),
        ("[" * 5000, "nested more than 100"),
        ('{"nodes": [1], "edges": []}', r"nodes\[0\] is no object"),
        ('{"nodes": [{"data": {}}]}', "has no id"),
        ('{"nodes": [{"id": "a"}, {"id": "a"}]}', "two nodes have the id"),
        ("9" * 5000, "not valid JSON"),
    ],
)
def test_what_is_no_flow_is_refused(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        studio.read(text)


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just(feeds(LLM, RANK)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
PLACES = ("id", "data", "position", "name", "inputs", "category", "dependent_services", "inputAnchors")


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 7), st.sampled_from(PLACES), st.booleans(), JSON), max_size=6))
def test_only_our_own_errors_come_out(changes: list[tuple[int, str, bool, Any]]) -> None:
    data = json.loads(canvas(*agents()))
    for index, key, inner, value in changes:
        place = data["nodes"][index]
        (place["data"] if inner and isinstance(place.get("data"), dict) else place)[key] = value
    try:
        assert studio.read(json.dumps(data)).pipeline.to_yaml()
    except OpeaError:
        pass


def test_the_record_of_a_flow_is_read_as_its_canvas_is() -> None:
    bare = [n["data"] for n in json.loads(CHAT)["nodes"]]  # as Studio's translator keeps them
    direct = studio.read(CHAT, source="chat.json").pipeline
    for held in ({"nodes": bare}, json.loads(CHAT), CHAT):
        record = json.dumps({"id": "1", "name": "Chat", "deployed": False, "flowData": held})
        assert studio.detect(json.loads(record))
        found = studio.read(record)
        assert set(found.pipeline.graph.edges) == set(direct.graph.edges)
        assert found.pipeline.name == "Chat"
        assert "lost: deployed, id: what Studio's server notes" in noted(found)


def test_a_record_whose_canvas_is_wrong_says_where_it_stands() -> None:
    text = '{"name": "Chat",\n "flowData": "{\\"nodes\\": ["}'
    assert studio.detect(json.loads(text))
    with pytest.raises(FormatError, match=r"flow\.json:2:14: the record holds no canvas: flowData:1:12: "):
        studio.read(text, source="flow.json")
    twice = json.dumps({"flowData": {"nodes": [node("a_0"), node("a_0")], "edges": []}}, indent=1)
    with pytest.raises(FormatError, match="two nodes have the id") as caught:
        studio.read(twice, source="flow.json")
    assert caught.value.line > 10
