"""A query through a real gateway: what is asked of each service, what comes back, and in which dialect."""

from __future__ import annotations

import ast
import asyncio
import json
from typing import Any

import pytest

from opea_nb.gateway.record import Recording
from opea_nb.pipeline import Pipeline
from tests.gateway.gateways import DOCS, QUESTION, WRAPPED, Open, chatqna, diamond
from tests.gateway.stubs import Got, Stub, chunk, completion, reply, sse, stubs


async def test_wrapped_services_are_each_asked_in_their_own_words(open_gateway: Open) -> None:
    async with stubs(**WRAPPED) as services, open_gateway(chatqna(), services) as client:
        answer = await client.post("/v1/chat/completions", json={**QUESTION, "top_n": 2, "temperature": 0})
    assert answer.json()["choices"][0]["message"] == {"role": "assistant", "content": "A cat."}
    assert answer.json()["object"] == "chat.completion"
    asked = {name: stub.got[0].json for name, stub in services.items()}
    assert asked["embedding"] == {"input": "What is in the box?"}
    assert asked["retriever"]["embedding"] == [0.1, 0.2]
    assert asked["retriever"]["k"] == 4
    assert asked["reranking"]["retrieved_docs"] == DOCS
    assert asked["reranking"]["top_n"] == 2
    assert asked["llm"]["temperature"] == 0, "a falsy value of the client's is a value"
    assert asked["llm"]["stream"] is False
    assert "The box holds a cat." in asked["llm"]["messages"][-1]["content"]
    assert not {"model", "chat_template", "k", "top_n"} & asked["llm"].keys()


async def test_tei_and_vllm_are_called_directly(open_gateway: Open) -> None:
    p = Pipeline("direct")
    emb, ret = p.add("embedding-tei", name="embedding"), p.add("retriever")
    emb >> ret >> p.add("reranking-tei", name="reranking") >> p.add("llm-vllm", name="llm")
    ranks = [{"index": 1, "score": 0.9}, {"index": 0, "score": 0.1}]
    answers = WRAPPED | {"embedding": [[0.1, 0.2]], "reranking": ranks}
    async with stubs(**answers) as services, open_gateway(p, services) as client:
        await client.post("/v1/direct", json=QUESTION | {"stream": False})
    assert services["embedding"].got[0].json == {"inputs": "What is in the box?"}
    assert services["reranking"].got[0].json["texts"] == [d["text"] for d in DOCS]
    prompt = services["llm"].got[0].json["messages"][-1]["content"]
    assert "The bag holds a dog." in prompt
    assert "The box holds a cat." not in prompt


async def test_the_mega_endpoint_streams_opeas_dialect_by_default(open_gateway: Open) -> None:
    stream = sse(chunk(None), chunk("it's "), chunk("你"), chunk("", "stop"))
    async with stubs(**WRAPPED | {"llm": stream}) as services, open_gateway(chatqna(), services) as client:
        answer = await client.post("/v1/chatqna", json=QUESTION)
    *tokens, done = answer.text.removesuffix("\n\n").split("\n\n")
    assert [ast.literal_eval(t[6:]).decode() for t in tokens] == ["it's ", "你"]
    assert done == "data: [DONE]"
    assert services["llm"].got[0].json["stream"] is True


async def test_the_chat_endpoint_streams_openais_dialect_when_asked(open_gateway: Open) -> None:
    stream = sse(chunk("A "), chunk("cat"), chunk(None, "length"))
    async with stubs(**WRAPPED | {"llm": stream}) as services, open_gateway(chatqna(), services) as client:
        answer = await client.post("/v1/chat/completions", json=QUESTION | {"stream": True})
    *events, done = answer.text.removesuffix("\n\n").split("\n\n")
    chunks = [json.loads(e[6:])["choices"][0] for e in events]
    assert "".join(c["delta"].get("content", "") for c in chunks) == "A cat"
    assert chunks[-1]["finish_reason"] == "length"
    assert done == "data: [DONE]"


async def test_no_documents_skip_reranking_and_the_question_alone_is_asked(open_gateway: Open) -> None:
    nothing = {"retrieved_docs": [], "initial_query": "q"}
    async with stubs(**WRAPPED | {"retriever": nothing}) as services, open_gateway(chatqna(), services) as client:
        answer = await client.post("/v1/chatqna", json=QUESTION | {"stream": False})
        run = (await client.get(f"/v1/runs/{answer.headers['x-opea-run']}")).json()
    assert not services["reranking"].got
    assert {"step": "reranking", "reason": "no documents found"}.items() <= next(
        e for e in run["events"] if e["type"] == "step_skipped"
    ).items()
    assert "What is in the box?" in services["llm"].got[0].json["messages"][-1]["content"]


async def test_a_guardrail_ends_the_run_early(open_gateway: Open) -> None:
    p = Pipeline("guarded")
    p.add("guardrails") >> p.add("llm")
    blocked = {"text": "Violated policies: S1, please check your input.", "downstream_black_list": [".*"]}
    async with stubs(guardrails=blocked, llm=completion("x")) as services, open_gateway(p, services) as client:
        answer = await client.post("/v1/guarded", json=QUESTION | {"stream": False})
        streamed = await client.post("/v1/guarded", json=QUESTION)
        events = (await client.get(f"/v1/runs/{answer.headers['x-opea-run']}")).json()["events"]
    assert answer.status_code == 200
    assert answer.json()["choices"][0]["finish_reason"] == "content_filter"
    assert answer.json()["choices"][0]["message"]["content"] == blocked["text"]
    assert streamed.text.endswith("data: [DONE]\n\n")
    assert not services["llm"].got
    assert events[-1]["ended_by"] == "guardrails"
    assert [e["step"] for e in events if e["type"] == "step_skipped"] == ["llm"]


async def test_an_answer_is_not_streamed_before_the_guardrail_behind_it_lets_it_pass(open_gateway: Open) -> None:
    p = Pipeline("guarded")
    p.add("llm") >> p.add("guardrails")
    async with (
        stubs(llm=completion("a cat"), guardrails={"text": "a c*t"}) as services,
        open_gateway(p, services) as client,
    ):
        answer = await client.post("/v1/guarded", json=QUESTION)
    assert services["llm"].got[0].json["stream"] is False
    assert services["guardrails"].got[0].json["text"] == "a cat"
    assert answer.text == "data: b'a c*t'\n\ndata: [DONE]\n\n"


async def test_parallel_branches_run_together_and_merge_without_losing_a_key(open_gateway: Open) -> None:
    barrier = asyncio.Barrier(2)

    def branch(body: dict[str, Any]) -> Any:
        async def answer(got: Got) -> bytes:
            await asyncio.wait_for(barrier.wait(), 10)
            return reply(body)

        return answer

    answers = {
        "s1": {"n": 1},
        "s2": branch({"n": 1, "text": "two", "list": [2], "only2": True}),
        "s3": branch({"n": 1, "text": "three", "list": [3], "only3": None}),
        "s4": {"done": 1},
    }
    async with stubs(**answers) as services, open_gateway(diamond(), services) as client:
        answer = await client.post("/v1/toy", json={"number": 7})
    assert answer.json() == {"done": 1}
    assert services["s1"].got[0].json == {"number": 7}
    assert services["s4"].got[0].json == {
        "n": 1,
        "text": "two\n\nthree",
        "list": [2, 3],
        "only2": True,
        "only3": None,
    }


async def test_a_guardrail_that_rewords_a_question_is_heard_beside_one_that_lets_it_pass(open_gateway: Open) -> None:
    p = Pipeline("guarded")
    passes, rewords, llm = p.add("guardrails", name="passes"), p.add("guardrails", name="rewords"), p.add("llm")
    passes >> llm
    rewords >> llm
    guards = {"passes": {"text": "Call 555-0100?"}, "rewords": {"text": "Call [number]?"}}
    async with stubs(**guards, llm=completion("No.")) as services, open_gateway(p, services) as client:
        await client.post("/v1/guarded", json={"text": "Call 555-0100?", "stream": False})
    assert services["llm"].got[0].json["messages"] == [{"role": "user", "content": "Call [number]?"}]


async def test_the_answers_of_two_branches_are_both_guarded(open_gateway: Open) -> None:
    p = Pipeline("two")
    one, other, guard = p.add("llm", name="one"), p.add("llm", name="other"), p.add("guardrails")
    one >> guard
    other >> guard

    async def let_pass(got: Got) -> bytes:
        return reply({"text": got.json["text"]})

    answers = {"one": completion("A cat."), "other": completion("A dog."), "guardrails": let_pass}
    async with stubs(**answers) as services, open_gateway(p, services) as client:
        answer = await client.post("/v1/two", json=QUESTION | {"stream": False})
    assert answer.json()["choices"][0]["message"]["content"] == "A cat.\n\nA dog."


async def test_several_leaves_answer_by_name(open_gateway: Open) -> None:
    p = Pipeline("toy")
    a = p.add("service", name="a", port=9001, endpoint="/a")
    a >> p.add("service", name="b", port=9002, endpoint="/b")
    a >> p.add("service", name="c", port=9003, endpoint="/c")
    async with stubs(a={}, b={"x": 1}, c=[2]) as services, open_gateway(p, services) as client:
        assert (await client.post("/v1/toy", json={})).json() == {"b": {"x": 1}, "c": [2]}


async def test_a_template_merges_two_branches_as_hybrid_rag_does(open_gateway: Open) -> None:
    p = Pipeline("hybrid")
    llm = p.add("llm", parameters={"chat_template": "Table: {sql}. Texts: {context}. Q: {question}"})
    p.add("embedding") >> p.add("retriever") >> llm
    p.add("service", name="sql", port=9097, endpoint="/v1/text2query") >> llm
    answers = {k: WRAPPED[k] for k in ("embedding", "retriever", "llm")} | {"sql": {"result": "3 rows"}}
    async with stubs(**answers) as services, open_gateway(p, services) as client:
        await client.post("/v1/hybrid", json=QUESTION | {"stream": False})
    prompt = services["llm"].got[0].json["messages"][-1]["content"]
    assert prompt.startswith("Table: 3 rows. Texts: The box holds a cat.")


async def test_a_trace_goes_through_every_service_with_spans_of_its_own(open_gateway: Open) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01", "tracestate": "vendor=1"}
    async with stubs(**WRAPPED) as services, open_gateway(chatqna(), services) as client:
        answer = await client.post("/v1/chatqna", json=QUESTION | {"stream": False}, headers=headers)
    sent = [s.got[0].headers["traceparent"].split("-") for s in services.values()]
    assert {parts[1] for parts in sent} == {trace}
    assert len({parts[2] for parts in sent} | {"00f067aa0ba902b7"}) == 5
    assert {s.got[0].headers["tracestate"] for s in services.values()} == {"vendor=1"}
    assert answer.headers["x-opea-run"] == trace


async def test_connections_to_services_are_kept(open_gateway: Open) -> None:
    async with stubs(**WRAPPED) as services, open_gateway(chatqna(), services) as client:
        for _ in range(3):
            await client.post("/v1/chatqna", json=QUESTION | {"stream": False})
    assert {s.connections for s in services.values()} == {1}


async def test_credentials_go_to_their_own_services_and_into_no_record(open_gateway: Open) -> None:
    p = Pipeline("mine")
    guard = p.add("guardrails")
    llm = Stub(completion("the key is key-12345678"))
    await llm.start()
    guard >> p.add("llm", url=llm.url, api_key="MY_KEY")
    settings = {"token": "deployment-token", "keys": {"MY_KEY": "key-12345678"}}
    settings["recording"] = Recording(secrets=("deployment-token", "key-12345678"))  # type: ignore[assignment]
    body = QUESTION | {"stream": False, "api_key": "sk-of-the-client", "max_tokens": 5}
    async with stubs(guardrails={"text": "q"}) as services, open_gateway(p, services, **settings) as client:
        assert (await client.get("/v1/runs", headers={"authorization": "Bearer wrong"})).status_code == 401
        answer = await client.post("/v1/mine", json=body)
        runs = (await client.get(f"/v1/runs/{answer.headers['x-opea-run']}")).text
    await llm.stop()
    assert services["guardrails"].got[0].headers["authorization"] == "Bearer deployment-token"
    assert llm.got[0].headers["authorization"] == "Bearer key-12345678"
    for secret in ("deployment-token", "key-12345678", "sk-of-the-client"):
        assert secret not in runs
    assert '"max_tokens":5' in runs


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b'{"messages": ', 400, "line 1, column"),
        (b'{"stream": false}', 422, "no question"),
        (b"x" * 2000, 413, "over 1000 bytes"),
    ],
)
async def test_a_bad_request_is_refused_with_what_is_wrong(
    open_gateway: Open, body: bytes, status: int, words: str
) -> None:
    async with stubs(**WRAPPED) as services, open_gateway(chatqna(), services, body_limit=1000) as client:
        answer = await client.post("/v1/chatqna", content=body)
    assert answer.status_code == status
    assert words in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/chatqna", "POST"),
        ("PUT", "/v1/chat/completions", "POST"),
        ("POST", "/v1/health_check", "GET"),
        ("DELETE", "/v1/runs/1", "GET"),
    ],
)
async def test_a_wrong_method_is_told_the_right_one(open_gateway: Open, method: str, path: str, allowed: str) -> None:
    async with open_gateway(chatqna(), {n: Stub({}, port=1) for n in WRAPPED}) as client:
        answer = await client.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert answer.json()["error"]["message"] == f"use {allowed} for {path}"


@pytest.mark.parametrize(("given", "streamed"), [("false", False), (0, False), ("True", True), (None, True)])
async def test_whether_to_stream_may_be_said_in_words(open_gateway: Open, given: Any, streamed: bool) -> None:
    async with stubs(**WRAPPED) as services, open_gateway(chatqna(), services) as client:
        answer = await client.post("/v1/chatqna", json=QUESTION | {"stream": given})
    assert answer.headers["content-type"].startswith("text/event-stream") is streamed


async def test_a_chat_client_finds_the_pipeline_as_the_one_model(open_gateway: Open) -> None:
    async with stubs(**WRAPPED) as services, open_gateway(chatqna(), services) as client:
        listed = (await client.get("/v1/models")).json()
        model = (await client.post("/v1/chat/completions", json=QUESTION | {"stream": False})).json()["model"]
    assert [one["id"] for one in listed["data"]] == [model]


async def test_an_unknown_path_lists_the_endpoints(open_gateway: Open) -> None:
    async with stubs(**WRAPPED) as services, open_gateway(chatqna(), services) as client:
        answer = await client.post("/v1/nothing", json={})
    assert answer.status_code == 404
    assert "POST /v1/chatqna" in answer.json()["error"]["endpoints"]


async def test_the_health_check_is_ready_only_when_every_service_is(open_gateway: Open) -> None:
    async with stubs(**WRAPPED) as services:
        async with open_gateway(chatqna(), services) as client:
            assert (await client.get("/v1/health_check")).json()["status"] == "ready"
        await services["retriever"].stop()
        async with open_gateway(chatqna(), services) as client:
            answer = await client.get("/v1/health_check")
    assert answer.status_code == 503
    assert answer.json()["services"]["retriever"]["status"] == "down"
    assert "refused" in answer.json()["detail"]


async def test_a_service_elsewhere_is_reported_but_not_waited_for_nor_told_its_key(
    open_gateway: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THEIR_KEY", "k3y-of-theirs")
    async with stubs(llm=completion("A cat.")) as services:
        p = Pipeline("chatqna")
        p.add("llm", url=services["llm"].url, api_key="THEIR_KEY")
        async with open_gateway(p, services) as client:
            assert (await client.get("/v1/health_check")).status_code == 200
            await services["llm"].stop()
        async with open_gateway(p, services) as client:
            answer = await client.get("/v1/health_check")
    assert answer.status_code == 200
    assert answer.json()["services"]["llm"]["status"] == "down"
    assert all("authorization" not in got.headers for got in services["llm"].got)


async def test_the_clients_own_system_message_stands_in_for_ours(open_gateway: Open) -> None:
    mine = {"role": "system", "content": "Answer in verse."}
    async with stubs(**WRAPPED) as services, open_gateway(chatqna(), services) as client:
        await client.post("/v1/chat/completions", json={"messages": [mine, *QUESTION["messages"]]})
    messages = services["llm"].got[0].json["messages"]
    assert [m["role"] for m in messages] == ["system", "user"]
    assert messages[0] == mine


async def test_a_services_own_routes_are_passed_through(open_gateway: Open) -> None:
    p = Pipeline("chatqna")
    p.add("llm")
    p.add("dataprep")

    async def echo(got: Got) -> bytes:
        return reply({"path": got.path, "body": got.body.decode(), "auth": got.headers.get("authorization", "")}, 201)

    async with (
        stubs(llm=completion("x"), dataprep=echo) as services,
        open_gateway(p, services, token="t0ken") as client,
    ):
        answer = await client.post("/v1/dataprep/ingest?a=1", content=b"multi\r\npart")
    assert answer.status_code == 201
    assert answer.json() == {"path": "/v1/dataprep/ingest?a=1", "body": "multi\r\npart", "auth": "Bearer t0ken"}


async def test_a_service_that_streams_unasked_is_read_all_the_same(open_gateway: Open) -> None:
    stream = sse(chunk("A "), chunk("cat."), chunk(None, "stop"))
    async with stubs(**WRAPPED | {"llm": stream}) as services, open_gateway(chatqna(), services) as client:
        answer = await client.post("/v1/chat/completions", json=QUESTION)
    assert answer.json()["choices"][0]["message"]["content"] == "A cat."
