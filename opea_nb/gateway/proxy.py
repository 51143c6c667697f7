"""Passes a service's own routes through (dataprep's), both bodies as streams."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import PyreqwestError, RequestTimeoutError
from pyreqwest.request import RequestBuilder

from opea_nb.errors import StepFailed
from opea_nb.gateway.compiling import service_target
from opea_nb.gateway.config import Config
from opea_nb.gateway.replies import Receive, Scope, Send
from opea_nb.gateway.runner import StepTimedOut
from opea_nb.gateway.transport import Target, Timeouts

__all__ = ["Proxy"]

_HOP = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding "
    b"upgrade host authorization expect".split()
)


class _Gone(Exception):
    """The client went away before the end of its request."""


class Proxy:
    """The pass-through routes of a pipeline's services."""

    def __init__(self, config: Config) -> None:
        self._routes: list[tuple[str, str, Target]] = []
        for name in config.pipeline.services:
            for prefix in config.pipeline.component(name).routes:
                self._routes.append((prefix, name, service_target(config, name)))
        self._timeouts: Timeouts = config.timeouts
        self._client: Client | None = None

    @property
    def prefixes(self) -> tuple[str, ...]:
        """URL path prefixes that are passed through."""
        return tuple(prefix for prefix, _, _ in self._routes)

    def find(self, path: str) -> tuple[str, Target] | None:
        """The service that a path belongs to."""
        return next(((name, to) for prefix, name, to in self._routes if path.startswith(prefix)), None)

    async def forward(self, name: str, to: Target, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on.

        Raises
        ------
        StepFailed
            When the service cannot be called; `StepTimedOut` when it is too slow.
        """
        url = to.origin + scope.get("raw_path", scope["path"].encode()).decode("ascii").partition("?")[0]
        if scope["query_string"]:
            url += f"?{scope['query_string'].decode('ascii')}"
        request = self._request(scope, url, to, receive).build_streamed()
        begun = False
        try:
            async with request as response:
                headers = [
                    (k.lower().encode("latin-1"), v.encode("latin-1"))
                    for k, v in response.headers.items()
                    if k.lower().encode() not in _HOP
                ]
                await send({"type": "http.response.start", "status": response.status, "headers": headers})
                begun = True
                while (chunk := await response.body_reader.read_chunk()) is not None:
                    await send({"type": "http.response.body", "body": bytes(chunk), "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        except _Gone:
            return
        except PyreqwestError as e:
            if begun:
                raise ConnectionError(f"{name} broke off its reply") from e  # uvicorn then cuts the client's off too
            causes = "; ".join(c["message"] for c in (getattr(e, "details", None) or {}).get("causes") or [])
            kind = StepTimedOut if isinstance(e, RequestTimeoutError) else StepFailed
            raise kind(f"{name} at {to.url} could not be called: {causes or e}", step=name, url=to.url) from e

    def _request(self, scope: Scope, url: str, to: Target, receive: Receive) -> RequestBuilder:
        if self._client is None:
            self._client = (
                ClientBuilder()
                .follow_redirects(False)
                .gzip(False)
                .brotli(False)
                .zstd(False)
                .deflate(False)
                .connect_timeout(timedelta(seconds=self._timeouts.connect))
                .read_timeout(timedelta(seconds=self._timeouts.first_byte))
                .build()
            )
        request = self._client.request(scope["method"], url)
        has_body = False
        for key, value in scope["headers"]:
            if key in (b"content-length", b"transfer-encoding"):
                has_body = True
            if key not in _HOP:
                request = request.header(key.decode("latin-1"), value.decode("latin-1"))
        if to.authorization:
            request = request.header("authorization", to.authorization, is_sensitive=True)
        return request.body_stream(_body(receive)) if has_body else request

    async def close(self) -> None:
        """Close the connections; again is fine."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        if message.get("body"):
            yield message["body"]
        if not message.get("more_body"):
            return
