"""A run as the views show it: plain JSON made of the run's state and the pipeline's flow."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from opea_nb.backends.runstate import RunState, StepState
from opea_nb.formats.layout import CARD, GAP, Point, positions
from opea_nb.notebook.bodies import shorten
from opea_nb.notebook.look import hue
from opea_nb.pipeline import MAIN, Pipeline

__all__ = ["RunShown", "Shown"]

Shown = dict[str, Any]
"""See ``Run`` in widgets/src/run-state.ts."""

_STATES = {"waiting": "waiting", "running": "running", "finished": "done", "failed": "failed"}


@dataclass(frozen=True, slots=True)
class RunShown:
    """Turns states of one run into what the views show.

    Parameters
    ----------
    question
        What was asked.
    pipeline
        Whose flow is drawn; ``None`` draws the steps in a row.
    flow
        Which of its flows.
    clock
        Unix time in seconds.
    """

    question: str
    pipeline: Pipeline | None = None
    flow: str = MAIN
    clock: Callable[[], float] = time.time

    def shown(self, state: RunState, *, stopped: str = "", error: str = "", hint: str = "") -> Shown:
        """The run at one moment.

        Parameters
        ----------
        stopped
            Why the run was ended from here; empty when it was not.
        error, hint
            What the caller knows better than the run's events.
        """
        ended = "stopped" if stopped else "failed" if error else _STATES[state.state]
        now = self.clock() - state.started if state.started else 0.0
        message = stopped or error or (state.error if ended == "failed" else "")
        steps = [self._step(step, ended, now) for step in state.steps]
        return {
            "run": state.id,
            "pipeline": state.pipeline,
            "question": self.question,
            "state": ended,
            "elapsed": max(0.0, now if state.elapsed is None else state.elapsed),
            "error": {"message": message, "step": state.failed_step, "hint": hint} if message else None,
            "endedBy": state.ended_by,
            **self._drawing(state),
            "steps": steps,
        }

    def _step(self, step: StepState, run: str, now: float) -> Shown:
        state: str = step.state
        if run in ("stopped", "failed") and state in ("waiting", "running"):
            state = "stopped" if run == "stopped" else "skipped"
        elapsed = step.elapsed
        if elapsed is None and step.offset is not None:
            elapsed = max(0.0, now - step.offset)
        return {
            "name": step.name,
            "state": state,
            "start": step.offset,
            "elapsed": elapsed,
            "firstToken": step.first_token,
            "tokens": step.tokens,
            "url": step.url,
            "status": step.status,
            "reason": step.reason if state == "skipped" else "",
            "error": step.reason if state == "failed" else "",
            "body": step.body,
            "request": shorten(step.request),
            "response": shorten(step.response),
        }

    def _drawing(self, state: RunState) -> Shown:
        names = [step.name for step in state.steps]
        place = self._places(names)
        left = min((x for x, _ in place.values()), default=0)
        top = min((y for _, y in place.values()), default=0)
        edges = list(itertools.pairwise(names))
        if self.pipeline is not None and self.flow in self.pipeline.flows:
            edges = [(a, b) for a, b in self.pipeline.flow(self.flow).edges if a in place and b in place]
        return {
            "nodes": [{"name": n, "x": place[n][0] - left, "y": place[n][1] - top, **self._kind(n)} for n in names],
            "edges": [list(edge) for edge in edges],
        }

    def _places(self, names: list[str]) -> dict[str, Point]:
        known = positions(self.pipeline) if self.pipeline is not None else {}
        if all(name in known for name in names):
            return {name: known[name] for name in names}
        return {name: (n * (CARD[0] + GAP[0]), 0.0) for n, name in enumerate(names)}

    def _kind(self, name: str) -> Shown:
        if self.pipeline is None or name not in self.pipeline.services:
            return {"title": name, "hue": 0}
        kind, catalog = self.pipeline.services[name].kind, self.pipeline.catalog
        return {"title": catalog[kind].title if kind in catalog else kind, "hue": hue(catalog, kind)}
