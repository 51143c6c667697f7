from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from opea_nb.services import engine, llm
from opea_nb.services.engine import WAITING_LIMIT, ChatServer
from opea_nb.services.prompt import messages_for

pytestmark = pytest.mark.slow

URL = "/v1/chat/completions"
PASSAGE = (
    "The Quillfern-7 pump delivers 3.2 litres per minute at 12 volts and must be primed before first use. "
    "Replace the blue filter every 90 days; the part number is QF-118. The warranty lasts 30 months."
)
LONG = {"messages": [{"role": "user", "content": "Write a very long story about a ship."}], "max_tokens": 1500}


class Counting:
    """The loaded model; counts the chunks that it makes."""

    def __init__(self, server: ChatServer) -> None:
        self.server = server
        self.chunks = 0
        self.running = threading.Lock()

    def handle_chat_completions(self, request: dict[str, Any], callback: Callable[[dict[str, Any]], bool]) -> None:
        def count(chunk: dict[str, Any]) -> bool:
            self.chunks += 1
            return callback(chunk)

        with self.running:
            self.server.handle_chat_completions(request, count)


@pytest.fixture(scope="module")
def model(gguf: Path) -> Counting:
    return Counting(engine.load_server(gguf, 2048))


@pytest.fixture
async def client(start: Any, gguf: Path, model: Counting, monkeypatch: pytest.MonkeyPatch) -> httpx.AsyncClient:
    monkeypatch.setenv("MODEL_PATH", str(gguf))
    monkeypatch.setattr(engine, "load_server", lambda *_: model)
    found: httpx.AsyncClient = await start(llm.create_app())
    return found


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110  # the model's own thread sets no event
            await asyncio.sleep(0.01)


def user(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


async def events(client: httpx.AsyncClient, body: dict[str, Any]) -> list[Any]:
    answer = await client.post(URL, json=body)
    assert answer.headers["content-type"] == "text/event-stream"
    lines = [line.removeprefix("data: ") for line in answer.text.split("\n\n") if line]
    return [line if line == "[DONE]" else json.loads(line) for line in lines]


async def test_a_question_with_a_passage_is_answered_from_it(client: httpx.AsyncClient) -> None:
    for question, fact in (
        ("What is the part number of the filter?", "QF-118"),
        ("How long does the warranty last?", "30 months"),
        ("How much does the pump deliver per minute?", "3.2 litres"),
    ):
        body = {"query": question, "documents": [PASSAGE], "stream": False, "max_tokens": 80}
        answer = (await client.post(URL, json=body)).json()
        assert fact in answer["choices"][0]["message"]["content"]
        assert len(answer["choices"][0]["message"]["content"]) < 200


async def test_an_answer_is_openais_with_real_usage(client: httpx.AsyncClient) -> None:
    answer = (await client.post(URL, json={"messages": user("Hello!"), "max_tokens": 5})).json()
    (choice,) = answer["choices"]
    assert answer["object"] == "chat.completion"
    assert answer["model"] == "SmolLM2-135M-Instruct.Q4_1"
    assert choice["finish_reason"] == "length"
    assert choice["message"]["role"] == "assistant"
    usage = answer["usage"]
    assert usage["completion_tokens"] == 5
    assert usage["total_tokens"] == usage["prompt_tokens"] + 5 > 5


async def test_a_stream_holds_the_same_text_as_the_whole_answer(client: httpx.AsyncClient) -> None:
    body = {"messages": user("Name three colours."), "max_tokens": 40, "temperature": 0}
    whole = (await client.post(URL, json=body)).json()
    *chunks, done = await events(client, body | {"stream": True, "stream_options": {"include_usage": True}})
    assert done == "[DONE]"
    texts = [c["choices"][0]["delta"].get("content") or "" for c in chunks[:-1]]
    assert "".join(texts) == whole["choices"][0]["message"]["content"]
    assert len([t for t in texts if t]) > 3
    assert {c["object"] for c in chunks} == {"chat.completion.chunk"}
    assert chunks[-2]["choices"][0]["finish_reason"] == whole["choices"][0]["finish_reason"]
    assert chunks[-1]["usage"]["completion_tokens"] == whole["usage"]["completion_tokens"]


async def test_llm_params_stream_by_default_and_openais_do_not(client: httpx.AsyncClient) -> None:
    assert (await events(client, {"query": "Hi", "max_tokens": 2}))[-1] == "[DONE]"
    answer = await client.post(URL, json={"messages": "Hi", "max_tokens": 2})
    assert answer.json()["object"] == "chat.completion"


async def test_equal_requests_give_equal_answers_also_at_the_same_time(client: httpx.AsyncClient) -> None:
    fixed = {"messages": user("Tell me about rain."), "max_tokens": 30, "temperature": 0}
    drawn = fixed | {"temperature": 1.0, "seed": 7}
    answers = await asyncio.gather(*(client.post(URL, json=b) for b in (fixed, drawn, fixed, drawn)))
    texts = [a.json()["choices"][0]["message"]["content"] for a in answers]
    assert texts[0] == texts[2]
    assert texts[1] == texts[3]


@pytest.mark.parametrize("stream", [True, False])
async def test_the_model_stops_when_the_client_goes_away(
    client: httpx.AsyncClient, model: Counting, stream: bool
) -> None:
    before = model.chunks
    asking = asyncio.create_task(client.post(URL, json=LONG | {"stream": stream}))
    await until(lambda: model.chunks >= before + 5)
    asking.cancel()
    await until(lambda: not model.running.locked())
    assert model.chunks < before + 300


async def test_a_client_that_leaves_while_its_prompt_is_read_stops_that_too(
    client: httpx.AsyncClient, model: Counting
) -> None:
    before = model.chunks
    asking = asyncio.create_task(client.post(URL, json={"messages": user("word " * 1500), "max_tokens": 500}))
    await until(lambda: model.chunks > before)
    asking.cancel()
    await until(lambda: not model.running.locked())
    # the chunks were reports of progress, 256 tokens each; all of them would be 6
    assert model.chunks <= before + 5


async def test_a_prompt_that_is_too_long_is_refused_with_what_to_do(client: httpx.AsyncClient) -> None:
    for stream in (True, False):
        answer = await client.post(URL, json={"messages": user("word " * 4000), "stream": stream})
        assert answer.status_code == 400
        assert "the model's context is 2048: send less" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "no question"),
        ({"messages": [{"role": "user"}]}, '"messages"[0]'),
        ({"messages": "hi", "tools": [{}]}, '"tools" is not supported'),
        ({"messages": "hi", "max_tokens": 0}, '"max_tokens"'),
        ({"messages": "hi", "temperature": "hot"}, '"temperature"'),
        ({"query": "hi", "documents": [1]}, '"retrieved_docs"[0]'),
        ({"query": "hi", "documents": ["a"], "chat_template": "{context}"}, "no {question}"),
    ],
)
async def test_what_it_does_not_have_is_refused(client: httpx.AsyncClient, body: dict[str, Any], says: str) -> None:
    answer = await client.post(URL, json=body)
    assert answer.status_code == 422
    assert says in answer.json()["detail"]


async def test_too_many_waiting_are_sent_away(client: httpx.AsyncClient) -> None:
    asking = [asyncio.create_task(client.post(URL, json=LONG)) for _ in range(WAITING_LIMIT + 1)]
    done, _ = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
    answer = done.pop().result()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    for task in asking:
        task.cancel()


async def test_a_file_that_is_no_model_makes_the_service_broken(
    start: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for data, says in ((b"text", "is no GGUF file"), (b"GGUF" + b"\0" * 64, "llama.cpp cannot load")):
        file = tmp_path / "model.gguf"
        file.write_bytes(data)
        monkeypatch.setenv("MODEL_PATH", str(file))
        client = await start(llm.create_app(), wait=False)
        while (health := (await client.get("/v1/health_check")).json())["status"] == "starting":
            pass
        assert health["status"] == "broken"
        assert says in health["detail"]


def test_a_template_of_the_users_is_filled_once() -> None:
    messages = messages_for("Why {context}?", ["{question} {x}"], "A {y} {context} B {question}")
    assert messages == user("A {y} {question} {x} B Why {context}?")


def test_documents_are_put_into_the_last_message_of_a_conversation() -> None:
    ask = llm.understand({"messages": [*user("Hi"), *user("How long?")], "documents": [{"text": "30 months"}]})
    assert ask.engine["messages"][0] == user("Hi")[0]
    assert ask.engine["messages"][-1] == user("Text:\n30 months\n\nQuestion:\nHow long?")[0]
