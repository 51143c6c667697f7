"""A gateway on loopback with stub services behind it, and what these answer."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import uvicorn

from opea_nb.gateway.config import Config
from opea_nb.gateway.front import Gateway
from opea_nb.pipeline import Pipeline
from opea_nb.services.serving import guarded, server_config
from tests.gateway.stubs import completion

DOCS = [{"text": "The box holds a cat."}, {"text": "The bag holds a dog."}]
WRAPPED: dict[str, Any] = {
    "embedding": {
        "object": "list",
        "model": "m",
        "data": [{"index": 0, "object": "embedding", "embedding": [0.1, 0.2]}],
    },
    "retriever": {"id": "x", "retrieved_docs": DOCS, "initial_query": "q", "top_n": 1},
    "reranking": {"query": "q", "documents": ["The box holds a cat."]},
    "llm": completion("A cat."),
}
QUESTION = {"messages": [{"role": "user", "content": "What is in the box?"}]}

Open = Callable[..., Any]


@contextlib.asynccontextmanager
async def serving(config: Config) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a real gateway."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    server = uvicorn.Server(server_config(guarded(Gateway(config), config.token), grace=1))
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign]  # the test's process keeps its own
    task = asyncio.ensure_future(server.serve(sockets=[sock]))
    while not server.started:  # noqa: ASYNC110  # uvicorn has no event for it
        await asyncio.sleep(0.005)
    headers = {"authorization": f"Bearer {config.token}"} if config.token else {}
    base = f"http://127.0.0.1:{sock.getsockname()[1]}"
    try:
        async with httpx.AsyncClient(base_url=base, headers=headers, timeout=20) as client:
            yield client
    finally:
        server.should_exit = True
        await task


def chatqna() -> Pipeline:
    """embedding >> retriever >> reranking >> llm."""
    p = Pipeline("chatqna")
    p.add("embedding") >> p.add("retriever") >> p.add("reranking") >> p.add("llm")
    return p


def diamond() -> Pipeline:
    """s1 >> (s2, s3) >> s4, of no known kind."""
    p = Pipeline("toy")
    s1, s2, s3, s4 = (p.add("service", name=f"s{i}", port=9000 + i, endpoint="/v1/add") for i in range(1, 5))
    s1 >> s2 >> s4
    s1 >> s3 >> s4
    return p
