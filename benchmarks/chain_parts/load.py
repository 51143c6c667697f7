"""The benchmark's clients: `in_flight` connections that ask again as soon as they are answered. Prints JSON."""

# ruff: noqa: D101, D103  # one small program, explained above
from __future__ import annotations

import asyncio
import json
import sys
import time

import uvloop
from asking import Asking, request

port, path, token, in_flight, seconds = sys.argv[1:6]
REQUEST = request(path, token)
times: list[float] = []


class Client(Asking):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.ask()

    def ask(self) -> None:
        self.began = time.perf_counter()
        super().ask()

    def answered(self) -> None:
        times.append(time.perf_counter() - self.began)
        self.ask()


async def main() -> None:
    loop = asyncio.get_running_loop()
    clients = [
        await loop.create_connection(lambda: Client(REQUEST), "127.0.0.1", int(port)) for _ in range(int(in_flight))
    ]
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
