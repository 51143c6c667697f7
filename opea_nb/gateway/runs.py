"""A run: what happened in it, followed live without slowing it down.

An event is a row, ``(type, time.perf_counter(), …its own fields in order)`` without what its `Route` knows, and becomes
JSON only when someone asks. Rows stand one after the other in one flat list: a tuple that is let go of at once costs
each query half of one that is kept.
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
_BEGUN = ev.RunStarted.type
_LAST = {ev.RunFinished.type: "finished", ev.RunFailed.type: "failed"}
_BODIES = {_BEGUN: ("request", None), ev.StepStarted.type: ("request", "request_bytes")}
_BODIES[ev.StepFinished.type] = ("response", "response_bytes")
_FIELDS = {
    cls.type: tuple(f.name for f in dataclasses.fields(cls) if f.name not in ("seq", "at"))
    for cls in vars(ev).values()
    if isinstance(cls, type) and issubclass(cls, ev.Event) and cls is not ev.Event
}
_WIDTHS = {kind: 2 + len(names) for kind, names in _FIELDS.items()}
_WIDTHS[_BEGUN] = 5  # the request, its size and the time of day; the rest is the route's
_WIDTHS[ev.StepStarted.type] -= 1  # the URL is the route's

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
    body
        The request.
    log
        The rows of a run that is over, in place of a request.
    """

    # What few runs need is set by those alone: a run is made for every query.
    _text_left = 1 << 20  # bytes of streamed text that may still be kept
    _buffer: list[str] | None = None
    _starts: list[int] | None = None
    _unread = 0
    _changed: asyncio.Future[None] | None = None
    _timer: asyncio.TimerHandle | None = None
    _step = ""

    def __init__(
        self, run_id: str, route: Route, recording: Recording, body: bytes = b"", log: list[Any] | None = None
    ) -> None:
        self.id = run_id
        self.route = route
        self.limit = recording.limit if recording.mode == "bodies" else 0
        self._recording = recording
        if log is None:
            log = [_BEGUN, time.perf_counter(), self.cut(body), len(body), time.time()]
        self._log = log
        # Appends ``(type, at, …fields)``: plainly, unless text waits to go before it or a reader for it.
        self.emit: Callable[[Row], None] = log.extend

    def _emit(self, row: Row) -> None:
        self.emit = self._log.extend
        if self._buffer:
            self._flush()
        self._log.extend(row)
        if self._changed is not None:
            self._wake()

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
            if self._buffer is None:
                self._buffer = []
            self._buffer += tokens
            self.emit = self._emit
            if self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(_FLUSH, self._flush)

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._buffer:
            tokens, self._buffer = self._buffer, None
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
        self.emit((ev.RunFinished.type, time.perf_counter(), elapsed, kept, ended_by))

    def fail(self, elapsed: float, error: str, step: str) -> None:
        """There is no answer."""
        self.emit((ev.RunFailed.type, time.perf_counter(), elapsed, error, step))

    def _wake(self) -> None:
        changed, self._changed = self._changed, None
        if changed is not None and not changed.done():
            changed.set_result(None)

    @property
    def over(self) -> bool:
        """Whether no event will follow."""
        return self._log[self._indexed()[-1]] in _LAST

    @property
    def state(self) -> str:
        """``running``, ``finished`` or ``failed``."""
        return _LAST.get(self._log[self._indexed()[-1]], "running")

    def pack(self) -> bytes:
        """The run as one block, for `unpacked`."""
        return marshal.dumps(self._log)

    @classmethod
    def unpacked(cls, run_id: str, route: Route, block: bytes, recording: Recording) -> Run:
        """The run that was packed in this process."""
        return cls(run_id, route, recording, log=marshal.loads(block))  # noqa: S302  # nobody else writes such blocks

    def _event(self, seq: int, row: Row) -> dict[str, Any]:
        kind: str = row[0]
        fields, route = row[2:], self.route
        if kind == _BEGUN:
            fields = (self.id, route.pipeline, route.flow, route.endpoint, route.steps, *fields)
        elif kind == ev.StepStarted.type:
            fields = (fields[0], route.urls.get(fields[0], ""), *fields[1:])
        data = dict(zip(_FIELDS[kind], fields, strict=False))
        body = _BODIES.get(kind)
        if body is not None:
            data[body[0]] = self._recording.shown(data[body[0]], data[body[1]] if body[1] else row[3])
        for key, value in data.items():
            if isinstance(value, str):
                data[key] = self._recording.hide(value)
        began, started = self._log[1], self._log[4]
        return {"type": kind, "seq": seq, "at": started + row[1] - began, **data}

    def events(self, after: int = 0) -> Iterator[dict[str, Any]]:
        """Events so far, those after number `after`."""
        starts, log = self._indexed(), self._log
        for seq in range(max(0, after), len(starts)):
            start = starts[seq]
            yield self._event(seq + 1, tuple(log[start : start + _WIDTHS[log[start]]]))

    def _indexed(self) -> list[int]:
        """Where each event so far begins in the log."""
        if self._starts is None:
            self._starts = []
        while self._unread < len(self._log):
            self._starts.append(self._unread)
            self._unread += _WIDTHS[self._log[self._unread]]
        return self._starts

    def summary(self) -> dict[str, Any]:
        """One line of a list of runs."""
        last = self._log[self._indexed()[-1] :]
        started: float = self._log[4]
        return {
            "id": self.id,
            "pipeline": self.route.pipeline,
            "flow": self.route.flow,
            "state": self.state,
            "started": started,
            "elapsed": last[2] if self.over else time.time() - started,
            "error": self._recording.hide(last[3]) if self.state == "failed" else "",
        }

    async def more(self, seq: int, seconds: float) -> bool:
        """Wait until there is an event after number `seq`, or the run is over; false after `seconds` without.

        Followers read at their own pace: events wait in the run, not in a queue of each follower.
        """
        if self.over or len(self._indexed()) > seq:
            return True
        if self._changed is None:
            self._changed = asyncio.get_running_loop().create_future()
            self.emit = self._emit
        done, _ = await asyncio.wait([self._changed], timeout=seconds)
        return bool(done)
