"""The benchmark's clients: `in_flight` connections that ask again as soon as they are answered. Prints JSON."""

# ruff: noqa: D101, D103  # one small program, explained above
from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import cast

import uvloop

port, path, token, in_flight, seconds = sys.argv[1:6]
BODY = b'{"text":"hello","stream":false}'
AUTH = b"authorization: Bearer %b\r\n" % token.encode() if token else b""
REQUEST = b"POST %b HTTP/1.1\r\nhost: x\r\n%bcontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (
    path.encode(),
    AUTH,
    len(BODY),
    BODY,
)
times: list[float] = []


class Client(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is one without being an instance
        self.ask()

    def ask(self) -> None:
        self.data = b""
        self.began = time.perf_counter()
        self.transport.write(REQUEST)

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
            times.append(time.perf_counter() - self.began)
            self.ask()


async def main() -> None:
    loop = asyncio.get_running_loop()
    clients = [await loop.create_connection(Client, "127.0.0.1", int(port)) for _ in range(int(in_flight))]
    await asyncio.sleep(0.5)
    warm = len(times)
    times.clear()
    began = time.perf_counter()
    await asyncio.sleep(float(seconds))
    took = time.perf_counter() - began
    ordered = sorted(times)
    result = {"qps": len(ordered) / took, "median_ms": ordered[len(ordered) // 2] * 1e3, "all": warm + len(ordered)}
    for transport, _ in clients:
        transport.abort()
    print(json.dumps(result))


uvloop.run(main())
