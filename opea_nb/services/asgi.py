"""A microservice as a raw ASGI app: routes, JSON in and out, honest errors, cancelling when the client leaves."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import orjson

from opea_nb.errors import OpeaError
from opea_nb.services.serving import HEALTH_PATH, Background, Readiness, Receive, Scope, Send, log

__all__ = ["Microservice", "Refused", "Reply", "Request", "Stream", "json_reply"]

MiB = 1024 * 1024


class Refused(Exception):
    """An answer other than 200.

    Parameters
    ----------
    status
        HTTP status, 4xx or 503.
    detail
        What is wrong and what to do, for the client.
    """

    def __init__(self, status: int, detail: str, *, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = tuple(headers)


@dataclass(frozen=True, slots=True)
class Request:
    """One request, its body read within the limit."""

    method: str
    path: str
    headers: Mapping[bytes, bytes]
    body: bytes = b""

    def json(self) -> dict[str, Any]:
        """The body as a JSON object.

        Raises
        ------
        Refused
            422 when it is something else.
        """
        try:
            data = orjson.loads(self.body)
        except orjson.JSONDecodeError as e:
            raise Refused(422, f"the body is no JSON: {e}") from e
        if not isinstance(data, dict):
            raise Refused(422, f"the body must be a JSON object, not {_kind(data)}")
        return data


def _kind(value: object) -> str:
    return {list: "a list", str: "a string", bool: "a boolean", type(None): "null"}.get(type(value), "a number")


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer."""

    body: bytes
    status: int = 200
    content_type: bytes = b"application/json"
    headers: Sequence[tuple[bytes, bytes]] = ()


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer in parts. `parts` is closed when the client goes away."""

    parts: AsyncIterator[bytes]
    content_type: bytes = b"text/event-stream"


Handler = Callable[[Request], Awaitable["Reply | Stream"]]


def json_reply(data: object, status: int = 200, headers: Sequence[tuple[bytes, bytes]] = ()) -> Reply:
    """An answer of JSON; numpy arrays and numbers are taken as they are."""
    return Reply(orjson.dumps(data, option=orjson.OPT_SERIALIZE_NUMPY), status, headers=headers)


@dataclass(slots=True)
class Microservice:
    """An OPEA microservice.

    Parameters
    ----------
    title, description
        What the health check calls it.
    routes
        URL path -> handler of ``POST`` on it.
    readiness
        What the health check tells.
    background
        What has to be made before it can serve; started with the app.
    on_stop
        Called once when the app ends.
    body_limit
        Largest body in bytes; default 8 MiB. A larger one is answered 413.
    """

    title: str
    description: str
    routes: Mapping[str, Handler]
    readiness: Readiness
    background: Background[Any] | None = None
    on_stop: Callable[[], None] | None = None
    body_limit: int = 8 * MiB
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                if self.background:
                    self.background.start()
                await send({"type": "lifespan.startup.complete"})
            else:
                if self.on_stop:
                    await asyncio.to_thread(self.on_stop)
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            handler = self._handler(scope["method"], scope["path"])
            request = Request(
                scope["method"], scope["path"], dict(scope["headers"]), await read_body(receive, self.body_limit)
            )
        except Refused as e:
            await _send_reply(send, json_reply({"detail": e.detail}, e.status, e.headers))
            return
        except ClientGone:
            return
        answer = asyncio.create_task(self._answer(handler, request, send))
        gone = asyncio.create_task(_disconnected(receive))
        self._tasks.add(answer)
        try:
            await asyncio.wait({answer, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._tasks.discard(answer)
            for task in (answer, gone):
                task.cancel()
            await asyncio.gather(answer, gone, return_exceptions=True)
        if not answer.cancelled() and (error := answer.exception()):
            raise error

    def _handler(self, method: str, path: str) -> Handler:
        if path == HEALTH_PATH:
            if method not in ("GET", "HEAD"):
                raise Refused(405, f"use GET for {path}")
            return self._health
        handler = self.routes.get(path)
        if handler is None:
            raise Refused(404, f"{self.title} has no {path}; it has {', '.join((*self.routes, HEALTH_PATH))}")
        if method != "POST":
            raise Refused(405, f"use POST for {path}")
        return handler

    async def _health(self, _: Request) -> Reply:
        state = self.readiness.state
        names = {"Service Title": self.title, "Service Description": self.description}
        return json_reply(state.as_json() | names, state.http_status)

    async def _answer(self, handler: Handler, request: Request, send: Send) -> None:
        try:
            result = await handler(request)
        except Refused as e:
            result = json_reply({"detail": e.detail}, e.status, e.headers)
        except OpeaError as e:
            log(f"{request.path}: {e}")
            result = json_reply({"detail": str(e)}, 500)
        except Exception as e:  # noqa: BLE001  # the cause belongs in the log; the client is told what kind of fault it was
            log(f"{request.path}: {traceback.format_exc()}")
            result = json_reply({"detail": f"{self.title} failed: {type(e).__name__}: {e}"[:2000]}, 500)
        if isinstance(result, Reply):
            await _send_reply(send, result)
            return
        start = [(b"content-type", result.content_type), (b"cache-control", b"no-cache")]
        await send({"type": "http.response.start", "status": 200, "headers": start})
        async with aclosing(result.parts) as parts:  # type: ignore[type-var]  # handlers give async generators
            async for part in parts:
                await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


class ClientGone(Exception):
    """The client left before its request was whole."""


async def read_body(receive: Receive, limit: int) -> bytes:
    """The request's body.

    Raises
    ------
    Refused
        413 when it is larger than `limit` bytes.
    ClientGone
        When the client left.
    """
    parts: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise Refused(413, f"the body is larger than {limit // MiB} MiB", headers=[(b"connection", b"close")])
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send_reply(send: Send, reply: Reply) -> None:
    headers = [
        (b"content-type", reply.content_type),
        (b"content-length", str(len(reply.body)).encode()),
        *reply.headers,
    ]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
