"""A gateway on loopback with stub services behind it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

sys.path.insert(0, str(Path(__file__).parent))

from opea_nb.gateway.config import Config
from opea_nb.gateway.front import Gateway
from opea_nb.pipeline import Pipeline
from opea_nb.services.serving import guarded, server_config

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
    async with httpx.AsyncClient(base_url=base, headers=headers, timeout=20) as client:
        yield client
    server.should_exit = True
    await task


def chatqna() -> Pipeline:
    """embedding >> retriever >> reranking >> llm."""
    p = Pipeline("chatqna")
    p.add("embedding") >> p.add("retriever") >> p.add("reranking") >> p.add("llm")
    return p


@pytest.fixture
def open_gateway() -> Open:
    """Opens a gateway: ``async with open_gateway(pipeline, stubs, token=…) as client``."""

    def open_(pipeline: Pipeline, services: dict[str, Any], **settings: Any) -> Any:
        routes = {name: stub.url for name, stub in services.items()}
        settings.setdefault("document", "pipeline: as given\n")
        return serving(Config(pipeline, routes, **settings))

    return open_
