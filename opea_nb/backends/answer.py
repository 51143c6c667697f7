"""What a query gives: the answer, and the run that made it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from opea_nb.backends.runstate import RunState, StepState, fold
from opea_nb.gateway.events import Event

__all__ = ["Answer", "Ingested", "Run"]


@dataclass(frozen=True, slots=True, repr=False)
class Run:
    """A recorded run.

    Parameters
    ----------
    events
        What happened, in order.
    state
        What the events add up to.
    """

    events: tuple[Event, ...]
    state: RunState = field(compare=False)

    @classmethod
    def of(cls, events: Iterable[Event]) -> Run:
        """The run that `events` tell of."""
        events = tuple(events)
        return cls(events, fold(events))

    @property
    def id(self) -> str:
        """The run's id: the trace id that every service was given."""
        return self.state.id

    @property
    def steps(self) -> tuple[StepState, ...]:
        """The steps, in the order of the flow."""
        return self.state.steps

    def step(self, name: str) -> StepState:
        """The step of that name; `KeyError` when there is none."""
        return self.state.step(name)

    def __repr__(self) -> str:
        return repr(self.state)


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """The answer to a query.

    Parameters
    ----------
    text
        The answer's text.
    run
        How it came about, step by step.
    """

    text: str
    run: Run

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.run.id

    @property
    def steps(self) -> tuple[StepState, ...]:
        """The steps, in the order of the flow: state, durations, request and response."""
        return self.run.steps

    @property
    def events(self) -> tuple[Event, ...]:
        """What happened, in order."""
        return self.run.events

    def step(self, name: str) -> StepState:
        """The step of that name; `KeyError` when there is none."""
        return self.run.step(name)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        text = self.text if len(self.text) <= 60 else self.text[:59] + "…"
        return f"Answer({text!r}, {len(self.steps)} steps)"


@dataclass(frozen=True, slots=True)
class Ingested:
    """A document that was put in.

    Parameters
    ----------
    name
        Its name in the store.
    size
        Bytes sent.
    """

    name: str
    size: int
