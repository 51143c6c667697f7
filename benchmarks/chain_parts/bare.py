"""The yardstick: a chain over bare asyncio sockets with no front, nothing parsed but the length. Prints JSON."""

# ruff: noqa: D101, D103  # one small program, explained above
from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import cast

ports, in_flight, seconds = json.loads(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
BODY = b'{"text":"hello","stream":false}'
times: list[float] = []


class Caller(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is one without being an instance
        self.data = b""

    def call(self, body: bytes) -> asyncio.Future[bytes]:
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.transport.write(
            b"POST /v1/add HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
            % (len(body), body)
        )
        return self.answer

    def data_received(self, data: bytes) -> None:
        self.data += data
        end = self.data.find(b"\r\n\r\n")
        if end >= 0:
            size = int(self.data[self.data.find(b"content-length:") + 15 :].split(b"\r\n", 1)[0])
            if len(self.data) >= end + 4 + size:
                body, self.data = self.data[end + 4 :], b""
                self.answer.set_result(body)


async def worker(end: float) -> None:
    loop = asyncio.get_running_loop()
    callers = [(await loop.create_connection(Caller, "127.0.0.1", port))[1] for port in ports]
    while (began := time.perf_counter()) < end:
        body = BODY
        for caller in callers:
            body = await caller.call(body)
        times.append(time.perf_counter() - began)


async def main() -> None:
    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(worker(began + seconds) for _ in range(in_flight)))
    took = time.perf_counter() - began
    cpu_us = (time.process_time() - cpu) / len(times) * 1e6
    print(json.dumps({"qps": len(times) / took, "median_ms": sorted(times)[len(times) // 2] * 1e3, "cpu_us": cpu_us}))


asyncio.run(main())
