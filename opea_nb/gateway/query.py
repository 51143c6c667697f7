"""Answers one request for a flow."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from opea_nb.errors import PlanError
from opea_nb.gateway import events as ev
from opea_nb.gateway.adapters import PORTS, Facets
from opea_nb.gateway.adapters.chat import field_text, read_request
from opea_nb.gateway.forms import form_request
from opea_nb.gateway.program import Program
from opea_nb.gateway.replies import Receive, Refused, Scope, Send, TokenStream, chat_completion, error_of, send_json
from opea_nb.gateway.run_store import RunStore
from opea_nb.gateway.runner import Execution, execute
from opea_nb.gateway.traceparent import new_run_id, parse, span
from opea_nb.gateway.transport import Transport
from opea_nb.gateway.variants import Variant, Variants

__all__ = ["Queries", "read_body"]

assert "ChatRequest" in PORTS
_PATIENCE = 0.02  # seconds until a request is worth a task that watches whether its client is still there


@dataclass(frozen=True, slots=True)
class Door:
    """An endpoint: the flow behind it, and how it speaks.

    Parameters
    ----------
    opea
        OPEA's manner (F1, streams unless told otherwise) or OpenAI's (F2, streams when told to).
    """

    variants: Variants
    opea: bool


class _Watch:
    """Cancels a request's task when its client goes away."""

    __slots__ = ("_handle", "_receive", "_task", "_watcher", "gone")

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._task = asyncio.current_task()
        self._watcher: asyncio.Task[None] | None = None
        self._handle = asyncio.get_running_loop().call_later(_PATIENCE, self._begin)
        self.gone = False

    def _begin(self) -> None:
        self._watcher = asyncio.get_running_loop().create_task(self._wait())

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            continue
        self.gone = True
        if self._task is not None:
            self._task.cancel()

    def end(self) -> None:
        """Stop watching."""
        self._handle.cancel()
        if self._watcher is not None:
            self._watcher.cancel()


class Queries:
    """Runs programs for clients.

    Parameters
    ----------
    body_limit
        Largest request in bytes.
    """

    def __init__(self, transport: Transport, runs: RunStore, body_limit: int) -> None:
        self._transport = transport
        self._runs = runs
        self._body_limit = body_limit

    async def answer(self, door: Door, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request.

        Raises
        ------
        Refused
            When it cannot be run: malformed, too large, no question.
        """
        began = time.perf_counter()
        parent = state = form = ""
        for name, value in scope["headers"]:
            if name == b"traceparent":
                parent = value.decode("latin-1")
            elif name == b"tracestate":
                state = f"{state},{value.decode('latin-1')}" if state else value.decode("latin-1")
            elif name == b"content-type" and value.lower().startswith(b"multipart/form-data"):
                form = value.decode("latin-1")
        trace, flags = (parse(parent) if parent else None) or (new_run_id(), "01")
        body = await read_body(receive, self._body_limit)
        if form:
            body = form_request(form, body)
        request = _parsed(body)
        variant = _chosen(door.variants, request) if door.variants.conditions else door.variants.bare
        program = variant.program
        facets = _understand(request, program)
        streamed = _streamed(request, door.opea)
        run = self._runs.begin(trace, door.variants.whole.route, body)
        run_id = run.id if run is not None else trace
        if run is not None and variant.left:
            for name, reason in variant.left.items():
                run.emit((ev.StepSkipped.type, time.perf_counter(), name, reason))
        headers = [(b"x-opea-run", run_id.encode()), (b"traceparent", span(trace, flags).encode())]
        stream: TokenStream | None = None
        if program.answers >= 0 and streamed:
            stream = TokenStream(send, headers, run=run_id, model=program.pipeline, opea=door.opea)
        watch = _Watch(receive)
        try:
            answer = await execute(
                Execution(
                    program,
                    self._transport,
                    run,
                    body=body,
                    request=request,
                    facets=facets,
                    trace=trace,
                    flags=flags,
                    tracestate=state if parent else "",
                    sink=stream,
                ),
                began,
            )
            if stream is not None and answer.body is None:
                await stream.end(answer)
            else:
                watch.end()
                whole = answer.body if answer.body is not None else chat_completion(run_id, program.pipeline, answer)
                await send_json(send, 200, whole, headers)
        except asyncio.CancelledError:
            if not watch.gone:
                raise
        except Exception as e:  # noqa: BLE001  # every failure is told to the client; it is in the trace already
            status, error = error_of(e, run_id)
            error = self._runs.recording.visible(error)
            if stream is not None and stream.begun:
                await stream.fail(error)
            else:
                await send_json(send, status, orjson.dumps({"error": error}), headers)
        finally:
            watch.end()
            if run is not None:
                self._runs.end(run)


def _parsed(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as e:
        where = f"line {e.lineno}, column {e.colno}"
        raise Refused(400, f"the request is no JSON: {e.msg} ({where})" if body else "the request has no body") from e


def _streamed(request: Any, default: bool) -> bool:
    asked = request.get("stream") if isinstance(request, dict) else None
    if asked is None:
        return default
    meant = {"true": True, "1": True, "false": False, "0": False}.get(str(asked).lower())  # also as words, as pydantic
    if meant is None:
        raise Refused(422, f"stream must be true or false, not {str(asked)[:40]!r}")
    return meant


def _chosen(flow: Variants, request: Any) -> Variant:
    try:
        return flow.of(request)
    except PlanError as e:
        raise Refused(422, e.message, hint=e.hint) from e


def _understand(request: Any, program: Program) -> Facets:
    facets: Facets = read_request(request)
    facets["body"] = request
    if program.asks and not facets.get("query"):
        raise Refused(
            422,
            f"the request holds no question for {program.asks}: send messages with a user message, text or query",
        )
    facets.setdefault("query", "")
    if program.fields:
        fields = request if isinstance(request, dict) else {}
        missing = [name for name in program.fields if field_text(fields, name) is None]
        if missing and not fields.get("chat_template"):
            raise Refused(422, f"the request holds no {' and no '.join(missing)}, which the prompt is made of")
    return facets


async def read_body(receive: Receive, limit: int) -> bytes:
    """The whole request body.

    Raises
    ------
    Refused
        413 when it is over `limit` bytes; 400 when the client went away before its end.
    """
    message: Mapping[str, Any] = await receive()
    body: bytes = message.get("body", b"")
    parts: list[bytes] = []
    size = len(body)
    while True:
        if message["type"] == "http.disconnect":
            raise Refused(400, "the client went away before the end of its request")
        if size > limit:
            raise Refused(413, f"the request is over {limit} bytes")
        if not message.get("more_body"):
            break
        parts.append(message["body"])
        message = await receive()
        size += len(message.get("body", b""))
    return b"".join([*parts, message.get("body", b"")]) if parts else body
