"""Real servers on loopback: each app runs on a free port in a uvicorn of its own."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn

from opea_nb.services.models import ensure_model
from opea_nb.services.serving import ASGIApp, guarded, server_config

Start = Callable[..., Awaitable[httpx.AsyncClient]]


@asynccontextmanager
async def serving(app: ASGIApp, token: str = "") -> AsyncIterator[httpx.AsyncClient]:
    server = uvicorn.Server(server_config(guarded(app, token), grace=1))
    sock = socket.create_server(("127.0.0.1", 0))
    task = asyncio.create_task(server.serve(sockets=[sock]))
    url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as client:
        try:
            yield client
        finally:
            server.should_exit = True
            await task
            sock.close()


async def ready(client: httpx.AsyncClient) -> dict[str, object]:
    """The health check's body once it says something other than starting."""
    async with asyncio.timeout(120):
        while True:
            body: dict[str, object] = (await client.get("/v1/health_check")).json()
            if body["status"] != "starting":
                return body
            await asyncio.sleep(0.02)


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """``await start(app)`` gives a client of the served app once it is ready (``wait=False``: at once)."""
    async with AsyncExitStack() as stack:

        async def begin(app: ASGIApp, *, token: str = "", wait: bool = True) -> httpx.AsyncClient:
            client = await stack.enter_async_context(serving(app, token))
            if wait:
                assert (await ready(client))["status"] == "ready"
            return client

        yield begin


@pytest.fixture(scope="session")
def gguf() -> Path:
    """The default model, brought on the first run on a machine."""
    return ensure_model()
