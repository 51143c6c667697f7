"""A written Python file run by the released opea-comps 1.5, beside this package's gateway: the same steps are asked."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from opea_nb.formats import comps_python
from opea_nb.gateway.config import Config
from opea_nb.pipeline import Pipeline
from tests.gateway.gateways import QUESTION, WRAPPED, chatqna, diamond, serving
from tests.gateway.stubs import Stub, chunk, completion, reply, sse, stubs

pytestmark = pytest.mark.slow


@contextlib.asynccontextmanager
async def running(
    pipeline: Pipeline, services: dict[str, Stub], python: Path, folder: Path
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the written file's mega service, run as it is."""
    file = folder / "written.py"
    file.write_text(comps_python.write(pipeline).text, encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = {f"{name.upper().replace('-', '_')}_SERVICE_PORT": str(stub.port) for name, stub in services.items()}
    hosts = {key.replace("_PORT", "_HOST_IP"): "127.0.0.1" for key in variables}
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "OPEA")) and "proxy" not in k.lower()}
    environment = plain | variables | hosts | {"MEGA_SERVICE_PORT": str(port)}
    log = folder / "log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            str(python), str(file), env=environment, cwd=folder, stdout=output, stderr=output
        )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            async with asyncio.timeout(120):
                while not await _answers(client):
                    assert process.returncode is None, log.read_text()
                    await asyncio.sleep(0.1)
            yield client
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _answers(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/v1/health_check")).status_code == 200
    except httpx.TransportError:
        return False


def direct() -> Pipeline:
    p = Pipeline("direct")
    emb, ret = p.add("embedding-tei", name="embedding"), p.add("retriever", parameters={"k": 7})
    emb >> ret >> p.add("reranking-tei", name="reranking", parameters={"top_n": 2}) >> p.add("llm-vllm", name="llm")
    return p


RANKS = [{"index": 1, "score": 0.9}, {"index": 0, "score": 0.1}]
DIRECT = WRAPPED | {"embedding": [[0.1, 0.2]], "reranking": RANKS}
NOTHING_FOUND = DIRECT | {"retriever": {"retrieved_docs": [], "initial_query": "q"}}


def guarded() -> Pipeline:
    p = chatqna()
    p.connect(p.add("guardrails"), "embedding")
    return p


def video() -> Pipeline:
    p = Pipeline("videoqna")
    found = p.add("embedding-multimodal", name="embedding") >> p.add("retriever-multimodal", name="retriever")
    found >> p.add("reranking-video", name="reranking") >> p.add("lvm")
    return p


FOUND = {"retrieved_docs": [{"text": "a"}], "initial_query": "What?", "metadata": [{"video": "a.mp4"}]}
PART = {"video_url": "http://x/a.mp4", "chunk_start": 10.0, "chunk_duration": 5.0, "prompt": "What?"}
VIDEO: dict[str, Any] = {
    "embedding": {"text": "What?", "embedding": [0.1]},
    "retriever": FOUND,
    "reranking": PART,
    "lvm": {"text": "A cat."},
}


def hybrid() -> Pipeline:
    p = chatqna()
    p.add("text2cypher")
    p.connect("text2cypher", "llm")
    return p


@pytest.mark.parametrize(
    ("pipeline", "answers"),
    [
        pytest.param(chatqna(), WRAPPED, id="wrapped"),
        pytest.param(direct(), DIRECT, id="direct"),
        pytest.param(direct(), NOTHING_FOUND, id="nothing-found"),
        pytest.param(guarded(), WRAPPED | {"guardrails": {"text": "What is in the box?"}}, id="guarded"),
        pytest.param(video(), VIDEO, id="video"),
        pytest.param(hybrid(), WRAPPED | {"text2cypher": {"result": ["a cat"]}}, id="hybrid"),
    ],
)
async def test_the_same_steps_are_asked_the_same_things_as_by_the_gateway(
    pipeline: Pipeline, answers: dict[str, Any], comps_python_path: Path, tmp_path: Path
) -> None:
    question = QUESTION | {"stream": False, "temperature": 0.5, "fetch_k": 9}
    asked: list[dict[str, list[Any]]] = []
    said: list[str] = []
    async with stubs(**answers) as services:
        routes = {n: f"http://127.0.0.1:{s.port}{_path(pipeline, n)}" for n, s in services.items()}
        async with serving(Config(pipeline, routes, document="")) as client:
            said.append(
                (await client.post(pipeline.endpoint, json=question)).json()["choices"][0]["message"]["content"]
            )
        asked.append({name: [(g.path, g.json) for g in stub.got] for name, stub in services.items()})
    async with (
        stubs(**answers) as services,
        running(pipeline, services, comps_python_path, tmp_path) as client,
    ):
        reply_ = await client.post(pipeline.endpoint, json=question)
        said.append(reply_.json()["choices"][0]["message"]["content"])
        asked.append({name: [(g.path, g.json) for g in stub.got] for name, stub in services.items()})
    assert asked[1] == asked[0]
    assert said[1] == said[0] == "A cat."


def _path(pipeline: Pipeline, name: str) -> str:
    return pipeline.services[name].endpoint or pipeline.component(name).endpoint


async def test_an_answer_is_streamed_as_opea_does(comps_python_path: Path, tmp_path: Path) -> None:
    stream = sse(chunk(None), chunk("it's "), chunk("你"), chunk("", "stop"))
    async with (
        stubs(**WRAPPED | {"llm": stream}) as services,
        running(chatqna(), services, comps_python_path, tmp_path) as client,
    ):
        answer = await client.post("/v1/chatqna", json=QUESTION)
    *tokens, done = answer.text.removesuffix("\n\n").split("\n\n")
    assert [ast.literal_eval(t[6:]).decode() for t in tokens] == ["it's ", "你"]
    assert done == "data: [DONE]"


async def test_a_blocked_question_and_a_broken_service_are_told(comps_python_path: Path, tmp_path: Path) -> None:
    blocked = {"text": "Violated policies: S1", "downstream_black_list": [".*"]}
    answers = iter([blocked, {"text": "What is in the box?"}])

    async def guardrail(_: Any) -> bytes:
        return reply(next(answers))

    broken = WRAPPED | {"guardrails": guardrail, "retriever": reply({"detail": "no index"}, 500)}
    async with (
        stubs(**broken) as services,
        running(guarded(), services, comps_python_path, tmp_path) as client,
    ):
        first = await client.post("/v1/chatqna", json=QUESTION | {"stream": False})
        assert first.json()["choices"][0]["message"]["content"] == "Violated policies: S1"
        assert not services["embedding"].got
        second = await client.post("/v1/chatqna", json=QUESTION | {"stream": False})
    assert second.status_code == 502
    assert "retriever" in second.json()["error"]["message"]
    assert "no index" in second.json()["error"]["message"]


async def test_sound_goes_through_asr_llm_and_tts(comps_python_path: Path, tmp_path: Path) -> None:
    p = Pipeline("audioqna")
    p.add("asr-whisper", name="asr") >> p.add("llm-vllm", name="llm") >> p.add("tts-speecht5", name="tts")
    answers = {"asr": {"asr_result": "what time is it"}, "llm": completion("noon"), "tts": {"tts_result": "UklGRg=="}}
    async with stubs(**answers) as services, running(p, services, comps_python_path, tmp_path) as client:
        answer = await client.post("/v1/audioqna", json={"audio": "QUJD"})
        assert services["asr"].got[0].json["audio"] == "QUJD"
        assert services["llm"].got[0].json["messages"] == [{"role": "user", "content": "what time is it"}]
        assert services["tts"].got[0].json["text"] == "noon"
    assert answer.json()["choices"][0]["message"]["audio"] == {"data": "UklGRg=="}


async def test_branches_meet_and_flows_stand_side_by_side(comps_python_path: Path, tmp_path: Path) -> None:
    p = diamond()
    p.add("service", name="other", endpoint="/v1/other", port=9100, flow="side")
    answers: dict[str, Any] = {n: {n: 1} for n in ("s1", "s2", "s3", "other")} | {"s4": {"text": "done"}}
    async with stubs(**answers) as services, running(p, services, comps_python_path, tmp_path) as client:
        await client.post("/v1/toy", json={"text": "hi"})
        assert services["s1"].got[0].json == {"text": "hi"}
        assert services["s4"].got[0].json == {"s2": 1, "s3": 1}
        answer = await client.post("/v1/toy/side", json={"a": 1})
        assert services["other"].got[0].json == {"a": 1}
    assert answer.json()["json"] == {"other": 1}
