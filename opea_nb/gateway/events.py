"""What happens in a run, as small typed events in order.

A run's id is the 32 hex digits of its trace id (W3C Trace Context: ``00-<trace id>-<span id>-<flags>``). Times are
seconds: `at` of an event is the wall clock (Unix time), durations come from a monotonic clock.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar

__all__ = [
    "Event",
    "FirstToken",
    "RunFailed",
    "RunFinished",
    "RunStarted",
    "StepFailed",
    "StepFinished",
    "StepSkipped",
    "StepStarted",
    "Text",
    "from_dict",
    "to_dict",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Common part: sequence number within the run (from 1, no gaps) and wall-clock time."""

    type: ClassVar[str] = ""
    seq: int
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(Event):
    """A request came in."""

    type: ClassVar[str] = "run_started"
    run: str
    pipeline: str
    flow: str
    endpoint: str
    steps: tuple[str, ...]
    request: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted(Event):
    """A service is being called. `request` is the body as sent, up to a limit; ``None`` when bodies are off."""

    type: ClassVar[str] = "step_started"
    step: str
    url: str
    request: Any = None
    request_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstToken(Event):
    """The first text of a streamed answer; `elapsed` seconds after its step started."""

    type: ClassVar[str] = "first_token"
    step: str
    elapsed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Event):
    """More text of a streamed answer: several tokens in one event."""

    type: ClassVar[str] = "text"
    step: str
    text: str
    tokens: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFinished(Event):
    """A service answered."""

    type: ClassVar[str] = "step_finished"
    step: str
    elapsed: float
    status: int
    response: Any = None
    response_bytes: int = 0
    tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSkipped(Event):
    """A service was not called, and why (``no documents found``, ``ended by guardrail``)."""

    type: ClassVar[str] = "step_skipped"
    step: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFailed(Event):
    """A service could not be called or answered wrongly. `status` is 0 when there was no response."""

    type: ClassVar[str] = "step_failed"
    step: str
    elapsed: float
    url: str
    status: int
    error: str
    body: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished(Event):
    """The answer is complete. `ended_by` names the guardrail that ended the run early, if one did."""

    type: ClassVar[str] = "run_finished"
    elapsed: float
    answer: str = ""
    ended_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFailed(Event):
    """There is no answer. `step` is empty when no single step is to blame (the client went away)."""

    type: ClassVar[str] = "run_failed"
    elapsed: float
    error: str
    step: str = ""


_TYPES: dict[str, type[Event]] = {
    t.type: t
    for t in (
        RunStarted,
        StepStarted,
        FirstToken,
        Text,
        StepFinished,
        StepSkipped,
        StepFailed,
        RunFinished,
        RunFailed,
    )
}


def to_dict(event: Event) -> dict[str, Any]:
    """The event as JSON-ready data, with its ``type``.

    >>> to_dict(StepSkipped(seq=3, at=1.0, step="reranking", reason="no documents found"))
    {'type': 'step_skipped', 'seq': 3, 'at': 1.0, 'step': 'reranking', 'reason': 'no documents found'}
    """
    names = (f.name for f in dataclasses.fields(event))
    return {"type": event.type} | {n: getattr(event, n) for n in names}


def from_dict(data: dict[str, Any]) -> Event:
    """The reverse of `to_dict`; keys that this version does not know are ignored.

    Raises
    ------
    ValueError
        When ``type`` is none of the known ones.

    >>> from_dict({"type": "first_token", "seq": 4, "at": 1.0, "step": "llm", "elapsed": 0.2, "new": 1})
    FirstToken(seq=4, at=1.0, step='llm', elapsed=0.2)
    """
    cls = _TYPES.get(data.get("type", ""))
    if cls is None:
        raise ValueError(f"unknown event type {data.get('type')!r}")
    known = {f.name for f in dataclasses.fields(cls)}
    values: dict[str, Any] = {k: tuple(v) if k == "steps" else v for k, v in data.items() if k in known}
    return cls(**values)
