"""How the gateway calls a service: what every HTTP client of it gives, and how a call can go wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from opea_nb.errors import PlanError

__all__ = ["MAX_REPLY", "CallFailed", "Reply", "Streaming", "Target", "Timeouts", "Transport", "target"]

MAX_REPLY = 64 * 1024 * 1024
"""Largest body of a whole reply, in bytes."""


class CallFailed(Exception):
    """A service could not be called, or broke off.

    Parameters
    ----------
    reason
        What happened, to follow the service's name: ``refused the connection``.
    timed_out
        Whether it was too slow.
    status
        The status, when the reply had begun; 0 otherwise.
    """

    def __init__(self, reason: str, *, timed_out: bool = False, status: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.timed_out = timed_out
        self.status = status


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Bounds of one call, in seconds: to connect, to the first byte of the reply, between reads, and of all of it."""

    connect: float = 5.0
    first_byte: float = 300.0
    read: float = 120.0
    total: float = 600.0


@dataclass(frozen=True, slots=True)
class Target:
    """A service's address, taken apart once.

    Parameters
    ----------
    url
        As it is shown to people: without its query.
    path
        With its query.
    authorization
        The ``Authorization`` header to send; empty for none. Never shown.
    head
        The request line and the headers that are the same in every call.
    content
        Media type of what is sent.
    query
        Whether what is sent goes into the address, with an empty body.
    """

    url: str
    method: str
    host: str
    port: int
    path: str = field(repr=False)
    secure: bool
    timeouts: Timeouts
    authorization: str = field(repr=False)
    head: bytes = field(repr=False)
    content: str = "application/json"
    query: bool = False

    def asking(self, sent: bytes) -> bytes:
        """The path with what is sent in it."""
        return self.path.encode("ascii") + (b"&" if "?" in self.path else b"?") + sent

    @property
    def origin(self) -> str:
        """``scheme://host:port``."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.secure else 'http'}://{host}:{self.port}"


class Reply(NamedTuple):
    """A whole reply."""

    status: int
    content_type: str
    body: bytes


class Streaming(Protocol):
    """A reply that is read in parts."""

    status: int
    content_type: str

    async def read(self) -> bytes:
        """The next bytes, of any size; empty at the end.

        Raises
        ------
        CallFailed
            When the service broke off or was too slow.
        """

    async def close(self) -> None:
        """Stop reading. The service sees the connection end when there was more to come."""


class Transport(Protocol):
    """Pooled connections to services."""

    async def fetch(self, to: Target, body: bytes, traceparent: str, tracestate: str) -> Reply:
        """POST the body; the whole reply.

        Raises
        ------
        CallFailed
            When there is none, or it is over `MAX_REPLY`.
        """

    async def stream(self, to: Target, body: bytes, traceparent: str, tracestate: str) -> Streaming:
        """POST the body; the reply once its headers are there.

        Raises
        ------
        CallFailed
            When there is none.
        """

    async def close(self) -> None:
        """Close every connection; again is fine."""


def target(
    url: str,
    *,
    timeouts: Timeouts | None = None,
    bearer: str = "",
    method: str = "POST",
    content: str = "application/json",
    query: bool = False,
) -> Target:
    """Take a service's URL apart.

    Parameters
    ----------
    bearer
        Token for the ``Authorization`` header; empty for none.
    content
        Media type of what is sent.
    query
        Whether what is sent goes into the address.

    Raises
    ------
    PlanError
        When it is no absolute ``http`` or ``https`` URL.

    >>> t = target("http://127.0.0.1:7000/v1/retrieval?x=1")
    >>> t.host, t.port, t.path
    ('127.0.0.1', 7000, '/v1/retrieval?x=1')
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as e:
        raise PlanError(f"{url!r} is no URL: {e}", hint="write http://host:port/path") from e
    bad = re.search(r"[\s\x00-\x1f\x7f]", url + bearer)
    if parts.scheme not in ("http", "https") or not parts.hostname or bad or not (url + bearer).isascii():
        raise PlanError(f"{parts.netloc or url!r} is no absolute HTTP URL", hint="write http://host:port/path")
    if "@" in parts.netloc:
        raise PlanError(
            f"the URL of {parts.hostname} holds a user name or password",
            hint="put the key in an environment variable and its name in api_key",
        )
    path = parts.path or "/"
    if parts.query:
        path += f"?{parts.query}"
    authorization = f"Bearer {bearer}" if bearer else ""
    lines = [
        f"{method} {path} HTTP/1.1",
        f"host: {parts.netloc}",
        f"content-type: {content}",
        "accept: application/json, text/event-stream",
    ]
    if authorization:
        lines.append(f"authorization: {authorization}")
    return Target(
        url=f"{parts.scheme}://{parts.netloc}{parts.path}",
        method=method,
        host=parts.hostname,
        port=port or (443 if parts.scheme == "https" else 80),
        path=path,
        secure=parts.scheme == "https",
        timeouts=timeouts or Timeouts(),
        authorization=authorization,
        head="".join(f"{line}\r\n" for line in lines).encode("ascii"),
        content=content,
        query=query,
    )
