"""Runs: followed live, resumed by number, kept within bounds, and never slowed down by who watches."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import orjson

from opea_nb.gateway import events as ev
from opea_nb.gateway.record import Recording
from opea_nb.gateway.run_store import RunStore
from opea_nb.gateway.runs import Route
from tests.gateway.gateways import QUESTION, WRAPPED, Open, chatqna
from tests.gateway.stubs import Got, chunk, stubs

ROUTE = Route("p", "main", "/v1/p", ("s",), {"s": "http://h/v1"})


def finished_run(store: RunStore, run_id: str, body: bytes = b"{}") -> None:
    run = store.begin(run_id, ROUTE, body)
    assert run is not None
    run.finish(0.1, "answer", "")
    store.end(run)


async def test_events_are_numbered_without_gaps_and_read_back_as_typed_events(open_gateway: Open) -> None:
    async with stubs(**WRAPPED) as services, open_gateway(chatqna(), services) as client:
        answer = await client.post("/v1/chatqna", json=QUESTION | {"stream": False})
        run = (await client.get(f"/v1/runs/{answer.headers['x-opea-run']}")).json()
        listed = (await client.get("/v1/runs")).json()["runs"]
    events = [ev.from_dict(e) for e in run["events"]]
    assert [e.seq for e in events] == list(range(1, len(events) + 1))
    assert [e.type for e in events] == ["run_started", *["step_started", "step_finished"] * 4, "run_finished"]
    finished = next(e for e in events if isinstance(e, ev.StepFinished) and e.step == "retriever")
    assert finished.response["retrieved_docs"][0]["text"] == "The box holds a cat."
    assert (finished.status, finished.response_bytes) == (200, len(json.dumps(WRAPPED["retriever"])))
    assert [(r["id"], r["state"], r["error"]) for r in listed] == [(run["id"], "finished", "")]


async def test_a_run_is_followed_live_from_before_it_begins_and_resumed_by_number(open_gateway: Open) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    go_on = asyncio.Event()

    async def stream(got: Got) -> None:
        got.writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
        got.writer.write(b"data: %b\n\n" % orjson.dumps(chunk("A ")))
        await asyncio.wait_for(go_on.wait(), 10)
        got.writer.write(b"data: %b\n\ndata: [DONE]\n\n" % orjson.dumps(chunk("cat.")))
        await got.writer.drain()

    seen: list[dict[str, Any]] = []
    async with stubs(**WRAPPED | {"llm": stream}) as services, open_gateway(chatqna(), services) as client:

        async def follow() -> None:
            async with client.stream("GET", f"/v1/runs/{trace}/events?wait=10") as following:
                async for line in following.aiter_lines():
                    if line.startswith("data: "):
                        seen.append(json.loads(line[6:]))
                        if seen[-1]["type"] == "text":
                            go_on.set()  # only now does the run go on: what came before was seen live

        following = asyncio.ensure_future(follow())
        await asyncio.sleep(0.05)  # most likely the follower comes first; the test holds either way
        headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
        asking = asyncio.ensure_future(client.post("/v1/chatqna", json=QUESTION, headers=headers))
        await following
        assert (await asking).text.endswith("[DONE]\n\n")
        half = str(seen[4]["seq"])
        rest = await client.get(f"/v1/runs/{trace}/events", headers={"last-event-id": half})
    assert seen[-1]["type"] == "run_finished"
    assert seen[-1]["answer"] == "A cat."
    assert "".join(e["text"] for e in seen if e["type"] == "text") == "A cat."
    assert [json.loads(x[6:]) for x in rest.text.split("\n") if x.startswith("data")] == seen[5:]


async def test_an_unknown_run_is_waited_for_as_long_as_asked(open_gateway: Open) -> None:
    async with stubs(**WRAPPED) as services, open_gateway(chatqna(), services) as client:
        assert (await client.get("/v1/runs/none/events?wait=0.05")).status_code == 404
        assert (await client.get("/v1/runs/none")).status_code == 404


async def test_a_follower_that_does_not_read_does_not_slow_a_run() -> None:
    store = RunStore(Recording())
    run = store.begin("a" * 32, ROUTE, b"{}")
    assert run is not None
    waiting = asyncio.ensure_future(run.more(1, 10))
    await asyncio.sleep(0)
    for _ in range(1000):
        run.emit((ev.StepSkipped.type, time.perf_counter(), "s", "why"))
    assert len([*run.events()]) == 1001
    assert await waiting
    assert [e["seq"] for e in run.events(after=990)] == list(range(991, 1002))


async def test_tokens_are_gathered_into_few_events_and_none_is_lost() -> None:
    run = RunStore(Recording()).begin("a" * 32, ROUTE, b"{}")
    assert run is not None
    for i in range(1000):
        run.tokens("llm", [f"{i} "], 0.0)
    run.finish(1.0, "", "")
    texts = [e for e in run.events() if e["type"] == "text"]
    assert "".join(t["text"] for t in texts) == "".join(f"{i} " for i in range(1000))
    assert sum(t["tokens"] for t in texts) == 1000
    assert len(texts) <= 3


def test_memory_is_bounded_by_number_and_by_size() -> None:
    store = RunStore(Recording(), limit=10, size=1 << 20)
    for i in range(50):
        finished_run(store, f"{i:032x}")
    assert [r.id for r in store.newest(100)] == [f"{i:032x}" for i in range(49, 39, -1)]
    small = RunStore(Recording(), limit=1000, size=100_000)
    for i in range(100):
        finished_run(small, f"{i:032x}", b"x" * 30_000)
    assert small.size <= 100_000
    assert len(list(small.newest(100))) == 3


def test_a_long_body_is_cut_and_says_how_long_it_was() -> None:
    store = RunStore(Recording(limit=10))
    finished_run(store, "a" * 32, b'{"text": "' + b"x" * 100 + b'"}')
    run = store.get("a" * 32)
    assert run is not None
    assert next(iter(run.events()))["request"] == {"truncated": True, "size": 112, "start": '{"text": "'}


def test_two_runs_of_one_trace_are_both_kept() -> None:
    store = RunStore(Recording())
    finished_run(store, "a" * 32)
    finished_run(store, "a" * 32)
    assert {r.id for r in store.newest(100)} == {"a" * 32, "a" * 32 + "-2"}


def test_bodies_and_texts_are_not_kept_when_recording_is_none() -> None:
    store = RunStore(Recording("none"))
    finished_run(store, "a" * 32, b'{"text": "private"}')
    run = store.get("a" * 32)
    assert run is not None
    assert next(iter(run.events()))["request"] is None
    assert [*run.events()][1]["answer"] == ""


def test_secrets_are_hidden_by_key_and_by_value_and_counts_of_tokens_are_not() -> None:
    recording = Recording(secrets=("s3cret-value",))
    body = b'{"max_tokens": 3, "access_token": "x", "apiKey": "y", "n": {"password": "z"}, "t": "a s3cret-value"}'
    assert recording.shown(body, len(body)) == {
        "max_tokens": 3,
        "access_token": "[redacted]",
        "apiKey": "[redacted]",
        "n": {"password": "[redacted]"},
        "t": "a [redacted]",
    }


def test_a_secret_is_taken_out_before_a_body_is_kept() -> None:
    recording = Recording(secrets=("s3cret-value",))
    assert recording.kept(b'{"t": "a s3cret-value"}') == b'{"t": "a [redacted]"}'
    assert recording.kept(b'{"API_KEY": 12345}') == b'{"API_KEY": "[redacted]"}'
    assert recording.kept(b'{"hf_token":"hf_abc"}') == b'{"hf_token":"[redacted]"}'
    usual = b'{"max_tokens": 3, "monkey": 4, "text": "my token"}'
    assert recording.kept(usual) == usual


def test_a_request_nested_deeper_than_json_can_be_written_is_shown_to_a_bound() -> None:
    store = RunStore(Recording())
    finished_run(store, "a" * 32, b"[" * 900 + b"]" * 900)
    run = store.get("a" * 32)
    assert run is not None
    assert orjson.dumps(list(run.events())).count(b"[") < 200


async def test_who_waits_for_a_run_is_told_also_when_another_gave_up() -> None:
    store = RunStore(Recording())
    patient = asyncio.ensure_future(store.wait_for("a" * 32, 10))
    assert await store.wait_for("a" * 32, 0.01) is None
    finished_run(store, "a" * 32)
    assert await asyncio.wait_for(patient, 5) is not None
    assert not store._waiting
