"""A query that is on its way: watched, waited for, cancelled, from any thread."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import threading
from collections.abc import Callable
from typing import Any

from opea_nb.backends import loop
from opea_nb.backends.answer import Answer
from opea_nb.backends.calls import Gateway, Question
from opea_nb.backends.runstate import RunState
from opea_nb.errors import RunError

__all__ = ["RunningQuery"]

Watcher = Callable[["RunningQuery"], None]
_log = logging.getLogger("opea_nb")


class RunningQuery:
    """A query that was started and goes on in the background.

    Parameters
    ----------
    gateway
        Where to ask.
    question
        What to ask.
    options
        Further arguments of `Gateway.query`.
    """

    def __init__(self, gateway: Gateway, question: Question, **options: Any) -> None:
        self.question = question
        self._lock = threading.Lock()
        self._state = RunState()
        self._watchers: list[Watcher] = []
        self._future: concurrent.futures.Future[Answer] = loop.submit(
            gateway.query(question, on_state=self._advance, **options)
        )
        self._future.add_done_callback(lambda _: self._tell())

    def __repr__(self) -> str:
        return f"<query {self.state.state}>"

    @property
    def state(self) -> RunState:
        """The run as it looks now."""
        return self._state

    @property
    def done(self) -> bool:
        """Whether there is a result or an error."""
        return self._future.done()

    @property
    def error(self) -> BaseException | None:
        """What it failed with; ``None`` while it runs and when it did not."""
        if not self._future.done():
            return None
        if self._future.cancelled():
            return RunError("the query was cancelled", run_id=self._state.id)
        return self._future.exception()

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Call `watcher` with this query now, after each event, and once when it is done; returns how to stop that.

        It is called on the background thread, or on this one for the first time. It must not block.
        """
        with self._lock:
            self._watchers.append(watcher)
        watcher(self)

        def stop() -> None:
            with self._lock:
                if watcher in self._watchers:
                    self._watchers.remove(watcher)

        return stop

    def result(self) -> Answer:
        """The answer, once it is complete. An interrupt cancels the query.

        Raises
        ------
        StepFailed, RunError, DeployError
            As `Gateway.query` says; `RunError` also when it was cancelled.
        """
        try:
            return loop.wait(self._future)
        except concurrent.futures.CancelledError as e:
            raise RunError("the query was cancelled", run_id=self._state.id) from e

    def cancel(self) -> None:
        """End the query; the gateway ends its run and the steps in flight."""
        self._future.cancel()

    def __await__(self) -> Any:
        """``await query`` gives the answer, on any event loop."""
        return asyncio.wrap_future(self._future).__await__()

    def _advance(self, state: RunState) -> None:
        self._state = state
        self._tell()

    def _tell(self) -> None:
        with self._lock:
            watchers = tuple(self._watchers)
        for watcher in watchers:
            try:
                watcher(self)
            except Exception:  # noqa: BLE001 - a display's fault, whatever it is, must not end the query that it shows
                _log.exception("a watcher of a query failed")
