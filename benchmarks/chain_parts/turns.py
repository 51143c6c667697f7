"""Clients that ask several gateways by turns of a tenth of a second, so that all meet the same machine. Prints JSON.

    python turns.py <path> <in_flight> <turns> <port>:<pid> <port>:<pid> …

For each gateway: the CPU time of its process for a query in microseconds, and its queries a second, one of each a turn.
"""

# ruff: noqa: D101, D103  # one small program, explained above
from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

import uvloop
from asking import Asking, request

path, in_flight, turns, *gateways = sys.argv[1:]
REQUEST = request(path)
TURN = 0.1  # seconds


class Clients:
    """The clients of one gateway, each of which asks again as soon as it is answered while it is their turn."""

    def __init__(self, port: str, pid: str) -> None:
        self.port, self.pid = int(port), pid
        self.turn = False
        self.answered = self.busy = 0
        self.idle = asyncio.Event()
        self.connections: list[Client] = []

    async def connect(self) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(int(in_flight)):
            self.connections.append((await loop.create_connection(lambda: Client(self), "127.0.0.1", self.port))[1])

    def cpu(self) -> int:
        return int(Path(f"/proc/{self.pid}/schedstat").read_text().split()[0])  # nanoseconds

    async def take(self) -> tuple[float, float]:
        before, self.answered, self.turn, began = self.cpu(), 0, True, time.perf_counter()
        self.idle.clear()
        for connection in self.connections:
            connection.ask()
        await asyncio.sleep(TURN)
        self.turn = False
        await self.idle.wait()
        took = time.perf_counter() - began
        return (self.cpu() - before) / self.answered / 1e3, self.answered / took


class Client(Asking):
    def __init__(self, clients: Clients) -> None:
        super().__init__(REQUEST)
        self.clients = clients

    def ask(self) -> None:
        self.clients.busy += 1
        super().ask()

    def answered(self) -> None:
        clients = self.clients
        clients.answered += 1
        clients.busy -= 1
        if clients.turn:
            self.ask()
        elif not clients.busy:
            clients.idle.set()


async def main() -> None:
    all_clients = [Clients(*gateway.split(":")) for gateway in gateways]
    for clients in all_clients:
        await clients.connect()
        await clients.take()  # warms up
    measured: list[list[tuple[float, float]]] = [[] for _ in all_clients]
    for turn in range(int(turns)):
        order = list(enumerate(all_clients))
        for number, clients in order if turn % 2 else reversed(order):
            measured[number].append(await clients.take())
    print(json.dumps(measured))


uvloop.run(main())
