"""The latest runs, kept within bounds.

A run that is over is kept as one block of bytes: thousands of small old objects would cost each new query the cache
misses of letting go of them (a tenth of a query of four no-op services).
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque

from opea_nb.gateway.record import Recording
from opea_nb.gateway.runs import Route, Run

__all__ = ["RunStore"]

_RUN_BYTES = 300  # what a run costs beside its block, about


class RunStore:
    """The runs that go on, and the latest that are over.

    Parameters
    ----------
    limit
        How many are kept.
    size
        Bytes that those that are over may take, about. The oldest go first.
    """

    def __init__(self, recording: Recording, limit: int = 1000, size: int = 64 << 20) -> None:
        self.recording = recording
        self._limit = limit
        self._size = size
        self._live: dict[str, Run] = {}
        self._past: dict[str, tuple[Route, bytes]] = {}
        self._ended: deque[str] = deque()  # ids in the past, oldest first
        self._total = 0
        self._waiting: dict[str, list[asyncio.Future[None]]] = {}

    def begin(self, run_id: str, route: Route, body: bytes) -> Run | None:
        """A new run of that request; ``None`` when runs are not recorded. A trace's second run is called ``<id>-2``."""
        if self.recording.mode == "off":
            return None
        if run_id in self._live or run_id in self._past:
            number = 2
            while f"{run_id}-{number}" in self._live or f"{run_id}-{number}" in self._past:
                number += 1
            run_id = f"{run_id}-{number}"
        run = self._live[run_id] = Run(run_id, route, self.recording, body)
        for waiting in self._waiting.pop(run_id, ()) if self._waiting else ():
            if not waiting.done():
                waiting.set_result(None)
        return run

    def end(self, run: Run) -> None:
        """Keep a run that is over, and let go of the oldest when there is too much."""
        if self._live.pop(run.id, None) is None:
            return
        past, ended = self._past, self._ended
        block = run.pack()
        past[run.id] = run.route, block
        ended.append(run.id)
        self._total += len(block) + _RUN_BYTES
        while len(ended) > 1 and (len(ended) + len(self._live) > self._limit or self._total > self._size):
            self._total -= len(past.pop(ended.popleft())[1]) + _RUN_BYTES

    def get(self, run_id: str) -> Run | None:
        """The run of that run_id, if it is kept."""
        if (run := self._live.get(run_id)) is not None:
            return run
        past = self._past.get(run_id)
        return None if past is None else Run.unpacked(run_id, *past, self.recording)

    async def wait_for(self, run_id: str, seconds: float) -> Run | None:
        """The run of that run_id, once it begins; ``None`` after `seconds`."""
        run = self.get(run_id)
        if run is None and seconds > 0:
            begun = asyncio.get_running_loop().create_future()
            waiting = self._waiting.setdefault(run_id, [])
            waiting.append(begun)
            try:
                await asyncio.wait([begun], timeout=seconds)
            finally:  # a client that went away no longer waits
                waiting.remove(begun)
                if not waiting and self._waiting.get(run_id) is waiting:
                    del self._waiting[run_id]
            run = self.get(run_id)
        return run

    def newest(self, limit: int) -> list[Run]:
        """Up to that many runs, newest first: those that go on, then those that ended last."""
        live = [*reversed(self._live.values())][:limit]
        ended = itertools.islice(reversed(self._ended), limit - len(live))
        return live + [Run.unpacked(run_id, *self._past[run_id], self.recording) for run_id in ended]

    @property
    def size(self) -> int:
        """Bytes that the runs that are over take, about."""
        return self._total
