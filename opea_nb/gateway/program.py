"""A flow made ready to run: what can be decided before a request is decided here, once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from opea_nb.errors import PlanError
from opea_nb.gateway.adapters import PORTS, Build, Read, build_of, read_of
from opea_nb.gateway.prompt import asked_fields
from opea_nb.gateway.runs import Route
from opea_nb.gateway.transport import Target
from opea_nb.pipeline.when import When

__all__ = ["Program", "Step", "StepSpec", "program"]

_EMPTY: Mapping[str, Any] = MappingProxyType({})
_CLIENT = ("query", "messages", "audio", "image")


@dataclass(frozen=True, slots=True)
class StepSpec:
    """A service in a flow, as `program` takes it.

    Parameters
    ----------
    name
        The service's name.
    target
        Its address.
    input, output
        Port types of its request and reply.
    after
        Names of the steps that it waits for, in flow order.
    parameters
        What is sent with each request unless the request says otherwise; ``None`` for nothing.
    declared
        Names of the parameters that a request may set.
    needs, gives
        Facets of the port types; see the catalogue's ``PortType``.
    when
        What it asks of a request to be run at all; see `opea_nb.gateway.variants`.
    """

    name: str
    target: Target
    input: str = "Json"
    output: str = "Json"
    after: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=lambda: _EMPTY)
    declared: frozenset[str] = frozenset()
    needs: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    when: When = field(default_factory=lambda: _EMPTY)


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a `Program`; other steps are named by their index."""

    index: int
    name: str
    target: Target
    build: Build
    read: Read
    generic: bool
    """Takes JSON, sent on as it is."""
    opaque: bool
    """Gives JSON that has no facets."""
    prompts: bool
    """Its request may hold texts of the steps before it."""
    ranks: bool
    """Makes no sense without documents."""
    form: bool
    """Its request is the fields of a form."""
    raw: bool
    """Its reply is no JSON."""
    parameters: Mapping[str, Any]
    declared: frozenset[str]
    predecessors: tuple[int, ...]
    successors: tuple[int, ...]
    ancestors: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """A flow.

    Parameters
    ----------
    steps
        In an order in which each comes after those it waits for.
    answers
        Index of the leaf that completes the answer; -1 when the flow answers with its leaves' JSON.
    streams
        Whether that leaf writes the answer itself, so that it can be passed on as it comes.
    linear
        Whether each step waits for the one before it and no other.
    asks
        Name of a step that needs a question; empty when none does.
    fields
        Fields of the request that the prompt of a step is made of instead of a question.
    absent
        Steps that this request leaves out: their places in prompts are empty.
    """

    pipeline: str
    flow: str
    endpoint: str
    steps: tuple[Step, ...]
    names: tuple[str, ...]
    route: Route
    roots: tuple[int, ...]
    leaves: tuple[int, ...]
    answers: int
    streams: bool
    linear: bool
    asks: str
    fields: tuple[str, ...] = ()
    absent: Mapping[str, Any] = field(default_factory=lambda: _EMPTY)


def program(pipeline: str, flow: str, endpoint: str, specs: Iterable[StepSpec], absent: Iterable[str] = ()) -> Program:
    """Make a flow ready.

    Parameters
    ----------
    absent
        Names of steps that were taken out.

    Raises
    ------
    PlanError
        When the gateway has no code for a port type, when a step needs what none before it gives, or when steps wait
        for each other.
    """
    ordered = _ordered(list(specs))
    index = {spec.name: i for i, spec in enumerate(ordered)}
    ancestors: list[frozenset[int]] = []
    successors: list[list[int]] = [[] for _ in ordered]
    for i, spec in enumerate(ordered):
        before = [index[name] for name in spec.after]
        ancestors.append(frozenset(before).union(*(ancestors[b] for b in before)))
        for b in before:
            successors[b].append(i)
        known = {*_CLIENT, "json"}.union(*(ordered[a].gives for a in ancestors[i]))
        missing = [facet for facet in spec.needs if facet not in known]
        if missing:
            raise PlanError(
                f"{spec.name} needs {' and '.join(missing)}, which no service before it gives",
                hint=f"connect a service that gives it to {spec.name}",
            )
    steps = tuple(
        Step(
            index=i,
            name=spec.name,
            target=spec.target,
            build=build_of(spec.input),
            read=read_of(spec.output),
            generic=spec.input == "Json",
            opaque=spec.output == "Json",
            prompts=spec.input == "ChatCompletionRequest",
            ranks="documents" in spec.needs,
            form=PORTS[spec.input].form,
            raw=PORTS[spec.output].raw,
            parameters=MappingProxyType({k: v for k, v in spec.parameters.items() if v is not None}),
            declared=spec.declared - {"stream", "model"},  # the pipeline chooses the model, not its client
            predecessors=tuple(index[name] for name in spec.after),
            successors=tuple(successors[i]),
            ancestors=tuple(sorted(ancestors[i])),
        )
        for i, spec in enumerate(ordered)
    )
    told = {i for i, before in enumerate(ancestors) if any("query" in ordered[a].gives for a in before)}
    fields = {i: _fields(s, [ordered[a].name for a in ancestors[i]], absent) for i, s in enumerate(ordered)}
    leaves = tuple(s.index for s in steps if not s.successors)
    answering = [i for i in leaves if _completes(ordered, i, ancestors[i])]
    answers = answering[0] if len(answering) == 1 else -1
    names = tuple(s.name for s in steps)
    return Program(
        pipeline=pipeline,
        flow=flow,
        endpoint=endpoint,
        steps=steps,
        names=names,
        route=Route(pipeline, flow, endpoint, names, {s.name: s.target.url for s in steps}),
        roots=tuple(s.index for s in steps if not s.predecessors),
        leaves=leaves,
        answers=answers,
        streams=answers >= 0 and len(leaves) == 1 and "answer" in ordered[answers].gives,
        linear=all(s.predecessors == ((s.index - 1,) if s.index else ()) for s in steps),
        asks=next(
            (s.name for i, s in enumerate(ordered) if "query" in s.needs and i not in told and not fields[i]), ""
        ),
        fields=tuple(sorted({name for names in fields.values() for name in names})),
        absent=MappingProxyType({name: {} for name in sorted(absent)}),
    )


def _fields(spec: StepSpec, ancestors: list[str], absent: Iterable[str]) -> frozenset[str]:
    template = spec.parameters.get("chat_template")
    if spec.input != "ChatCompletionRequest" or not isinstance(template, str):
        return frozenset()
    return asked_fields(template) - {*ancestors, *absent}


def _completes(ordered: list[StepSpec], leaf: int, before: frozenset[int]) -> bool:
    gives = ordered[leaf].gives
    return "answer" in gives or ("verdict" in gives and any("answer" in ordered[a].gives for a in before))


def _ordered(specs: list[StepSpec]) -> list[StepSpec]:
    """After those they wait for, else as given."""
    if not specs:
        raise PlanError("the flow has no services", hint="connect at least one service")
    names = {s.name for s in specs}
    unknown = sorted({a for s in specs for a in s.after} - names)
    if unknown:
        raise PlanError(
            f"a step waits for {unknown[0]!r}, which is not in the flow", hint="connect services of one flow"
        )
    done: dict[str, StepSpec] = {}
    while len(done) < len(specs):
        ready = [s for s in specs if s.name not in done and all(a in done for a in s.after)]
        if not ready:
            stuck = ", ".join(s.name for s in specs if s.name not in done)
            raise PlanError(f"these steps wait for each other: {stuck}", hint="remove an edge of the circle")
        for s in ready:
            done[s.name] = s
    return list(done.values())
