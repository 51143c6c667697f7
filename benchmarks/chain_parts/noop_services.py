"""The benchmark's services: raw sockets on uvloop that answer the same bytes at once. Prints its ports as JSON."""

# ruff: noqa: D101, D103  # one small program, explained above
from __future__ import annotations

import asyncio
import json
import sys
from typing import cast

import uvloop

GENERIC = {f"s{i}": b'{"text":"hello","n":1}' for i in range(1, 5)}
VECTOR = [round(i / 256, 6) for i in range(256)]
PASSAGE = "A passage of ordinary length, about the size that a splitter makes of a page of text. " * 4
CHATQNA = {
    "embedding": {"object": "list", "data": [{"index": 0, "object": "embedding", "embedding": VECTOR}]},
    "retriever": {"retrieved_docs": [{"text": f"{i} {PASSAGE}"} for i in range(4)], "initial_query": "hello"},
    "reranking": {"query": "hello", "documents": [f"0 {PASSAGE}"]},
    "llm": {"choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}]},
}


class Noop(asyncio.Protocol):
    def __init__(self, reply: bytes) -> None:
        self.rest = b""
        self.reply = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (
            len(reply),
            reply,
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is one without being an instance

    def data_received(self, data: bytes) -> None:
        data = self.rest + data
        while (end := data.find(b"\r\n\r\n")) >= 0:
            head = data[:end].lower()
            at = head.find(b"content-length:")
            size = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(data) < end + 4 + size:
                break
            data = data[end + 4 + size :]
            self.transport.write(self.reply)
        self.rest = data


async def main() -> None:
    loop = asyncio.get_running_loop()
    replies = GENERIC | {name: json.dumps(body).encode() for name, body in CHATQNA.items()}
    ports = {}
    for name, reply in replies.items():
        server = await loop.create_server(lambda reply=reply: Noop(reply), "127.0.0.1", 0)
        ports[name] = server.sockets[0].getsockname()[1]
    print(json.dumps(ports), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)  # the driver's end of the pipe closes when it ends


uvloop.run(main())
