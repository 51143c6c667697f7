"""When a service fails: the error names the step, and the next query works."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from opea_nb.gateway.transport import Timeouts
from tests.gateway.gateways import QUESTION, WRAPPED, Open, chatqna, diamond
from tests.gateway.stubs import Got, Stub, chunk, completion, reply, sse, stubs

STEPS = ["embedding", "retriever", "reranking", "llm"]


async def die(got: Got) -> None:
    got.writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{")
    got.writer.transport.abort()


async def hang(got: Got) -> None:
    await asyncio.Event().wait()


FAULTS: dict[str, tuple[Any, int, int, str]] = {
    "500 text/plain": (reply(b"Internal Server Error", 500, "text/plain"), 502, 500, "Internal Server Error"),
    "422": (reply({"detail": [{"loc": ["body", "input"], "msg": "Field required"}]}, 422), 502, 422, "Field required"),
    "garbage": (reply(b"\x00{not json"), 502, 200, "no JSON"),
    "nothing": (reply(b""), 502, 200, "answered nothing"),
    "wrong shape": (reply({"surprise": 1}), 502, 200, "wrong shape"),
    "not HTTP": (b"SSH-2.0-OpenSSH\r\n\r\n", 502, 0, "not HTTP"),
    "killed mid-reply": (die, 502, 200, "closed the connection"),
    "hanging": (hang, 504, 0, "within 0.3 s"),
    "refused": ("stop", 502, 0, "refused"),
}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_names_its_step_and_the_next_query_works(
    open_gateway: Open, fault: str, step: str, stream: bool
) -> None:
    wrong, status, seen, words = FAULTS[fault]
    good = WRAPPED | {"llm": sse(chunk("A cat."), chunk(None, "stop")) if stream else completion("A cat.")}
    times = Timeouts(first_byte=0.3)
    async with stubs(**good) as services, open_gateway(chatqna(), services, timeouts=times) as client:
        assert (await client.post("/v1/chatqna", json=QUESTION | {"stream": stream})).status_code == 200
        stub: Stub = services[step]
        if wrong == "stop":
            await stub.stop()
        else:
            stub.answer = wrong
        broken = await client.post("/v1/chatqna", json=QUESTION | {"stream": stream})
        if stub.server is None:
            await stub.start()
        stub.answer = good[step]
        again = await client.post("/v1/chatqna", json=QUESTION | {"stream": stream})
        events = (await client.get(f"/v1/runs/{broken.headers['x-opea-run']}")).json()["events"]
    error = broken.json()["error"]
    assert broken.status_code == status
    assert (error["step"], error["url"]) == (step, stub.url)
    assert error["status"] == seen
    assert words in error["message"]
    assert again.status_code == 200
    assert [e["step"] for e in events if e["type"] == "step_failed"] == [step]
    assert (events[-1]["type"], events[-1]["step"]) == ("run_failed", step)


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (sse(done=True), "empty stream"),
        (sse(chunk(None, "stop")), "empty stream"),
        (sse(done=False), "empty stream"),
        (sse({"error": {"message": "out of memory"}}, done=False), "out of memory"),
        (sse(chunk("A "), chunk("", "error") | {"error": {"message": "provider gone"}}), "provider gone"),
    ],
)
async def test_a_stream_without_text_is_an_error_and_no_empty_200(
    open_gateway: Open, stream: bytes, words: str
) -> None:
    async with stubs(**WRAPPED | {"llm": stream}) as services, open_gateway(chatqna(), services) as client:
        answer = await client.post("/v1/chatqna", json=QUESTION)
    assert answer.status_code == 502
    assert words in answer.json()["error"]["message"]


async def test_a_stream_that_breaks_off_ends_with_an_error_and_no_done(open_gateway: Open) -> None:
    half = sse(chunk("A "), chunk("ca"), done=False)
    async with stubs(**WRAPPED | {"llm": half}) as services, open_gateway(chatqna(), services) as client:
        answer = await client.post("/v1/chatqna", json=QUESTION)
        run = (await client.get(f"/v1/runs/{answer.headers['x-opea-run']}")).json()
    assert answer.status_code == 200
    assert "[DONE]" not in answer.text
    last = answer.text.removesuffix("\n\n").split("\n\n")[-1]
    assert '"step":"llm"' in last
    assert "before the answer was complete" in last
    assert run["state"] == "failed"


@pytest.mark.parametrize("step", ["retriever", "llm"])
async def test_when_the_client_goes_away_the_step_in_flight_is_cancelled(open_gateway: Open, step: str) -> None:
    async with stubs(**WRAPPED | {step: hang}) as services, open_gateway(chatqna(), services) as client:
        asking = asyncio.ensure_future(client.post("/v1/chatqna", json=QUESTION))
        await asyncio.wait_for(services[step].arrived.wait(), 10)
        run = (await client.get("/v1/runs")).json()["runs"][0]
        asking.cancel()
        await asyncio.wait_for(services[step].closed.wait(), 10)
        async with client.stream("GET", f"/v1/runs/{run['id']}/events") as followed:
            text = (await followed.aread()).decode()
    assert "client went away" in text
    assert text.count('"type":"run_failed"') == 1


@pytest.mark.parametrize("step", STEPS)
async def test_while_a_step_is_waited_for_others_are_answered(open_gateway: Open, step: str) -> None:
    """Gateway and services share the test's event loop: a call that blocked it would wait for itself."""

    async def hang_once(got: Got) -> bytes:
        services[step].answer = WRAPPED[step]
        await asyncio.Event().wait()
        return b""

    async with stubs(**WRAPPED | {step: hang_once}) as services, open_gateway(chatqna(), services) as client:
        waiting = asyncio.ensure_future(client.post("/v1/chatqna", json=QUESTION))
        await asyncio.wait_for(services[step].arrived.wait(), 10)
        others = [client.post("/v1/chatqna", json=QUESTION | {"stream": False}) for _ in range(8)]
        answers = await asyncio.wait_for(asyncio.gather(*others), 10)
        assert not waiting.done()
        waiting.cancel()
    assert [answer.status_code for answer in answers] == [200] * 8


@pytest.mark.parametrize("step", ["retriever", "llm"])
async def test_a_service_that_stops_in_the_middle_of_its_reply_is_not_waited_for(open_gateway: Open, step: str) -> None:
    async def begin(got: Got) -> None:
        got.writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{")
        await asyncio.Event().wait()

    times = Timeouts(first_byte=5, read=0.3, total=60)
    async with (
        stubs(**WRAPPED | {step: begin}) as services,
        open_gateway(chatqna(), services, timeouts=times) as client,
    ):
        answer = await client.post("/v1/chatqna", json=QUESTION)
    assert answer.status_code == 504
    assert answer.json()["error"]["message"].startswith(f"{step} at {services[step].url} sent nothing more for 0.3 s")


async def test_when_a_branch_fails_the_other_is_cancelled(open_gateway: Open) -> None:
    async def fail(got: Got) -> bytes:
        await asyncio.wait_for(services["s2"].arrived.wait(), 10)
        return reply(b"no", 500, "text/plain")

    async with stubs(s1={}, s2=hang, s3=fail, s4={}) as services, open_gateway(diamond(), services) as client:
        answer = await client.post("/v1/toy", json={})
        await asyncio.wait_for(services["s2"].closed.wait(), 10)
    assert answer.json()["error"]["step"] == "s3"
    assert not services["s4"].got


async def test_a_kept_connection_that_the_service_closed_is_no_error(open_gateway: Open) -> None:
    async with stubs(**WRAPPED) as services, open_gateway(chatqna(), services) as client:
        await client.post("/v1/chatqna", json=QUESTION | {"stream": False})
        for stub in services.values():
            await stub.stop()
            await stub.start()
        answer = await client.post("/v1/chatqna", json=QUESTION | {"stream": False})
    assert answer.status_code == 200
