"""A run as it looks at one moment: what its events so far add up to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, Literal

from opea_nb.gateway import events as ev

__all__ = ["RunState", "StepState", "apply", "fold"]

Progress = Literal["waiting", "running", "done", "skipped", "failed"]


@dataclass(frozen=True, slots=True)
class StepState:
    """One step of a run.

    Parameters
    ----------
    name
        The service's name in the pipeline.
    state
        ``waiting``, ``running``, ``done``, ``skipped`` or ``failed``.
    offset
        Seconds from the start of the run to the start of the step; ``None`` until it starts.
    elapsed
        Seconds that the step took; ``None`` until it ends.
    first_token
        Seconds from the step's start to the first text of a streamed answer; ``None`` when there was none.
    text
        The text that the step streamed so far.
    request, response
        The bodies as sent and received, up to the gateway's limit; ``None`` when bodies are not recorded.
    reason
        Why the step was skipped, or the error that it failed with.
    status
        HTTP status; 0 when there was no response (yet).
    body
        First lines of the response that the step failed with.
    """

    name: str
    state: Progress = "waiting"
    url: str = ""
    offset: float | None = None
    elapsed: float | None = None
    first_token: float | None = None
    text: str = ""
    tokens: int = 0
    request: Any = None  # any JSON
    response: Any = None  # any JSON
    request_bytes: int = 0
    response_bytes: int = 0
    status: int = 0
    reason: str = ""
    body: str = ""

    def __repr__(self) -> str:  # short and without times, so that a saved notebook compares equal
        return f"<step {self.name}: {self.state}>"


@dataclass(frozen=True, slots=True)
class RunState:
    """A run of a pipeline at one moment.

    Parameters
    ----------
    id
        The run's id; empty before its first event.
    state
        ``waiting`` (no event yet), ``running``, ``finished`` or ``failed``.
    steps
        In the order of the flow.
    started
        Unix time, in seconds.
    elapsed
        Seconds from start to end; ``None`` until it ends.
    answer
        The complete answer; empty until the run finished.
    error, failed_step
        Why there is no answer, and the step to blame, if one is.
    ended_by
        The guardrail that ended the run early; empty for none.
    seq
        Number of the last event; following goes on after it.
    """

    id: str = ""
    state: Literal["waiting", "running", "finished", "failed"] = "waiting"
    pipeline: str = ""
    flow: str = ""
    steps: tuple[StepState, ...] = ()
    request: Any = None  # any JSON
    started: float = 0.0
    elapsed: float | None = None
    answer: str = ""
    error: str = ""
    failed_step: str = ""
    ended_by: str = ""
    seq: int = 0

    @property
    def over(self) -> bool:
        """Whether the run has ended, well or not."""
        return self.state in ("finished", "failed")

    @property
    def text(self) -> str:
        """The answer so far: what the last step that gave text gave; the complete answer at the end."""
        return self.answer or next((s.text for s in reversed(self.steps) if s.text), "")

    def step(self, name: str) -> StepState:
        """The step of that name.

        Raises
        ------
        KeyError
            When the run has none.
        """
        found = next((s for s in self.steps if s.name == name), None)
        if found is None:
            raise KeyError(name)
        return found

    def __repr__(self) -> str:
        return f"<run {self.state}: {', '.join(f'{s.name} {s.state}' for s in self.steps) or 'no steps yet'}>"


def apply(state: RunState, event: ev.Event) -> RunState:
    """The state after one more event. An event that was already applied changes nothing."""
    if event.seq <= state.seq:
        return state
    state = replace(state, seq=event.seq)
    match event:
        case ev.RunStarted():
            return replace(
                state,
                id=event.run,
                state="running",
                pipeline=event.pipeline,
                flow=event.flow,
                steps=tuple(StepState(name) for name in event.steps),
                request=event.request,
                started=event.at,
            )
        case ev.RunFinished():
            return replace(state, state="finished", elapsed=event.elapsed, answer=event.answer, ended_by=event.ended_by)
        case ev.RunFailed():
            return replace(
                _abandon(state), state="failed", elapsed=event.elapsed, error=event.error, failed_step=event.step
            )
    name = getattr(event, "step", "")
    if not name:
        return state
    known = any(s.name == name for s in state.steps)
    steps = state.steps if known else (*state.steps, StepState(name))
    return replace(state, steps=tuple(_advance(s, event, state.started) if s.name == name else s for s in steps))


def fold(events: Iterable[ev.Event], state: RunState = RunState()) -> RunState:
    """What `events` add up to, from `state` on.

    >>> from opea_nb.gateway.events import RunStarted, StepStarted
    >>> start = RunStarted(seq=1, at=5.0, run="ab", pipeline="p", flow="main", endpoint="/v1/p", steps=("llm",))
    >>> fold([start, StepStarted(seq=2, at=5.5, step="llm", url="http://x")])
    <run running: llm running>
    """
    return reduce(apply, events, state)


def _advance(step: StepState, event: ev.Event, run_started: float) -> StepState:
    match event:
        case ev.StepStarted():
            return replace(
                step,
                state="running",
                url=event.url,
                offset=max(0.0, event.at - run_started),
                request=event.request,
                request_bytes=event.request_bytes,
            )
        case ev.FirstToken():
            return replace(step, first_token=event.elapsed)
        case ev.Text():
            return replace(step, text=step.text + event.text, tokens=step.tokens + event.tokens)
        case ev.StepFinished():
            return replace(
                step,
                state="done",
                elapsed=event.elapsed,
                status=event.status,
                response=event.response,
                response_bytes=event.response_bytes,
                tokens=event.tokens or step.tokens,
            )
        case ev.StepSkipped():
            return replace(step, state="skipped", reason=event.reason)
        case ev.StepFailed():
            return replace(
                step,
                state="failed",
                elapsed=event.elapsed,
                url=event.url or step.url,
                status=event.status,
                reason=event.error,
                body=event.body,
            )
    return step


def _abandon(state: RunState) -> RunState:
    """Steps that ran when the run failed run no more."""
    return replace(
        state,
        steps=tuple(
            replace(s, state="skipped", reason="the run failed") if s.state in ("waiting", "running") else s
            for s in state.steps
        ),
    )
