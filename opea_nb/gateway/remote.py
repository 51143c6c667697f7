"""HTTPS through the proxy that the environment names, by pyreqwest.

A call that is cancelled before its reply has begun goes on at the service: pyreqwest 0.15 does not let go of it.
"""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import PyreqwestError, RequestTimeoutError
from pyreqwest.http import HeaderMap
from pyreqwest.request import RequestBuilder, StreamRequest
from pyreqwest.response import Response

from opea_nb.gateway.transport import MAX_REPLY, CallFailed, Reply, Streaming, Target, Timeouts, Transport
from opea_nb.gateway.wire import Wire

__all__ = ["Calls", "Remote"]

_PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


class RemoteStream:
    """A reply read in parts."""

    def __init__(self, request: StreamRequest, response: Response, to: Target) -> None:
        self.status = response.status
        self.content_type = response.get_header("content-type") or ""
        self._request = request
        self._response = response
        self._to = to
        self._done = False

    async def read(self) -> bytes:
        """See `Streaming`."""
        if self._done:
            return b""
        try:
            chunk = await self._response.body_reader.read_chunk()
        except PyreqwestError as e:
            await self.close()
            raise _failure(e, self._to, self.status) from e
        if chunk is None:
            await self.close()
            return b""
        return bytes(chunk)

    async def close(self) -> None:
        """See `Streaming`."""
        if not self._done:
            self._done = True
            await self._request.__aexit__(None, None, None)


class Remote:
    """Connections through pyreqwest, one client for each set of time-outs."""

    def __init__(self) -> None:
        self._clients: dict[Timeouts, Client] = {}

    def _post(self, to: Target, body: bytes, traceparent: str, tracestate: str) -> RequestBuilder:
        client = self._clients.get(to.timeouts)
        if client is None:
            times = to.timeouts
            client = (
                ClientBuilder()
                .follow_redirects(False)  # a key must not follow to another host
                .connect_timeout(timedelta(seconds=times.connect))
                .read_timeout(timedelta(seconds=max(times.read, times.first_byte)))
                .timeout(timedelta(seconds=times.total))
                .build()
            )
            self._clients[times] = client
        headers = HeaderMap({"content-type": to.content, "accept": "application/json, text/event-stream"})
        if traceparent:
            headers.insert("traceparent", traceparent)
        if tracestate:
            headers.insert("tracestate", tracestate)
        if to.authorization:
            headers.insert("authorization", to.authorization, is_sensitive=True)
        if to.query:
            return client.request(to.method, to.origin + to.asking(body).decode("ascii")).headers(headers)
        return client.request(to.method, to.origin + to.path).headers(headers).body_bytes(body)

    async def fetch(self, to: Target, body: bytes, traceparent: str, tracestate: str) -> Reply:
        """See `Transport`."""
        reply = await self.stream(to, body, traceparent, tracestate)
        parts: list[bytes] = []
        size = 0
        try:
            while data := await reply.read():
                size += len(data)
                if size > MAX_REPLY:
                    raise CallFailed(f"answered more than {MAX_REPLY} bytes", status=reply.status)
                parts.append(data)
        finally:
            await reply.close()
        return Reply(reply.status, reply.content_type, b"".join(parts))

    async def stream(self, to: Target, body: bytes, traceparent: str, tracestate: str) -> RemoteStream:
        """See `Transport`."""
        request = self._post(to, body, traceparent, tracestate).build_streamed()
        try:
            async with asyncio.timeout(to.timeouts.first_byte):
                response = await request.__aenter__()
        except PyreqwestError as e:
            raise _failure(e, to, 0) from e
        except TimeoutError as e:
            raise CallFailed(f"did not answer within {to.timeouts.first_byte:g} s", timed_out=True) from e
        return RemoteStream(request, response, to)

    async def close(self) -> None:
        """See `Transport`."""
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.close()


def _failure(error: PyreqwestError, to: Target, status: int) -> CallFailed:
    causes = (getattr(error, "details", None) or {}).get("causes") or []
    text = "; ".join([error.message, *(c["message"] for c in causes)])
    if isinstance(error, RequestTimeoutError):
        if "connect" in text.lower():
            return CallFailed(f"could not be connected to within {to.timeouts.connect:g} s", timed_out=True)
        return CallFailed("took too long", timed_out=True, status=status)
    if "refused" in text.lower():
        return CallFailed("refused the connection")
    what = "broke off its reply" if status else "could not be called"
    return CallFailed(f"{what} ({text})", status=status)


class Calls:
    """Every service by its own means: `Remote` for HTTPS where a proxy is set, else `Wire`."""

    def __init__(self) -> None:
        self._wire = Wire()
        self._remote = Remote()
        self._proxied = any(os.environ.get(name) for name in _PROXIES)

    def of(self, to: Target) -> Transport:
        """The transport for a service."""
        return self._remote if to.secure and self._proxied else self._wire

    async def fetch(self, to: Target, body: bytes, traceparent: str, tracestate: str) -> Reply:
        """See `Transport`."""
        return await self.of(to).fetch(to, body, traceparent, tracestate)

    async def stream(self, to: Target, body: bytes, traceparent: str, tracestate: str) -> Streaming:
        """See `Transport`."""
        return await self.of(to).stream(to, body, traceparent, tracestate)

    async def close(self) -> None:
        """See `Transport`."""
        await self._wire.close()
        await self._remote.close()
