"""Adapters between port types, replayed with the exact JSON of TEI, vLLM and OPEA's wrapped services."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opea_nb.catalog import load_catalog
from opea_nb.errors import ConnectError
from opea_nb.gateway.adapters import PORTS, Call, WrongShape, adapter, build_of, read_of
from opea_nb.gateway.adapters.chat import prompt_of, read_request
from opea_nb.gateway.adapters.generic import merge

CATALOG = load_catalog()
QUERY = "What is in the box?"
DOCS = [{"text": "A cat.", "id": "1"}, {"text": "A dog.", "id": "2"}]


def _call(parameters: dict[str, Any] | None = None, **facets: Any) -> Call:
    return Call({"query": QUERY, **facets}, parameters or {})


def test_every_port_type_of_the_catalogue_has_code() -> None:
    for component in CATALOG.values():
        if component.role == "service":
            assert PORTS[component.input].build is not None, component.kind
            assert PORTS[component.output].read is not None, component.kind
    assert set(CATALOG.port_types) == set(PORTS)


@pytest.mark.parametrize(
    ("name", "parameters", "facets", "body"),
    [
        ("EmbeddingRequest", {}, {}, {"input": QUERY}),
        ("TeiEmbedRequest", {}, {}, {"inputs": QUERY}),
        ("EmbedDoc", {"k": 2}, {"embedding": [0.5]}, {"text": QUERY, "embedding": [0.5], "k": 2}),
        (
            "SearchedDoc",
            {"top_n": 1},
            {"documents": DOCS},
            {"initial_query": QUERY, "retrieved_docs": DOCS, "top_n": 1},
        ),
        ("TeiRerankRequest", {"top_n": 1}, {"documents": DOCS}, {"query": QUERY, "texts": ["A cat.", "A dog."]}),
        ("TextDoc", {}, {}, {"text": QUERY}),
        ("TextDoc", {}, {"answer": "A cat."}, {"text": "A cat."}),
    ],
)
def test_a_request_is_built_as_the_service_wants_it(
    name: str, parameters: dict[str, Any], facets: dict[str, Any], body: Any
) -> None:
    assert build_of(name)(_call(parameters, **facets)) == body


@pytest.mark.parametrize(
    ("name", "body", "facets"),
    [
        (
            "EmbeddingResponse",
            {"object": "list", "data": [{"index": 0, "embedding": [1, 0.5]}]},
            {"embedding": [1, 0.5]},
        ),
        ("TeiEmbeddings", [[0.1, 0.2]], {"embedding": [0.1, 0.2]}),
        ("SearchedDoc", {"id": "x", "retrieved_docs": DOCS, "initial_query": QUERY}, {"documents": DOCS}),
        ("LLMParamsDoc", {"query": QUERY, "documents": ["A dog."]}, {"documents": [DOCS[1]]}),
        ("LLMParamsDoc", {"reranked_docs": [{"text": "A dog.", "score": 3}]}, {"documents": [DOCS[1] | {"score": 3}]}),
        (
            "TeiRanks",
            [{"index": 0, "score": 0.1}, {"index": 1, "score": 0.9}],
            {"documents": [DOCS[1] | {"score": 0.9}]},
        ),
        ("ChatCompletion", {"choices": [{"message": {"content": "A cat."}}]}, {"answer": "A cat."}),
        ("ChatCompletion", {"object": "text_completion", "choices": [{"text": "A cat."}]}, {"answer": "A cat."}),
        ("GuardedText", {"text": QUERY, "downstream_black_list": []}, {"query": QUERY}),
        ("GuardedText", {"text": "no", "downstream_black_list": [".*"]}, {"verdict": "no"}),
        ("GuardedText", {"text": "Violated policies: S1, please"}, {"verdict": "Violated policies: S1, please"}),
    ],
)
def test_a_reply_is_read_as_the_service_gives_it(name: str, body: Any, facets: dict[str, Any]) -> None:
    assert read_of(name)(body, _call({"top_n": 1}, documents=DOCS)) == facets


@pytest.mark.parametrize("name", sorted(n for n, p in PORTS.items() if p.read and n not in ("Json", "ChatRequest")))
@given(body=st.recursive(st.none() | st.booleans() | st.text(max_size=3), lambda x: st.lists(x, max_size=2)))
def test_a_reply_of_another_shape_is_refused_with_what_is_missing(name: str, body: Any) -> None:
    with pytest.raises(WrongShape):
        read_of(name)(body, _call(documents=DOCS))


@pytest.mark.parametrize("index", [2, -1, True, "0"])
def test_a_rank_of_a_text_that_was_not_sent_is_refused(index: Any) -> None:
    with pytest.raises(WrongShape):
        read_of("TeiRanks")([{"index": index, "score": 1.0}], _call(documents=DOCS))


def test_an_adapter_says_which_facet_is_not_to_be_had() -> None:
    with pytest.raises(ConnectError, match="embedding"):
        adapter(CATALOG.port_type("SearchedDoc"), CATALOG.port_type("EmbedDoc"))


def test_an_adapter_of_opeas_own_chain_does_what_plain_forwarding_does_not() -> None:
    adapt = adapter(CATALOG.port_type("EmbeddingResponse"), CATALOG.port_type("EmbedDoc"))
    assert adapt({"data": [{"embedding": [1.0]}]}, _call()) == {"text": QUERY, "embedding": [1.0]}


def test_a_template_is_filled_by_plain_replacement() -> None:
    call = _call({"chat_template": "{context}|{question}|{x.__class__}|{sql}"}, documents=[{"text": "{question}"}])
    call.ancestors = {"sql": {"json": {"text": "{context}"}}}
    assert prompt_of(call) == f"{{question}}|{QUERY}|{{x.__class__}}|{{context}}"


def test_without_documents_the_question_alone_is_asked() -> None:
    prompt = prompt_of(_call({"chat_template": "Use {context} for {question}"}, documents=[]))
    assert QUERY in prompt
    assert "Use" not in prompt


def test_the_conversation_is_kept_and_its_last_question_becomes_the_prompt() -> None:
    history = [{"role": "system", "content": "be kind"}, {"role": "user", "content": QUERY}]
    body = build_of("ChatCompletionRequest")(_call({"temperature": 0}, documents=DOCS, messages=history))
    assert body["messages"][0] == history[0]
    assert "A cat." in body["messages"][1]["content"]
    assert body["temperature"] == 0


@pytest.mark.parametrize(
    "body",
    [
        {"messages": "hi"},
        {"messages": [{"role": "user", "content": "no"}, {"role": "user", "content": "hi"}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]},
        {"text": "hi"},
        {"query": "hi"},
    ],
)
def test_a_question_is_found_however_clients_send_it(body: Any) -> None:
    assert read_request(body)["query"] == "hi"


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda x: st.lists(x, max_size=2) | st.dictionaries(st.sampled_from("abc"), x, max_size=3),
)


@given(st.lists(st.dictionaries(st.sampled_from("abcd"), _json), min_size=1, max_size=4))
def test_merging_loses_no_key_and_one_body_several_times_is_itself(bodies: list[dict[str, Any]]) -> None:
    assert set(merge(bodies)) == {k for b in bodies for k in b}
    assert merge([bodies[0]] * 3) == bodies[0]
