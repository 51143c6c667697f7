"""What the gateway's clients get: JSON, an event stream, an error that names the step."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import Any

import orjson

from opea_nb.errors import OpeaError, StepFailed
from opea_nb.gateway.adapters import NoInput
from opea_nb.gateway.runner import Answer, StepTimedOut
from opea_nb.gateway.sse import DONE, chat_chunk, error_event, opea_chunk

__all__ = ["Receive", "Refused", "Scope", "Send", "TokenStream", "chat_completion", "error_of", "send_json"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

_JSON = (b"content-type", b"application/json")
_SSE: Headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache")]


class Refused(Exception):
    """A request that the gateway does not take; `status` 4xx."""

    def __init__(
        self, status: int, message: str, *, headers: Sequence[tuple[bytes, bytes]] = (), **more: object
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers
        self.more = more


async def send_json(send: Send, status: int, body: bytes, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
    """A whole reply of JSON."""
    all_headers = [_JSON, (b"content-length", b"%d" % len(body)), *headers]
    await send({"type": "http.response.start", "status": status, "headers": all_headers})
    await send({"type": "http.response.body", "body": body})


def error_of(error: Exception, run: str = "") -> tuple[int, dict[str, Any]]:
    """HTTP status and JSON of an error."""
    if isinstance(error, Refused):
        kind = "not_found" if error.status == 404 else "invalid_request"
        return error.status, {"message": error.message, "type": kind, "run": run, **error.more}
    if isinstance(error, StepFailed):
        slow = isinstance(error, StepTimedOut)
        return 504 if slow else 502, {
            "message": error.message,
            "type": "step_timed_out" if slow else "step_failed",
            "step": error.step,
            "url": error.url,
            "status": error.status,
            "body": error.body,
            "run": run,
        }
    if isinstance(error, NoInput):
        return 422, {"message": error.message, "type": "invalid_request", "hint": error.hint, "run": run}
    if isinstance(error, OpeaError):
        return 502, {"message": str(error), "type": "run_failed", "run": run}
    return 500, {"message": f"the gateway failed: {type(error).__name__}: {error}", "type": "internal", "run": run}


def chat_completion(run: str, model: str, answer: Answer) -> bytes:
    """The answer as an OpenAI chat completion."""
    return orjson.dumps(
        {
            "id": f"chatcmpl-{run}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": model,
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": answer.text},
                    "finish_reason": answer.finish_reason,
                }
            ],
            "usage": answer.usage or {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
        }
    )


class TokenStream:
    """A streamed answer. Nothing is sent before the first text, so that an error before it has a status of its own.

    Parameters
    ----------
    opea
        Whether to speak OPEA's dialect (F1) or OpenAI's (F2).
    """

    def __init__(self, send: Send, headers: Headers, *, run: str, model: str, opea: bool) -> None:
        self._send = send
        self._headers = headers
        self._run = run
        self._model = model
        self._opea = opea
        self._created = int(time.time())
        self.begun = False

    async def text(self, tokens: list[str]) -> None:
        """More text; waits while the client reads slowly."""
        parts = []
        if not self.begun:
            self.begun = True
            await self._send({"type": "http.response.start", "status": 200, "headers": [*_SSE, *self._headers]})
            if not self._opea:
                parts.append(self._chunk({"role": "assistant", "content": ""}))
        parts += [opea_chunk(t) if self._opea else self._chunk({"content": t}) for t in tokens]
        await self._send({"type": "http.response.body", "body": b"".join(parts), "more_body": True})

    def _chunk(self, delta: Mapping[str, str], finish_reason: str = "") -> bytes:
        return chat_chunk(self._run, self._model, self._created, delta, finish_reason)

    async def end(self, answer: Answer) -> None:
        """The end of a good answer, and its text when none was sent yet."""
        if not self.begun:
            await self.text([answer.text])
        last = DONE if self._opea else self._chunk({}, answer.finish_reason) + DONE
        await self._send({"type": "http.response.body", "body": last})

    async def fail(self, error: Mapping[str, object]) -> None:
        """The end of a broken one: no ``[DONE]``."""
        await self._send({"type": "http.response.body", "body": error_event(error)})
