"""A GGUF model served in this process by llama.cpp (``xllamacpp``), with cancelling and a queue."""

from __future__ import annotations

import asyncio
import os
import secrets
import threading
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

from opea_nb.errors import ModelError
from opea_nb.services.asgi import Refused
from opea_nb.services.serving import log

__all__ = ["ChatServer", "Engine", "EngineError", "load_engine", "load_server"]

WAITING_LIMIT = 64
# with progress told at every batch, a client that leaves while a long prompt is read is noticed this many tokens later
BATCH_TOKENS = 256


class EngineError(Exception):
    """llama.cpp refused a request or failed; `status` is the HTTP status that says so."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class ChatServer(Protocol):
    """The part of ``xllamacpp.Server`` used here."""

    def handle_chat_completions(self, request: dict[str, Any], callback: Any) -> None:
        """Run a request; `callback` gets each chunk and stops the run by returning true."""
        ...


class Engine:
    """Runs chat completions one after another, so that equal requests give equal answers.

    Parameters
    ----------
    server
        The loaded model.
    model
        Its name.
    """

    def __init__(self, server: ChatServer, model: str) -> None:
        self.model = model
        self._server: ChatServer | None = server
        self._turn = asyncio.Semaphore(1)
        self._waiting = 0
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="llama")
        self._closing = threading.Event()

    async def chat(self, request: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """The chunks of an OpenAI ``chat.completion.chunk`` stream, the last with ``usage``.

        Closing the iterator stops the model, also while it reads the prompt or waits for its turn.

        Raises
        ------
        EngineError
            When llama.cpp refuses the request.
        Refused
            503 when too many requests wait already.
        """
        if self._waiting >= WAITING_LIMIT:
            raise Refused(503, f"{WAITING_LIMIT} requests wait already: try later", headers=[(b"retry-after", b"5")])
        self._waiting += 1
        try:
            async with self._turn:
                async for chunk in self._run(dict(request)):
                    yield chunk
        finally:
            self._waiting -= 1

    async def _run(self, request: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        loop = asyncio.get_running_loop()
        chunks: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        stop = threading.Event()

        def take(chunk: dict[str, Any]) -> bool:
            if not stop.is_set():
                loop.call_soon_threadsafe(chunks.put_nowait, chunk)
            return stop.is_set() or self._closing.is_set()

        def work() -> None:
            try:
                if self._server is None or stop.is_set():
                    return
                self._server.handle_chat_completions(request, take)
            finally:
                loop.call_soon_threadsafe(chunks.put_nowait, None)

        request |= {"stream": True, "stream_options": {"include_usage": True}, "return_progress": True}
        done = loop.run_in_executor(self._pool, work)
        try:
            while (chunk := await chunks.get()) is not None:
                if "error" in chunk:
                    raise _engine_error(chunk["error"])
                if "prompt_progress" not in chunk:
                    yield chunk
            await _result(done)
        finally:
            stop.set()
            # the next request's turn begins when the model has really stopped
            await asyncio.shield(asyncio.gather(done, return_exceptions=True))

    def close(self) -> None:
        """Stop what runs and free the model; closing twice is fine."""
        self._closing.set()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._server = None


async def _result(done: asyncio.Future[None]) -> None:
    try:
        await done
    except ValueError as e:  # what xllamacpp makes of llama.cpp's invalid_argument: the request is at fault
        raise EngineError(400, str(e)) from e
    except RuntimeError as e:
        raise EngineError(500, str(e)) from e


def _engine_error(error: Any) -> EngineError:
    if not isinstance(error, dict):
        return EngineError(500, str(error))
    message = str(error.get("message", error))
    if error.get("type") == "exceed_context_size_error":
        message = (
            f"the prompt has {error.get('n_prompt_tokens')} tokens and the model's context is {error.get('n_ctx')}: "
            "send less (a smaller top_n, shorter passages), or raise CONTEXT_TOKENS"
        )
    code = error.get("code", 500)
    return EngineError(code if isinstance(code, int) and 400 <= code < 600 else 500, message)


def load_engine(path: Path, context_tokens: int) -> Engine:
    """`load_server`, with a queue before it."""
    return Engine(load_server(path, context_tokens), path.stem)


def load_server(path: Path, context_tokens: int) -> ChatServer:
    """Load a GGUF file; takes a second for a small one, and blocks.

    Parameters
    ----------
    path
        The file.
    context_tokens
        Most tokens of prompt and answer together.

    Raises
    ------
    ModelError
        When it is missing or no model that llama.cpp can load.
    """
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as e:
        raise ModelError(f"cannot read the model {path}: {e.strerror}", hint="check MODEL_PATH") from e
    if magic != b"GGUF":
        raise ModelError(f"{path} is no GGUF file", hint="MODEL_PATH takes a model in llama.cpp's GGUF format")
    import xllamacpp  # llama.cpp itself: only the process that serves a model loads it

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.model_alias = {path.stem}
    params.n_ctx = context_tokens
    params.fit_params = False  # it would change the context behind the caller's back
    params.n_parallel = 1
    params.n_batch = params.n_ubatch = BATCH_TOKENS
    params.cache_ram_mib = 0
    params.verbosity = 0
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2
    for cpu in (params.cpuparams, params.cpuparams_batch):
        cpu.n_threads = max(1, min(threads, 16))
        cpu.poll = 0  # waiting by spinning starves the other services of a small machine, and then this one
    # xllamacpp always opens an HTTP port of its own, on a free one; nobody is told this key, so nobody can use it
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [secrets.token_hex(32)]
    params.ui = params.endpoint_slots = False
    params.n_threads_http = 1
    try:
        loaded: ChatServer = xllamacpp.Server(params)
    except RuntimeError as e:
        raise ModelError(
            f"llama.cpp cannot load {path.name}: {e}", hint="the file may be damaged, or need a newer xllamacpp"
        ) from e
    log(f"model {path.stem} loaded: {context_tokens} tokens of context, {params.cpuparams.n_threads} threads")
    return loaded
