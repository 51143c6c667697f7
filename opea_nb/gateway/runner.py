"""Runs a program once: each step when all it waits for are done, those that do not wait for each other together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

import orjson

from opea_nb.errors import RunError, StepFailed
from opea_nb.gateway import events as ev
from opea_nb.gateway.adapters import Call, Facets, WrongShape
from opea_nb.gateway.merging import extended, joined
from opea_nb.gateway.program import Program, Step
from opea_nb.gateway.runs import Run
from opea_nb.gateway.sse import whole_text
from opea_nb.gateway.streaming import read_stream
from opea_nb.gateway.traceparent import span
from opea_nb.gateway.transport import CallFailed, Transport

__all__ = ["Answer", "Execution", "Sink", "StepTimedOut", "execute"]

_STARTED, _FINISHED = ev.StepStarted.type, ev.StepFinished.type
_NO_DOCUMENTS = "no documents found"


class StepTimedOut(StepFailed):
    """A step of a query was too slow."""


class Sink(Protocol):
    """Where the text of a streamed answer goes. Waiting there makes the service wait."""

    async def text(self, tokens: list[str]) -> None:
        """More text."""


@dataclass(slots=True)
class Answer:
    """What a run comes to.

    Parameters
    ----------
    text
        The answer of a flow that ends in one.
    body
        The JSON of a flow that ends in something else; ``None`` otherwise.
    ended_by
        The guardrail that ended the run early.
    """

    text: str = ""
    body: bytes | None = None
    finish_reason: str = "stop"
    usage: Mapping[str, Any] | None = None
    ended_by: str = ""


class _Ended(Exception):
    """A guardrail ended the run."""

    def __init__(self, step: str, text: str) -> None:
        super().__init__(step)
        self.step = step
        self.text = text


class Execution:
    """One run of a program.

    Parameters
    ----------
    body
        The client's request as it came.
    request
        The same as JSON.
    facets
        What the client gave; see `Facets`.
    sink
        Where a streamed answer goes; ``None`` when it is wanted whole.
    trace, flags, tracestate
        W3C Trace Context for the services.
    """

    __slots__ = (
        "after",
        "body",
        "facets",
        "flags",
        "given",
        "program",
        "raw",
        "reason",
        "request",
        "run",
        "sink",
        "trace",
        "tracestate",
        "transport",
    )

    def __init__(
        self,
        program: Program,
        transport: Transport,
        run: Run | None,
        *,
        body: bytes,
        request: Any,
        facets: Facets,
        trace: str,
        flags: str = "01",
        tracestate: str = "",
        sink: Sink | None = None,
    ) -> None:
        self.program = program
        self.transport = transport
        self.run = run
        self.body = body
        self.request = request if isinstance(request, dict) else {}
        self.facets = facets
        self.trace = trace
        self.flags = flags
        self.tracestate = tracestate
        self.sink = sink if program.streams else None
        self.reason = ""
        count = len(program.steps)
        self.given: list[Facets | None] = [None] * count
        self.after: list[Facets] = [facets] * count
        self.raw: list[bytes] = [b""] * count

    async def go(self) -> Answer:
        """Run it.

        Raises
        ------
        StepFailed
            When a step could not be called or answered wrongly; `StepTimedOut` when it was too slow.
        """
        try:
            if self.program.linear:
                facets = self.facets
                for step in self.program.steps:
                    facets = await self.step(step, facets)
            else:
                await self._graph()
        except _Ended as end:
            if self.run is not None:
                for step in self.program.steps:
                    if self.given[step.index] is None:
                        self.run.emit((ev.StepSkipped.type, time.perf_counter(), step.name, self.reason))
            return Answer(text=end.text, finish_reason="content_filter", ended_by=end.step)
        return self._answer()

    async def _graph(self) -> None:
        waiting = [len(s.predecessors) for s in self.program.steps]
        steps = self.program.steps

        async def walk(step: Step) -> None:
            while True:
                before = [self.after[p] for p in step.predecessors]
                known = self.facets if not before else before[0] if len(before) == 1 else joined(before, self.facets)
                await self.step(step, known)
                ready = []
                for s in step.successors:
                    waiting[s] -= 1
                    if not waiting[s]:
                        ready.append(steps[s])
                if not ready:
                    return
                for other in ready[1:]:
                    group.create_task(walk(other))
                step = ready[0]

        failure: BaseException | None = None
        try:
            async with asyncio.TaskGroup() as group:
                for root in self.program.roots:
                    group.create_task(walk(steps[root]))
        except BaseExceptionGroup as many:
            failure = _first(many)
        if failure is not None:
            raise failure  # outside the except block: it keeps the cause that it has

    async def step(self, step: Step, facets: Facets) -> Facets:
        """Do one step; what is known after it."""
        if step.ranks and not facets.get("documents", True):
            if self.run is not None:
                self.run.emit((ev.StepSkipped.type, time.perf_counter(), step.name, _NO_DOCUMENTS))
            self.given[step.index] = {}
            self.after[step.index] = facets
            self.raw[step.index] = self.raw[step.predecessors[0]] if step.predecessors else b"{}"
            return facets
        last = step.index == self.program.answers and self.sink is not None
        call = Call(facets, self._parameters(step), last)
        if step.prompts:
            steps = self.program.steps
            call.ancestors = {**self.program.absent, **{steps[a].name: self.given[a] or {} for a in step.ancestors}}
        data = self._request(step, call)
        started = time.perf_counter()
        run = self.run
        if run is not None:
            kept = data if len(data) <= run.limit else run.cut(data)
            run.emit((_STARTED, started, step.name, kept, len(data)))
        parent = span(self.trace, self.flags)
        status, body, tokens = 0, b"", 0
        try:
            if last and self.sink is not None:
                status, body, given, tokens = await read_stream(self, step, call, data, parent, started)
            else:
                status, _, body = await self.transport.fetch(step.target, data, parent, self.tracestate)
                given = self.read(step, call, status, body)
        except CallFailed as e:
            raise self._failed(step, started, e.status or status, body, e.reason, timed_out=e.timed_out) from e
        except WrongShape as e:
            raise self._failed(step, started, e.status or status, body or e.body, e.reason) from e
        except asyncio.CancelledError:
            if run is not None:
                run.emit((ev.StepSkipped.type, time.perf_counter(), step.name, self.reason or "the client went away"))
            self.given[step.index] = {}
            raise
        if run is not None:
            ended = time.perf_counter()
            kept = body if len(body) <= run.limit else run.cut(body)
            run.emit((_FINISHED, ended, step.name, ended - started, status, kept, len(body), tokens))
        self.given[step.index] = given
        self.raw[step.index] = orjson.dumps(given) if step.raw else body
        self.after[step.index] = known = extended(facets, given, step.opaque)
        if "verdict" in given:
            self.reason = f"ended by {step.name}"
            raise _Ended(step.name, given["verdict"])
        return known

    def _request(self, step: Step, call: Call) -> bytes:
        if step.generic and not call.parameters:
            if not step.predecessors:
                return self.body
            if len(step.predecessors) == 1 and self.program.steps[step.predecessors[0]].opaque:
                return self.raw[step.predecessors[0]]
        try:
            body = step.build(call)
            return urlencode(body).encode() if step.form else orjson.dumps(body)
        except KeyError as e:
            raise RunError(f"{step.name} needs {e.args[0]}, which no step before it gave", run_id=self.trace) from e

    def _parameters(self, step: Step) -> Mapping[str, Any]:
        asked = self.request.keys() & step.declared
        if not asked:
            return step.parameters
        given = {k: v for k in asked if (v := self.request[k]) is not None}
        return {**step.parameters, **given}

    def read(self, step: Step, call: Call, status: int, body: bytes) -> Facets:
        """Facets of a whole reply.

        Raises
        ------
        WrongShape
            When it is an error, no JSON, or not what the port type says.
        """
        if not 200 <= status < 300:
            raise WrongShape(f"answered {status}", body)
        try:
            value = body if step.raw else orjson.loads(body)
        except orjson.JSONDecodeError as e:
            if text := whole_text(body):
                return {"answer": text}
            raise WrongShape(f"answered {status} with what is no JSON ({e})" if body else "answered nothing") from e
        try:
            return step.read(value, call)
        except WrongShape as e:
            raise WrongShape(f"answered {status} with a body of the wrong shape: {e.reason}") from e

    def _failed(
        self, step: Step, started: float, status: int, body: bytes, reason: str, *, timed_out: bool = False
    ) -> StepFailed:
        first = first_lines(body)
        self.reason = self.reason or f"{step.name} failed"
        self.given[step.index] = {}
        if self.run is not None:
            elapsed = time.perf_counter() - started
            row = (ev.StepFailed.type, time.perf_counter(), step.name, elapsed, step.target.url, status, reason, first)
            self.run.emit(row if self.run.limit else (*row[:-1], ""))
        text = f"{step.name} at {step.target.url} {reason}"
        error = StepTimedOut if timed_out else StepFailed
        return error(
            f"{text}: {first}" if first else text,
            step=step.name,
            url=step.target.url,
            status=status,
            body=first,
            run_id=self.trace,
        )

    def _answer(self) -> Answer:
        program = self.program
        if program.answers >= 0:
            known = self.after[program.answers]
            finish = known.get("finish_reason", "stop")
            return Answer(text=known.get("answer", ""), finish_reason=finish, usage=known.get("usage"))
        if len(program.leaves) == 1:
            return Answer(body=self.raw[program.leaves[0]])
        values = {program.names[i]: orjson.Fragment(self.raw[i]) for i in program.leaves}
        return Answer(body=orjson.dumps(values))


def first_lines(body: bytes, lines: int = 5, size: int = 500) -> str:
    """The start of a body, for an error message."""
    text = body[: 4 * size].decode("utf-8", "replace").strip()
    return "\n".join(text.splitlines()[:lines])[:size]


def _first(many: BaseExceptionGroup[BaseException]) -> BaseException:
    """The failure that came first; the others were cancelled because of it."""
    first: BaseException = many
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first


async def execute(execution: Execution, began: float) -> Answer:
    """Run it and tell its end in the trace.

    Parameters
    ----------
    began
        `time.perf_counter` when the request came.

    Raises
    ------
    RunError
        When there is no answer.
    """
    run = execution.run
    if run is None:
        return await execution.go()
    try:
        answer = await execution.go()
    except StepFailed as e:
        run.fail(time.perf_counter() - began, e.message, e.step)
        raise
    except RunError as e:
        run.fail(time.perf_counter() - began, e.message, "")
        raise
    except asyncio.CancelledError:
        run.fail(time.perf_counter() - began, "client went away", "")
        raise
    except Exception as e:
        run.fail(time.perf_counter() - began, f"{type(e).__name__}: {e}", "")
        raise
    run.finish(time.perf_counter() - began, answer.text, answer.ended_by)
    return answer
