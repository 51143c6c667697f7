"""A flow whose steps depend on the request (``when``): one ordinary program for each set of steps that is left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from opea_nb.errors import PlanError
from opea_nb.gateway.program import Program, StepSpec, program
from opea_nb.pipeline import when

__all__ = ["Variant", "Variants", "variants"]

_KEPT = 256  # programs per flow: with many conditions that are told one by one, a client could ask for more


@dataclass(frozen=True, slots=True)
class Variant:
    """What one request runs.

    Parameters
    ----------
    program
        The flow without the steps that are left out.
    left
        Why, by step that is left out.
    """

    program: Program
    left: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Variants:
    """A flow, and what of it a request runs.

    Parameters
    ----------
    bare
        All steps.
    conditions
        Step -> what it asks of a request; steps without conditions are missing.
    """

    bare: Variant
    specs: tuple[StepSpec, ...]
    conditions: Mapping[str, when.When]
    _made: dict[frozenset[str], Program] = field(default_factory=dict)

    @property
    def whole(self) -> Program:
        """The program of all steps."""
        return self.bare.program

    def of(self, request: Any) -> Variant:
        """What a request runs.

        Raises
        ------
        PlanError
            When nothing is left, or a step that is left lacks what only those before it would have given.
        """
        left = {name: reason for name, asked in self.conditions.items() if (reason := _unmet(asked, request))}
        if not left:
            return self.bare
        names = frozenset(left)
        made = self._made.get(names)
        if made is None:
            made = self._without(names, left)
            if len(self._made) >= _KEPT:
                self._made.clear()
            self._made[names] = made
        return Variant(made, left)

    def _without(self, names: frozenset[str], left: Mapping[str, str]) -> Program:
        """The flow with those steps bypassed: who waited for one of them waits for what that one waited for."""
        passed: dict[str, tuple[str, ...]] = {}
        kept = []
        for spec in self.specs:
            before = tuple(dict.fromkeys(a for name in spec.after for a in passed.get(name, (name,))))
            if spec.name in names:
                passed[spec.name] = before
            else:
                kept.append(replace(spec, after=before))
        if not kept:
            raise PlanError(
                f"this request runs no step: {_told(left)}", hint="send what one of the conditions asks for"
            )
        whole = self.whole
        try:
            return program(whole.pipeline, whole.flow, whole.endpoint, kept, absent=names)
        except PlanError as e:
            raise PlanError(f"{e.message}: this request leaves out {_told(left)}", hint=e.hint) from e


def variants(pipeline: str, flow: str, endpoint: str, specs: Iterable[StepSpec]) -> Variants:
    """Make a flow ready.

    Parameters
    ----------
    specs
        Each after those that it waits for.

    Raises
    ------
    PlanError
        As `program`.
    """
    given = tuple(specs)
    conditions = {spec.name: spec.when for spec in given if spec.when}
    return Variants(Variant(program(pipeline, flow, endpoint, given)), given, conditions)


def _told(left: Mapping[str, str]) -> str:
    return ", ".join(f"{name} ({reason})" for name, reason in left.items())


def _unmet(asked: when.When, request: Any) -> str:
    for path, test in asked.items():
        if not when.holds({path: test}, request):
            return f"when: {path} {_words(test)}"
    return ""


def _words(test: when.Allowed) -> str:
    if test.values == {None}:
        return "exists" if test.negated else "is absent"
    listed = sorted("nothing" if v is None else v for v in test.values)
    return f"is {'not ' if test.negated else ''}{' or '.join(listed)}"
