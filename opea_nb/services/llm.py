"""The language-model microservice: ``POST /v1/chat/completions``, as OpenAI's and as OPEA's."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import orjson

from opea_nb.errors import ModelError
from opea_nb.services.asgi import Microservice, Refused, Reply, Request, Stream, json_reply
from opea_nb.services.engine import Engine, EngineError, load_engine
from opea_nb.services.models import ensure_model, model_path
from opea_nb.services.prompt import messages_for
from opea_nb.services.reranking import passages_of
from opea_nb.services.serving import Background, Readiness, run

__all__ = ["Ask", "create_app", "main", "understand"]

DEFAULT_CONTEXT = 2048
DEFAULT_MAX_TOKENS = 1024
_SAMPLING = ("temperature", "top_p", "top_k", "typical_p", "min_p", "frequency_penalty", "presence_penalty", "seed")
_PASSED = (*_SAMPLING, "stop", "response_format")


@dataclass(frozen=True, slots=True)
class Ask:
    """A request as it was understood: llama.cpp's own, and how the client wants the answer."""

    engine: dict[str, Any]
    stream: bool
    usage: bool


def create_app() -> Microservice:
    """The service as an ASGI app; the model is loaded (and first brought, if need be) when the app starts."""
    readiness = Readiness("loading the model")
    background = Background[Engine](_load, readiness)

    async def chat(request: Request) -> Reply | Stream:
        ask = understand(request.json())
        engine = background.value
        if engine is None:
            raise Refused(503, f"not ready: {readiness.state.as_json().get('detail', '')}")
        chunks = engine.chat(ask.engine)
        try:
            if not ask.stream:
                return json_reply(await _collect(chunks, engine.model))
            # the first chunk comes before the headers, so that a refused request is no 200
            first = await anext(chunks)
        except EngineError as e:
            raise Refused(e.status, str(e)) from e
        except StopAsyncIteration as e:
            raise Refused(503, "the service is ending") from e
        return Stream(_sse(first, chunks, ask.usage))

    def close() -> None:
        if background.value is not None:
            background.value.close()

    return Microservice(
        "opea_nb llm",
        "A GGUF language model served by llama.cpp",
        {"/v1/chat/completions": chat},
        readiness,
        background,
        on_stop=close,
    )


def _load(readiness: Readiness) -> Engine:
    path = model_path()
    if not path.exists() and not os.environ.get("MODEL_PATH"):
        ensure_model(lambda done, total: readiness.starting("bringing the model", 100 * done / total))
    size = f" ({path.stat().st_size / 1e6:.0f} MB)" if path.exists() else ""
    readiness.starting(f"loading {path.name}{size}")
    text = os.environ.get("CONTEXT_TOKENS") or str(DEFAULT_CONTEXT)
    if not text.isdecimal() or not 128 <= int(text) <= 1 << 20:
        raise ModelError(f"CONTEXT_TOKENS={text!r} is no number of tokens", hint="use 128 or more; default 2048")
    return load_engine(path, int(text))


def understand(body: dict[str, Any]) -> Ask:
    """A ChatCompletionRequest, an LLMParamsDoc or a SearchedDoc.

    Raises
    ------
    Refused
        422 for anything else, and for options that the embedded form does not have.
    """
    messages = _messages(body)
    for key in ("tools", "functions", "logprobs", "top_logprobs"):
        if body.get(key):
            raise Refused(422, f'"{key}" is not supported by the embedded llm: leave it out')
    if body.get("n") not in (None, 1):
        raise Refused(422, '"n" must be 1: the embedded llm gives one answer')
    engine: dict[str, Any] = {k: body[k] for k in _PASSED if body.get(k) is not None}
    for key in _SAMPLING:
        if not isinstance(engine.get(key, 0), int | float):
            raise Refused(422, f'"{key}" must be a number, not {engine[key]!r}')
    engine.setdefault("temperature", 0.0)
    if (penalty := body.get("repetition_penalty")) is not None:
        engine["repeat_penalty"] = penalty
    limits = (body.get(k) for k in ("max_completion_tokens", "max_tokens", "max_new_tokens"))
    most = next((limit for limit in limits if limit is not None), DEFAULT_MAX_TOKENS)
    if not isinstance(most, int) or isinstance(most, bool) or most < 1:
        raise Refused(422, f'"max_tokens" must be a whole number from 1, not {most!r}')
    engine |= {"messages": messages, "max_tokens": most}
    # a cached prompt prefix changes the order of sums, and with it now and then a word
    engine["cache_prompt"] = engine["temperature"] > 0 and "seed" not in engine
    options = body.get("stream_options")
    stream = body.get("stream")
    return Ask(
        engine,
        stream=bool("messages" not in body if stream is None else stream),
        usage=isinstance(options, dict) and bool(options.get("include_usage")),
    )


def _messages(body: dict[str, Any]) -> list[dict[str, Any]]:
    template = body.get("chat_template") or ""
    given = body.get("messages")
    documents = passages_of(body.get("documents") or body.get("retrieved_docs") or [])
    if isinstance(given, list) and given:
        messages = [_message(m, i) for i, m in enumerate(given)]
        last = messages[-1]
        if not documents or last["role"] != "user":
            return messages
        return [*messages[:-1], *_asked(last["content"], documents, template)]
    question = given or body.get("query") or body.get("initial_query")
    if not isinstance(question, str):
        raise Refused(422, 'no question: send "messages" (OpenAI) or "query" with "documents" (LLMParamsDoc)')
    return _asked(question, documents, template)


def _asked(question: str, documents: list[str], template: object) -> list[dict[str, Any]]:
    if not isinstance(template, str):
        raise Refused(422, '"chat_template" must be a string')
    try:
        return [dict(m) for m in messages_for(question, documents, template)]
    except ValueError as e:
        raise Refused(422, str(e)) from e


def _message(given: Any, number: int) -> dict[str, Any]:
    content = given.get("content") if isinstance(given, dict) else None
    if isinstance(content, list):  # OpenAI's list of parts
        parts = [p.get("text") for p in content if isinstance(p, dict) and p.get("type") == "text"]
        content = "\n".join(str(p) for p in parts) if len(parts) == len(content) else None
    if not isinstance(content, str) or not isinstance(given.get("role"), str):
        raise Refused(422, f'"messages"[{number}] needs a "role" and a "content" of text')
    return {"role": given["role"], "content": content}


async def _collect(chunks: AsyncIterator[dict[str, Any]], model: str) -> dict[str, Any]:
    text: list[str] = []
    head: dict[str, Any] = {}
    reason = "stop"
    usage: dict[str, Any] = {}
    async for chunk in chunks:
        head = head or chunk
        usage = chunk.get("usage") or usage
        for choice in chunk.get("choices", ()):
            text.append(choice["delta"].get("content") or "")
            reason = choice.get("finish_reason") or reason
    if not head:
        raise Refused(503, "the service is ending")
    choice = {"index": 0, "message": {"role": "assistant", "content": "".join(text)}, "finish_reason": reason}
    return {
        "id": head["id"],
        "object": "chat.completion",
        "created": head["created"],
        "model": model,
        "choices": [choice],
        "usage": usage,
    }


async def _sse(first: dict[str, Any], rest: AsyncIterator[dict[str, Any]], usage: bool) -> AsyncIterator[bytes]:
    try:
        chunk = first
        while True:
            chunk.pop("timings", None)
            if chunk.get("choices") or usage:
                yield b"data: " + orjson.dumps(chunk) + b"\n\n"
            chunk = await anext(rest)
    except StopAsyncIteration:
        yield b"data: [DONE]\n\n"
    except EngineError as e:
        # too late for a status: the error is the last event, and no [DONE] follows
        yield b"data: " + orjson.dumps({"error": {"message": str(e), "type": "engine_error"}}) + b"\n\n"
    finally:
        await rest.aclose()  # type: ignore[attr-defined]  # an async generator, typed by what it yields


def main() -> None:
    """Serve, as the environment says."""
    run(create_app(), name="llm")


if __name__ == "__main__":
    main()
