"""Work in the background that the Builder shows while it goes on."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Generic, TypeVar

from opea_nb.backends import loop
from opea_nb.errors import OpeaError
from opea_nb.notebook.builder.session import Session
from opea_nb.notebook.coalesce import Latest, pump

__all__ = ["Job", "sentence"]

P = TypeVar("P")
R = TypeVar("R")
_log = logging.getLogger("opea_nb")


class Job(Generic[P, R]):
    """One thing at a time, on the background loop; a thread of its own carries what it tells to the page.

    Nothing here waits for a callback of the page or for a cell, so it goes on whichever thread those come on.

    Parameters
    ----------
    session
        Whose lock is held while something is shown, and where an error of that is said.
    changed
        Told when work has begun and when it has ended.
    rate
        How often a second progress is shown at most.
    """

    def __init__(self, session: Session, changed: Callable[[], None] = lambda: None, *, rate: float = 25.0) -> None:
        self._session = session
        self._changed = changed
        self._rate = rate
        self._task: asyncio.Task[R] | None = None
        self._thread: threading.Thread | None = None
        self._unwanted = False
        self.busy = False

    def start(
        self,
        work: Callable[[Callable[[P], None]], Coroutine[None, None, R]],
        *,
        progressed: Callable[[P], None] = lambda _: None,
        ended: Callable[[R], None] = lambda _: None,
        failed: Callable[[BaseException], None],
    ) -> None:
        """Begin `work`, which tells its progress to what it is given. One of `ended` and `failed` is called at its end.

        A cancelled work fails with `concurrent.futures.CancelledError`, once it has cleaned up.
        """
        if self.busy:
            raise RuntimeError("the last work has not ended")
        box: Latest[P] = Latest()
        self.busy, self._unwanted, self._task = True, False, None

        async def whole() -> R:
            # a task of its own: cancelling the future would call it ended before it has cleaned up
            self._task = task = asyncio.ensure_future(work(box.put))
            await asyncio.sleep(0)  # cancelled before its first step, a task never takes it: nothing would clean up
            if self._unwanted:
                task.cancel()
            return await task

        future = loop.submit(whole())
        self._guarded(self._changed)
        self._thread = threading.Thread(
            target=self._carry, args=(future, box, progressed, ended, failed), name="opea_nb-builder", daemon=True
        )
        self._thread.start()

    def cancel(self) -> None:
        """Let it end; nothing when nothing goes on."""
        self._unwanted = True
        task = self._task
        if task is not None:
            task.get_loop().call_soon_threadsafe(task.cancel)

    def join(self, seconds: float) -> None:
        """Wait until it has ended and that was shown."""
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(seconds)

    def _carry(
        self,
        future: Future[R],
        box: Latest[P],
        progressed: Callable[[P], None],
        ended: Callable[[R], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        for value in pump(future, box, rate=self._rate):
            self._guarded(lambda value=value: progressed(value))  # type: ignore[misc]  # mypy knows no defaults of lambdas
        with self._session.lock:
            self.busy = False
            try:
                result = future.result()
            except Exception as error:  # noqa: BLE001 - whatever it is, `failed` tells the user
                told = error
                self._guarded(lambda: failed(told))
            else:
                self._guarded(lambda: ended(result))
            self._guarded(self._changed)

    def _guarded(self, show: Callable[[], None]) -> None:
        """Show something. What goes wrong is said in the builder: a thread's error has no cell to appear in."""
        with self._session.lock:
            try:
                show()
            except Exception as error:  # noqa: BLE001 - it is shown to the user and logged
                _log.exception("a part of the builder could not be shown")
                self._session.say(sentence(error), bad=True)


def sentence(error: BaseException) -> str:
    """What went wrong and what to do next, in one line."""
    if isinstance(error, OpeaError):
        return f"{error.message}{f' → {error.hint}' if error.hint else ''}"
    return f"{type(error).__name__}: {error}"
