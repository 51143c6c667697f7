"""HTTP/1.1 to services, with TLS where the URL says so: kept connections, parsed by httptools.

On the benchmark's chain this is 1.2 to 1.4 times as fast as the best client library (see benchmarks/README.md), and a
cancelled call ends its connection at once, which that library does not do before the reply has begun.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from typing import cast

import httptools

from opea_nb.gateway.transport import MAX_REPLY, CallFailed, Reply, Target

__all__ = ["Wire"]

_HIGH = 256 * 1024  # bytes read ahead of a slow reader before the service is made to wait
_IDLE = 256  # kept connections per service

_Key = tuple[str, int, bool]


class Connection(asyncio.Protocol):
    """One connection; one call at a time."""

    __slots__ = (
        "alive",
        "body",
        "buffered",
        "closes",
        "complete",
        "content_type",
        "error",
        "framed",
        "headers",
        "loop",
        "parser",
        "paused",
        "reused",
        "status",
        "timer",
        "touched",
        "transport",
        "waiter",
        "whole",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.alive = True
        self.reused = False
        self.paused = False
        self.timer: asyncio.TimerHandle | None = None
        self.waiter: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is one without being an instance

    def send(self, data: bytes, *, whole: bool) -> None:
        """Write a request; `whole` when the reply is wanted in one piece."""
        self.parser = httptools.HttpResponseParser(self)
        self.whole = whole
        self.headers = self.complete = self.framed = self.closes = False
        self.touched = 0.0  # when the last bytes came; 0 before any did
        self.status = 0
        self.content_type = ""
        self.error: CallFailed | None = None
        self.body: deque[bytes] = deque()
        self.buffered = 0
        self.transport.write(data)

    # what the event loop tells
    def data_received(self, data: bytes) -> None:
        if self.complete or not hasattr(self, "parser"):
            self.abort()  # bytes that nobody asked for: nothing on this connection can be trusted
            return
        self.touched = self.loop.time()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError as e:
            self.fail(CallFailed(f"answered something that is not HTTP ({e})", status=self.status))
        else:
            if not self.whole:
                self.wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self.alive = False
        if self.headers and not self.framed and exc is None and not self.complete:
            self.complete = True  # without a length the end of the connection is the end of the body
        elif not getattr(self, "complete", True) and self.error is None:
            self.error = CallFailed("closed the connection before its reply was complete", status=self.status)
        self.wake()

    # what the parser tells
    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name == b"content-type":
            self.content_type = value.decode("latin-1")
        elif name in (b"content-length", b"transfer-encoding"):
            self.framed = True

    def on_headers_complete(self) -> None:
        status = self.parser.get_status_code()
        if status >= 200:
            self.status = status
            self.headers = True
            self.closes = not self.parser.should_keep_alive()

    def on_body(self, data: bytes) -> None:
        self.body.append(data)
        self.buffered += len(data)
        if self.whole:
            if self.buffered > MAX_REPLY:
                self.fail(CallFailed(f"answered more than {MAX_REPLY} bytes", status=self.status))
        elif self.buffered > _HIGH and not self.paused:
            self.paused = True
            self.transport.pause_reading()

    def on_message_complete(self) -> None:
        if self.headers:
            self.complete = True
            self.wake()

    def wake(self) -> None:
        """Let whoever waits look again."""
        waiter = self.waiter
        if waiter is not None:
            self.waiter = None
            if not waiter.done():
                waiter.set_result(None)

    def fail(self, error: CallFailed) -> None:
        """End the call with an error, and the connection with it."""
        if self.error is None:
            self.error = error
        self.abort()
        self.wake()

    def abort(self) -> None:
        """End the connection now."""
        self.alive = False
        self.transport.abort()

    async def wait(self) -> None:
        """Until something happened."""
        self.waiter = waiter = self.loop.create_future()
        await waiter


class WireStream:
    """A reply read in parts."""

    def __init__(self, pool: Wire, to: Target, connection: Connection, deadline: float) -> None:
        self.status = connection.status
        self.content_type = connection.content_type
        self._pool = pool
        self._to = to
        self._connection = connection
        self._deadline = deadline
        self._done = False

    async def read(self) -> bytes:
        """See `Streaming`."""
        c = self._connection
        while not self._done:
            if c.body:
                data = c.body.popleft() if len(c.body) == 1 else b"".join(c.body)
                c.body.clear()
                c.buffered = 0
                if c.paused:
                    c.paused = False
                    c.transport.resume_reading()
                return data
            if c.error is not None:
                self._done = True
                raise c.error
            if c.complete:
                break
            left = self._deadline - c.loop.time()
            bound = min(left, self._to.timeouts.read)
            what = f"sent nothing more for {bound:g} s" if bound < left else f"took over {self._to.timeouts.total:g} s"
            late = CallFailed(what, timed_out=True, status=c.status)
            timer = c.loop.call_later(max(0.0, bound), c.fail, late)
            try:
                await c.wait()
            finally:
                timer.cancel()
        await self.close()
        return b""

    async def close(self) -> None:
        """See `Streaming`."""
        if self._connection is not None and not self._done:
            self._done = True
            self._pool.give_back(self._to, self._connection)


class Wire:
    """Connections to services over plain HTTP, kept and used again."""

    def __init__(self) -> None:
        self._idle: dict[_Key, list[Connection]] = {}
        self._closed = False
        self._tls: ssl.SSLContext | None = None

    async def fetch(self, to: Target, body: bytes, traceparent: str, tracestate: str) -> Reply:
        """See `Transport`."""
        c = await self._begin(to, body, traceparent, tracestate, True)
        self.give_back(to, c)
        parts = c.body
        return Reply(c.status, c.content_type, parts[0] if len(parts) == 1 else b"".join(parts))

    async def stream(self, to: Target, body: bytes, traceparent: str, tracestate: str) -> WireStream:
        """See `Transport`."""
        deadline = asyncio.get_running_loop().time() + to.timeouts.total
        return WireStream(self, to, await self._begin(to, body, traceparent, tracestate, False), deadline)

    async def _begin(self, to: Target, body: bytes, traceparent: str, tracestate: str, whole: bool) -> Connection:
        tail = f"traceparent: {traceparent}\r\n" if traceparent else ""
        if tracestate:
            tail += f"tracestate: {tracestate}\r\n"
        head = to.head
        if to.query:
            line = b"%b %b HTTP/1.1" % (to.method.encode("ascii"), to.asking(body))
            head, body = line + head[head.index(b"\r\n") :], b""
        data = b"%b%bcontent-length: %d\r\n\r\n%b" % (head, tail.encode("latin-1"), len(body), body)
        loop = asyncio.get_running_loop()
        while True:
            c = self._take(to) or await self._connect(loop, to)
            c.send(data, whole=whole)
            began = loop.time()
            c.timer = loop.call_at(began + min(to.timeouts.first_byte, to.timeouts.total), self._late, c, to, began)
            try:
                while not (c.complete if whole else (c.headers or c.complete)) and c.error is None:
                    await c.wait()
            except asyncio.CancelledError:
                c.abort()
                raise
            finally:
                c.timer.cancel()
                c.timer = None
            if c.error is None:
                return c
            if c.reused and not c.touched and not c.error.timed_out:
                continue  # the service had closed a kept connection: it never saw this call
            raise c.error

    def _late(self, c: Connection, to: Target, began: float) -> None:
        """Fail a call that is too slow, and else look again when it would be."""
        times = to.timeouts
        now, over = c.loop.time(), began + times.total
        quiet = c.touched + times.read if c.touched else began + times.first_byte
        if now < min(quiet, over):
            c.timer = c.loop.call_at(min(quiet, over), self._late, c, to, began)
        elif not c.touched:
            c.fail(CallFailed(f"did not answer within {min(times.first_byte, times.total):g} s", timed_out=True))
        else:
            what = f"took over {times.total:g} s" if over <= quiet else f"sent nothing more for {times.read:g} s"
            c.fail(CallFailed(what, timed_out=True, status=c.status))

    def _take(self, to: Target) -> Connection | None:
        idle = self._idle.get((to.host, to.port, to.secure))
        while idle:
            c = idle.pop()
            if c.alive and not c.transport.is_closing():
                c.reused = True
                return c
        return None

    async def _connect(self, loop: asyncio.AbstractEventLoop, to: Target) -> Connection:
        try:
            async with asyncio.timeout(to.timeouts.connect):
                _, c = await loop.create_connection(lambda: Connection(loop), to.host, to.port, ssl=self._context(to))
        except TimeoutError as e:
            raise CallFailed(f"could not be connected to within {to.timeouts.connect:g} s", timed_out=True) from e
        except ConnectionRefusedError as e:
            raise CallFailed("refused the connection") from e
        except OSError as e:
            raise CallFailed(f"could not be connected to: {e.strerror or e}") from e
        return c

    def _context(self, to: Target) -> ssl.SSLContext | None:
        if to.secure and self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls if to.secure else None

    def give_back(self, to: Target, c: Connection) -> None:
        """Keep a connection whose call is done; end one whose reply was not read to its end."""
        if not c.complete or c.closes or not c.alive or self._closed or not c.framed:
            if c.alive:
                c.abort()
            return
        if c.paused:
            c.paused = False
            c.transport.resume_reading()
        idle = self._idle.setdefault((to.host, to.port, to.secure), [])
        if len(idle) < _IDLE:
            idle.append(c)
        else:
            c.abort()

    async def close(self) -> None:
        """See `Transport`."""
        self._closed = True
        for idle in self._idle.values():
            for c in idle:
                c.abort()
        self._idle.clear()
