"""One background thread with an event loop, so that plain calls work where a loop already runs (a notebook cell)."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import threading
from collections.abc import Coroutine
from typing import TypeVar

__all__ = ["run", "submit"]

T = TypeVar("T")

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None
_owner = 0


def submit(work: Coroutine[object, object, T]) -> concurrent.futures.Future[T]:
    """Start `work` on the background loop and return at once."""
    return asyncio.run_coroutine_threadsafe(work, _running_loop())


def run(work: Coroutine[object, object, T]) -> T:
    """Do `work` on the background loop and return what it returns.

    An interrupt (Ctrl-C, a kernel's stop button) cancels the work, waits until it has cleaned up, and is raised.

    Raises
    ------
    RuntimeError
        When called on the background loop itself, which would wait for itself forever.
    """
    if threading.current_thread().name == _NAME:
        work.close()
        raise RuntimeError("a plain call from inside a callback of opea_nb would block it; await the async one")
    return wait(submit(work))


def wait(future: concurrent.futures.Future[T]) -> T:
    """The result of `future`; an interrupt cancels it."""
    try:
        return future.result()
    except KeyboardInterrupt:
        future.cancel()
        concurrent.futures.wait([submit(_settled())], timeout=30)
        raise


_NAME = "opea_nb-loop"


async def _settled() -> None:
    """Wait for everything that is being cancelled to have cleaned up."""
    cancelling = [t for t in asyncio.all_tasks() if t is not asyncio.current_task() and t.cancelling()]
    if cancelling:
        await asyncio.wait(cancelling)


def _running_loop() -> asyncio.AbstractEventLoop:
    global _loop, _owner
    with _lock:
        if _loop is None or _owner != os.getpid():  # a fork has the memory but not the thread
            _loop, _owner = asyncio.new_event_loop(), os.getpid()
            threading.Thread(target=_loop.run_forever, name=_NAME, daemon=True).start()
        return _loop
