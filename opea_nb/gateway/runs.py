"""Runs: what happened in each, kept within bounds, and followed live without slowing it down.

An event is a plain tuple while the run goes on, ``(type, at, …its own fields in order)``, and becomes JSON only when
someone asks.
"""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import time
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from opea_nb.gateway import events as ev
from opea_nb.gateway.record import Recording

__all__ = ["Run", "RunStore"]

_FLUSH = 0.033  # seconds that tokens are gathered for
_BODIES = {ev.RunStarted: ("request", None), ev.StepStarted: ("request", "request_bytes")}
_BODIES[ev.StepFinished] = ("response", "response_bytes")
_FIELDS = {
    cls: tuple(f.name for f in dataclasses.fields(cls) if f.name not in ("seq", "at"))
    for cls in vars(ev).values()
    if isinstance(cls, type) and issubclass(cls, ev.Event) and cls is not ev.Event
}
_LOOK = 64
_EVENT_BYTES = 200  # what an event costs beside its bodies and texts, about

Row = tuple[Any, ...]


class Run:
    """One request's events. Appending is cheap and never waits.

    Parameters
    ----------
    run_id
        The trace id.
    recording
        What is kept.
    text_limit
        Bytes of streamed text that are kept.
    """

    __slots__ = (
        "_buffer",
        "_changed",
        "_loop",
        "_recording",
        "_rows",
        "_step",
        "_text_left",
        "_timer",
        "elapsed",
        "error",
        "flow",
        "id",
        "limit",
        "pipeline",
        "size",
        "started",
        "state",
    )

    def __init__(self, run_id: str, pipeline: str, flow: str, recording: Recording, text_limit: int = 1 << 20) -> None:
        self.id = run_id
        self.pipeline = pipeline
        self.flow = flow
        self.state = "running"
        self.error = ""
        self.started = time.time()
        self.elapsed = 0.0
        self.size = _EVENT_BYTES
        self.limit = recording.limit if recording.mode == "bodies" else 0
        self._recording = recording
        self._rows: list[Row] = []
        self._changed: asyncio.Future[None] | None = None
        self._buffer: list[str] = []
        self._step = ""
        self._timer: asyncio.TimerHandle | None = None
        self._text_left = text_limit

    def emit(self, row: Row) -> None:
        """Append ``(type, at, …fields)``."""
        if self._buffer:
            self._flush()
        self._rows.append(row)
        if self._changed is not None:
            self._wake()

    def began(self, endpoint: str, steps: tuple[str, ...], body: bytes) -> None:
        """The request came."""
        row = (
            ev.RunStarted,
            self.started,
            self.id,
            self.pipeline,
            self.flow,
            endpoint,
            steps,
            self.cut(body),
            len(body),
        )
        self.emit(row)

    def cut(self, body: bytes) -> bytes | None:
        """As much of a body as is kept."""
        if not self.limit:
            return None
        kept = self._recording.kept(body)
        self.size += len(kept)
        return kept

    def tokens(self, step: str, tokens: list[str], elapsed: float) -> None:
        """More text of a stream; `elapsed` since its step began. The first is an event at once, then some together."""
        if self._step != step:
            self._step = step
            self.emit((ev.FirstToken, time.time(), step, elapsed))
            self._text(tokens)
        else:
            self._buffer += tokens
            if self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(_FLUSH, self._flush)

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._buffer:
            tokens, self._buffer = self._buffer, []
            self._text(tokens)

    def _text(self, tokens: list[str]) -> None:
        text = "".join(tokens) if self.limit else ""
        if self._text_left <= 0:
            return
        text = text[: self._text_left]
        self._text_left -= len(text) + 1
        self.size += 4 * len(text)
        self.emit((ev.Text, time.time(), self._step, text, len(tokens)))

    def finish(self, elapsed: float, answer: str, ended_by: str) -> None:
        """The answer is complete."""
        kept = answer[: self.limit]
        self.size += len(kept)
        self.elapsed, self.state = elapsed, "finished"
        self.emit((ev.RunFinished, time.time(), elapsed, kept, ended_by))

    def fail(self, elapsed: float, error: str, step: str) -> None:
        """There is no answer."""
        self.elapsed, self.state, self.error = elapsed, "failed", error
        self.emit((ev.RunFailed, time.time(), elapsed, error, step))

    def _wake(self) -> None:
        changed, self._changed = self._changed, None
        if changed is not None and not changed.done():
            changed.set_result(None)

    @property
    def over(self) -> bool:
        """Whether no event will follow."""
        return self.state != "running"

    def __len__(self) -> int:
        return len(self._rows)

    def event(self, seq: int) -> dict[str, Any]:
        """Event number `seq`, from 1, as JSON-ready data."""
        row = self._rows[seq - 1]
        cls: type[ev.Event] = row[0]
        data = dict(zip(_FIELDS[cls], row[2:], strict=False))
        body = _BODIES.get(cls)
        if body is not None:
            data[body[0]] = self._recording.shown(data[body[0]], data[body[1]] if body[1] else row[-1])
        for key, value in data.items():
            if isinstance(value, str):
                data[key] = self._recording.hide(value)
        return {"type": cls.type, "seq": seq, "at": row[1], **data}

    def events(self, after: int = 0) -> Iterator[dict[str, Any]]:
        """Events so far, those after number `after`."""
        for seq in range(max(0, after) + 1, len(self._rows) + 1):
            yield self.event(seq)

    def summary(self) -> dict[str, Any]:
        """One line of a list of runs."""
        return {
            "id": self.id,
            "pipeline": self.pipeline,
            "flow": self.flow,
            "state": self.state,
            "started": self.started,
            "elapsed": self.elapsed if self.over else time.time() - self.started,
            "error": self._recording.hide(self.error),
        }

    async def more(self, seq: int, seconds: float) -> bool:
        """Wait until there is an event after number `seq`, or the run is over; false after `seconds` without.

        Followers read at their own pace: events wait in the run, not in a queue of each follower.
        """
        if len(self._rows) > seq or self.over:
            return True
        if self._changed is None:
            self._changed = asyncio.get_running_loop().create_future()
        done, _ = await asyncio.wait([self._changed], timeout=seconds)
        return bool(done)


class RunStore:
    """The latest runs, within bounds.

    Parameters
    ----------
    limit
        How many are kept.
    size
        Bytes that they may take, about. The oldest that are over go first.
    """

    def __init__(self, recording: Recording, limit: int = 1000, size: int = 64 << 20) -> None:
        self.recording = recording
        self._limit = limit
        self._size = size
        self._runs: OrderedDict[str, Run] = OrderedDict()
        self._total = 0
        self._waiting: dict[str, asyncio.Future[None]] = {}

    def begin(self, run_id: str, pipeline: str, flow: str) -> Run | None:
        """A new run; ``None`` when runs are not recorded. A trace's second run is called ``<id>-2``."""
        if self.recording.mode == "off":
            return None
        runs = self._runs
        if run_id in runs:
            number = 2
            while f"{run_id}-{number}" in runs:
                number += 1
            run_id = f"{run_id}-{number}"
        run = Run(run_id, pipeline, flow, self.recording)
        runs[run_id] = run
        if self._waiting and (waiting := self._waiting.pop(run_id, None)) is not None and not waiting.done():
            waiting.set_result(None)
        return run

    def end(self, run: Run) -> None:
        """Count a run that is over, and let go of the oldest when there is too much."""
        run.size += _EVENT_BYTES * len(run)
        self._total += run.size
        if len(self._runs) > self._limit or self._total > self._size:
            self._evict(run)

    def _evict(self, latest: Run) -> None:
        runs = self._runs
        for run_id in list(itertools.islice(runs, _LOOK)):  # few: runs that still go on may stand in the way
            run = runs[run_id]
            if run.over and run is not latest:
                del runs[run_id]
                self._total -= run.size
                if len(runs) <= self._limit and self._total <= self._size:
                    return

    def get(self, run_id: str) -> Run | None:
        """The run of that run_id, if it is kept."""
        return self._runs.get(run_id)

    async def wait_for(self, run_id: str, seconds: float) -> Run | None:
        """The run of that run_id, once it begins; ``None`` after `seconds`."""
        run = self._runs.get(run_id)
        if run is None and seconds > 0:
            begun = self._waiting.get(run_id)
            if begun is None:
                begun = self._waiting[run_id] = asyncio.get_running_loop().create_future()
            try:
                await asyncio.wait_for(asyncio.shield(begun), seconds)
            except TimeoutError:
                self._waiting.pop(run_id, None)
            run = self._runs.get(run_id)
        return run

    def newest(self) -> Iterator[Run]:
        """Runs, newest first."""
        return reversed(self._runs.values())

    @property
    def size(self) -> int:
        """Bytes that the runs that are over take, about."""
        return self._total
