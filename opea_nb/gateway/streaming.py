"""Reads the last step's answer as it comes, and passes it on."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from opea_nb.gateway.adapters import Call, Facets, WrongShape
from opea_nb.gateway.program import Step
from opea_nb.gateway.sse import StreamError, TokenReader
from opea_nb.gateway.transport import MAX_REPLY, CallFailed, Streaming

if TYPE_CHECKING:
    from opea_nb.gateway.runner import Execution

__all__ = ["read_stream"]

_LINGER = 0.05  # seconds that the end of the bytes is waited for after [DONE], so that the connection can be kept
_START = 4096  # bytes of the stream that an error can show


async def read_stream(  # noqa: PLR0917  # called in one place, with what that place has at hand
    execution: Execution, step: Step, call: Call, data: bytes, traceparent: str, started: float
) -> tuple[int, bytes, Facets, int]:
    """Call a step and send its text to the execution's sink.

    Returns
    -------
    Status, the body as the trace shows it (the whole text, or the whole JSON of a service that does not stream), its
    facets, number of tokens.

    Raises
    ------
    CallFailed, WrongShape
        When the service fails, also half way: the stream breaks off, reports an error, or is empty.
    """
    reply = await execution.transport.stream(step.target, data, traceparent, execution.tracestate)
    try:
        first = await reply.read()
        streamed = "event-stream" in reply.content_type or first.lstrip()[:5] == b"data:"
        if not streamed or not 200 <= reply.status < 300:
            body = await _whole(reply, first)
            given = _read(execution, step, call, reply.status, body)
            await _pass_on(execution, step, [given["answer"]], started)
            return reply.status, body, given, 1
        return await _tokens(execution, step, reply, first, started)
    finally:
        await reply.close()


def _read(execution: Execution, step: Step, call: Call, status: int, body: bytes) -> Facets:
    try:
        return execution.read(step, call, status, body)
    except WrongShape as e:
        raise WrongShape(e.reason, body, status=status) from e


async def _whole(reply: Streaming, first: bytes) -> bytes:
    parts, size = [first], len(first)
    while data := await reply.read():
        size += len(data)
        if size > MAX_REPLY:
            raise CallFailed(f"answered more than {MAX_REPLY} bytes", status=reply.status)
        parts.append(data)
    return b"".join(parts)


async def _pass_on(execution: Execution, step: Step, tokens: list[str], started: float) -> None:
    if execution.run is not None:
        execution.run.tokens(step.name, tokens, time.perf_counter() - started)
    if execution.sink is not None:
        await execution.sink.text(tokens)


async def _tokens(
    execution: Execution, step: Step, reply: Streaming, data: bytes, started: float
) -> tuple[int, bytes, Facets, int]:
    reader = TokenReader()
    texts: list[str] = []
    start, size, count = data[:_START], 0, 0
    try:
        while data and not reader.done:
            tokens = reader.feed(data)
            if tokens:
                count += len(tokens)
                size += sum(map(len, tokens))
                if size > MAX_REPLY:
                    raise CallFailed(f"answered more than {MAX_REPLY} characters", status=reply.status)
                texts += tokens
                await _pass_on(execution, step, tokens, started)
            if not reader.done:
                try:
                    data = await reply.read()
                except CallFailed:
                    if not reader.complete:
                        raise
                    data = b""
        if rest := reader.finish():
            count += len(rest)
            texts += rest
            await _pass_on(execution, step, rest, started)
    except StreamError as e:
        raise WrongShape(f"streamed what cannot be read: {e}", start, status=reply.status) from e
    if not reader.complete:
        what = "ended its stream before the answer was complete" if texts else "answered with an empty stream"
        raise WrongShape(what, start, status=reply.status)
    if not count:
        what = "answered with an empty stream: no text was generated"
        raise WrongShape(what, start, status=reply.status)
    if reader.done:
        await _linger(reply)
    answer = "".join(texts)
    given: Facets = {"answer": answer}
    if reader.finish_reason not in ("", "stop"):
        given["finish_reason"] = reader.finish_reason
    if reader.usage:
        given["usage"] = reader.usage
    return reply.status, answer.encode("utf-8", "replace"), given, count


async def _linger(reply: Streaming) -> None:
    try:
        async with asyncio.timeout(_LINGER):
            while await reply.read():
                continue
    except (TimeoutError, CallFailed):
        return  # the answer is complete: only the connection is not kept
