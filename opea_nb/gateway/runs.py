"""A run: what happened in it, followed live without slowing it down.

An event is a plain tuple, ``(type, time.perf_counter(), …its own fields in order)`` without what its `Route` knows, and
becomes JSON only when someone asks.
"""

from __future__ import annotations

import asyncio
import dataclasses
import marshal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from opea_nb.gateway import events as ev
from opea_nb.gateway.record import Recording

__all__ = ["Route", "Run"]

_FLUSH = 0.033  # seconds that tokens are gathered for
_BODIES = {ev.RunStarted.type: ("request", None), ev.StepStarted.type: ("request", "request_bytes")}
_BODIES[ev.StepFinished.type] = ("response", "response_bytes")
_FIELDS = {
    cls.type: tuple(f.name for f in dataclasses.fields(cls) if f.name not in ("seq", "at"))
    for cls in vars(ev).values()
    if isinstance(cls, type) and issubclass(cls, ev.Event) and cls is not ev.Event
}
_MARSHAL = 4  # the last version that does not look for objects seen before: half the time

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """What all runs of a flow have in common, so that no run needs to say it again.

    Parameters
    ----------
    endpoint
        The flow's path on the gateway.
    steps
        Names of its steps.
    urls
        Step -> URL that is called for it.
    """

    pipeline: str
    flow: str
    endpoint: str
    steps: tuple[str, ...]
    urls: Mapping[str, str]


class Run:
    """One request's events. Appending is cheap and never waits.

    Parameters
    ----------
    run_id
        The trace id.
    route
        The flow that is run.
    recording
        What is kept.
    text_limit
        Bytes of streamed text that are kept.
    """

    # What few runs need is set by those alone: a run is made for every query.
    state = "running"
    error = ""
    elapsed = 0.0
    _changed: asyncio.Future[None] | None = None
    _timer: asyncio.TimerHandle | None = None
    _step = ""

    def __init__(self, run_id: str, route: Route, recording: Recording, text_limit: int = 1 << 20) -> None:
        self.id = run_id
        self.route = route
        self.started = time.time()
        self._clock = time.perf_counter()
        self.limit = recording.limit if recording.mode == "bodies" else 0
        self._recording = recording
        self._text_left = text_limit
        self._buffer: list[str] = []
        self._rows: list[Row] = []
        # Appends ``(type, at, …fields)``: plainly, unless text waits to go before it or a reader for it.
        self.emit: Callable[[Row], None] = self._rows.append

    def _emit(self, row: Row) -> None:
        self.emit = self._rows.append
        if self._buffer:
            self._flush()
        self._rows.append(row)
        if self._changed is not None:
            self._wake()

    def began(self, body: bytes) -> None:
        """The request came."""
        self.emit((ev.RunStarted.type, self._clock, self.cut(body), len(body)))

    def cut(self, body: bytes) -> bytes | None:
        """As much of a body as is kept."""
        if not self.limit:
            return None
        return body if len(body) <= self.limit else self._recording.kept(body)

    def tokens(self, step: str, tokens: list[str], elapsed: float) -> None:
        """More text of a stream; `elapsed` since its step began. The first is an event at once, then some together."""
        if self._step != step:
            self._step = step
            self.emit((ev.FirstToken.type, time.perf_counter(), step, elapsed))
            self._text(tokens)
        else:
            self._buffer += tokens
            self.emit = self._emit
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
        self.emit((ev.Text.type, time.perf_counter(), self._step, text, len(tokens)))

    def finish(self, elapsed: float, answer: str, ended_by: str) -> None:
        """The answer is complete."""
        kept = answer[: self.limit]
        self.elapsed, self.state = elapsed, "finished"
        self.emit((ev.RunFinished.type, time.perf_counter(), elapsed, kept, ended_by))

    def fail(self, elapsed: float, error: str, step: str) -> None:
        """There is no answer."""
        self.elapsed, self.state, self.error = elapsed, "failed", error
        self.emit((ev.RunFailed.type, time.perf_counter(), elapsed, error, step))

    def _wake(self) -> None:
        changed, self._changed = self._changed, None
        if changed is not None and not changed.done():
            changed.set_result(None)

    @property
    def over(self) -> bool:
        """Whether no event will follow."""
        return self.state != "running"

    def pack(self) -> bytes:
        """The run as one block, for `unpacked`."""
        facts = (self.state, self.error, self.elapsed, self.started, self._clock)
        return marshal.dumps((facts, self._rows), _MARSHAL)

    @classmethod
    def unpacked(cls, run_id: str, route: Route, block: bytes, recording: Recording) -> Run:
        """The run that was packed in this process."""
        facts, rows = marshal.loads(block)  # noqa: S302  # nobody else writes such blocks
        run = cls(run_id, route, recording)
        run.state, run.error, run.elapsed, run.started, run._clock = facts
        run._rows = rows
        return run

    def _event(self, seq: int, row: Row) -> dict[str, Any]:
        kind: str = row[0]
        fields, route = row[2:], self.route
        if kind == ev.RunStarted.type:
            fields = (self.id, route.pipeline, route.flow, route.endpoint, route.steps, *fields)
        elif kind == ev.StepStarted.type:
            fields = (fields[0], route.urls.get(fields[0], ""), *fields[1:])
        data = dict(zip(_FIELDS[kind], fields, strict=False))
        body = _BODIES.get(kind)
        if body is not None:
            data[body[0]] = self._recording.shown(data[body[0]], data[body[1]] if body[1] else row[-1])
        for key, value in data.items():
            if isinstance(value, str):
                data[key] = self._recording.hide(value)
        return {"type": kind, "seq": seq, "at": self.started + row[1] - self._clock, **data}

    def events(self, after: int = 0) -> Iterator[dict[str, Any]]:
        """Events so far, those after number `after`."""
        start = max(0, after)
        for seq, row in enumerate(self._rows[start:], start + 1):
            yield self._event(seq, row)

    def summary(self) -> dict[str, Any]:
        """One line of a list of runs."""
        return {
            "id": self.id,
            "pipeline": self.route.pipeline,
            "flow": self.route.flow,
            "state": self.state,
            "started": self.started,
            "elapsed": self.elapsed if self.over else time.time() - self.started,
            "error": self._recording.hide(self.error),
        }

    async def more(self, seq: int, seconds: float) -> bool:
        """Wait until there is an event after number `seq`, or the run is over; false after `seconds` without.

        Followers read at their own pace: events wait in the run, not in a queue of each follower.
        """
        if self.over or len(self._rows) > seq:
            return True
        if self._changed is None:
            self._changed = asyncio.get_running_loop().create_future()
            self.emit = self._emit
        done, _ = await asyncio.wait([self._changed], timeout=seconds)
        return bool(done)
