"""Stub services: real HTTP servers on loopback that answer as a test tells them."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Got:
    """A request that a stub got."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    writer: asyncio.StreamWriter

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Handler = Callable[[Got], Awaitable[bytes | None]]


@dataclass
class Stub:
    """A service. `answer` is bytes to write (see `reply`), JSON to answer 200 with, or an async function of `Got`."""

    answer: Any
    path: str = "/"
    got: list[Got] = field(default_factory=list)
    connections: int = 0
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    server: asyncio.Server | None = None
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.path}"

    async def start(self) -> Stub:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        if self.server is not None:
            self.server.close()
            for writer in self.writers:
                writer.transport.abort()
            self.server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, path, _ = head[0].split(" ")
                headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in head[1:] if line)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                if path.startswith("/v1/health_check"):
                    writer.write(reply({"status": "ready"}))
                    continue
                got = Got(method, path, headers, body, writer)
                self.got.append(got)
                self.arrived.set()
                answer = self.answer
                if callable(answer):
                    watch = asyncio.ensure_future(self._watch(reader))
                    try:
                        answer = await answer(got)
                    finally:
                        watch.cancel()
                if answer is None:
                    break
                writer.write(answer if isinstance(answer, bytes) else reply(answer))
                await writer.drain()
        self.closed.set()
        writer.close()

    async def _watch(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(ConnectionError):
            if await reader.read(1):  # nothing comes before the answer, but the end of the connection
                raise AssertionError("a client sent a request before the last was answered")
        self.closed.set()


def reply(body: Any, status: int = 200, content_type: str = "application/json") -> bytes:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = f"HTTP/1.1 {status} X\r\ncontent-type: {content_type}\r\ncontent-length: {len(data)}\r\n\r\n"
    return head.encode() + data


def sse(*events: Any, done: bool = True, status: int = 200) -> bytes:
    """A whole stream; each event is JSON or bytes."""
    parts = [e if isinstance(e, bytes) else json.dumps(e).encode() for e in events]
    data = b"".join(b"data: %b\n\n" % p for p in [*parts, *([b"[DONE]"] if done else [])])
    return reply(data, status, "text/event-stream")


def chunk(text: str | None, finish: str | None = None) -> dict[str, Any]:
    return {
        "object": "chat.completion.chunk",
        "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}],
    }


def completion(text: str, finish: str = "stop") -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    return {"object": "chat.completion", "choices": [{"index": 0, "message": message, "finish_reason": finish}]}


@contextlib.asynccontextmanager
async def stubs(**answers: Any) -> AsyncIterator[dict[str, Stub]]:
    made = {name: await (a if isinstance(a, Stub) else Stub(a)).start() for name, a in answers.items()}
    try:
        yield made
    finally:
        for stub in made.values():
            await stub.stop()
