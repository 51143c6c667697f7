"""One client of the gateway: it writes the same request and tells when it is answered."""

from __future__ import annotations

import asyncio
import sys
from typing import cast

_BODY = b'{"text":"hello","stream":false}'


def request(path: str, token: str = "") -> bytes:
    """What each client writes."""
    auth = f"authorization: Bearer {token}\r\n" if token else ""
    sized = f"content-type: application/json\r\ncontent-length: {len(_BODY)}"
    return f"POST {path} HTTP/1.1\r\nhost: x\r\n{auth}{sized}\r\n\r\n".encode() + _BODY


class Asking(asyncio.Protocol):
    """A kept connection; whoever makes one says what happens when it is `answered`."""

    def __init__(self, wanted: bytes) -> None:
        self.wanted = wanted

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is one without being an instance

    def ask(self) -> None:
        """Write the request."""
        self.data = b""
        self.transport.write(self.wanted)

    def answered(self) -> None:
        """The whole answer is there."""
        raise NotImplementedError

    def data_received(self, data: bytes) -> None:
        self.data += data
        end = self.data.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.data[:end].lower()
        if not head.startswith(b"http/1.1 200"):
            sys.exit(f"answered {self.data[:500]!r}")
        size = int(head[head.find(b"content-length:") + 15 :].split(b"\r\n", 1)[0])
        if len(self.data) >= end + 4 + size:
            self.answered()
