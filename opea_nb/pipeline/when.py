"""Request conditions: which steps of a flow a request runs.

A service may have a ``when`` in the unified YAML, where upstream's reader does not look. It maps paths into the request
to what must be found there; all entries must hold, or the step is left out of that run:

======================  =========================================================
``when: {model: big}``  the value is ``big`` (compared as text: 5 and "5" are equal)
``{model: [a, b]}``     the value is one of these
``{model: {not: a}}``   the value is none of these, or there is none
``{model: {exists: true}}``  there is a value, or (``false``) there is none
======================  =========================================================

A path is made of keys with dots between: ``parameters.language``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from opea_nb.errors import PipelineError

WHEN = "when"
"""The service's key."""

Value = str | None
"""A value's text; ``None`` where the request has none."""

_PATH = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


@dataclass(frozen=True, slots=True)
class Allowed:
    """What is asked of one value: that it is among `values`, or, when `negated`, that it is not."""

    values: frozenset[Value]
    negated: bool = False

    def holds(self, value: Value) -> bool:
        """Whether it is true of a value."""
        return (value in self.values) != self.negated

    def excludes(self, other: Allowed) -> bool:
        """Whether no value fits both."""
        if self.negated and other.negated:
            return False
        if self.negated:
            return other.excludes(self)
        return not any(other.holds(value) for value in self.values)

    def implies(self, other: Allowed) -> bool:
        """Whether what fits this one fits the other as well."""
        return self.excludes(Allowed(other.values, not other.negated))


When = Mapping[str, Allowed]


def parse(when: object) -> When:
    """The tests of a ``when`` as it stands in a file.

    Raises
    ------
    PipelineError
        When it is none.

    >>> parse({"model": ["a", 5]})["model"] == Allowed(frozenset({"a", "5"}))
    True
    """
    if not isinstance(when, Mapping):
        raise PipelineError(f"`when` is {_short(when)}", hint="write `when: {path: value}`")
    return {_path(path): _test(str(path), wanted) for path, wanted in when.items()}


def data(when: When) -> dict[str, Any]:
    """The tests as they stand in a file: the reverse of `parse`."""
    return {path: _written(test) for path, test in when.items()}


def holds(when: When, request: object) -> bool:
    """Whether a request (parsed JSON) fits.

    >>> holds(parse({"a.b": {"not": "x"}}), {"a": {"b": "y"}})
    True
    """
    return all(test.holds(_found(path, request)) for path, test in when.items())


def exclusive(one: When, other: When) -> bool:
    """Whether no request fits both."""
    return any(path in other and test.excludes(other[path]) for path, test in one.items())


def implies(one: When, other: When) -> bool:
    """Whether each request that fits the one fits the other."""
    return all(path in one and one[path].implies(test) for path, test in other.items())


def exhaustive(alternatives: Iterable[Allowed]) -> bool:
    """Whether each value (and none) fits one of the tests."""
    given = tuple(alternatives)
    mentioned = frozenset[Value]().union(*(t.values for t in given))
    other = Allowed(mentioned, negated=True)  # every value that nobody speaks of
    named = all(any(t.holds(value) for t in given) for value in (*mentioned, None))
    return named and any(other.implies(t) for t in given)


def both(one: When, other: When) -> dict[str, Allowed]:
    """What fits both. A path that both speak of gets the values that fit both."""
    result = dict(one)
    for path, test in other.items():
        result[path] = _both(result[path], test) if path in result else test
    return result


def _both(one: Allowed, other: Allowed) -> Allowed:
    if one.negated and other.negated:
        return Allowed(one.values | other.values, negated=True)
    if one.negated:
        one, other = other, one
    return Allowed(frozenset(v for v in one.values if other.holds(v)))


def is_path(path: object) -> bool:
    """Whether a key of a ``when`` can lead into a request.

    >>> is_path("parameters.language"), is_path("a b")
    (True, False)
    """
    return isinstance(path, str) and bool(_PATH.fullmatch(path))


def _path(path: object) -> str:
    if not isinstance(path, str) or not is_path(path):
        hint = "use keys of letters, digits, - and _, with dots between"
        raise PipelineError(f"`when`: {_short(path)} is no path into a request", hint=hint)
    return path


def _test(path: str, wanted: object) -> Allowed:
    if isinstance(wanted, Mapping):
        if set(wanted) == {"not"}:
            return Allowed(_values(path, wanted["not"]), negated=True)
        if set(wanted) == {"exists"} and isinstance(wanted["exists"], bool):
            return Allowed(frozenset({None}), negated=wanted["exists"])
        raise PipelineError(f"`when` of {path}: {_short(wanted)}", hint="use {not: …} or {exists: true}")
    return Allowed(_values(path, wanted))


def _values(path: str, wanted: object) -> frozenset[Value]:
    listed = wanted if isinstance(wanted, list | tuple) else [wanted]
    if not listed or not all(v is None or isinstance(v, str | int | float) for v in listed):
        raise PipelineError(f"`when` of {path}: {_short(wanted)} is no value", hint="use text, numbers, true or false")
    return frozenset(text(v) for v in listed)


def text(value: object) -> Value:
    """A value of a request as it is compared: JSON's text of numbers and truth values, ``None`` for null."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _written(test: Allowed) -> Any:
    if test.values == {None}:
        return {"exists": test.negated}
    listed = sorted(test.values, key=lambda v: (v is None, v or ""))
    values = listed[0] if len(listed) == 1 else listed
    return {"not": values} if test.negated else values


def _found(path: str, request: object) -> Value:
    for key in path.split("."):
        if isinstance(request, Mapping) and key in request:
            request = request[key]
        elif isinstance(request, list) and key.isdigit() and int(key) < len(request):
            request = request[int(key)]
        else:
            return None
    if request is None:
        return "null"  # there is a value, as other routers see it too
    return "" if isinstance(request, Mapping | list) else text(request)


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:60] + "…"
