"""What two pipelines, or two documents, differ in, as a readable list: the measure of every conversion.

Pipelines are compared by what they mean: names, kinds, settings and wiring. Order and positions do not count, nor does
whether a value is said or comes from the catalogue.

>>> from opea_nb import Pipeline
>>> one, other = Pipeline("chat"), Pipeline("chat")
>>> one.add("llm", port=9001, parameters={"max_tokens": 64})
<llm>
>>> other.add("llm")
<llm>
>>> for difference in differences(one, other):
...     print(difference)
services.llm.parameters.max_tokens: 64 → 1024
services.llm.port: 9001 → 9000
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

from opea_nb.pipeline import Engine, Pipeline, Service

__all__ = ["NOTHING", "Difference", "differences", "document_differences", "meaning"]


class _Nothing:
    """Stands for a value that is not there, which ``None`` is not."""

    def __repr__(self) -> str:
        return "nothing"


NOTHING: Final = _Nothing()


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which two differ.

    Parameters
    ----------
    path
        Where: keys from the outside in; an index for an item of a list.
    one, other
        The values there; `NOTHING` where one has none.
    """

    path: tuple[str, ...]
    one: Any
    other: Any

    def __str__(self) -> str:
        where = ".".join(self.path) or "the whole"
        if self.one is NOTHING or self.other is NOTHING:
            side, value = ("second", self.other) if self.one is NOTHING else ("first", self.one)
            return f"{where}: only in the {side}" + ("" if value is True else f": {_shown(value)}")
        return f"{where}: {_shown(self.one)} → {_shown(self.other)}"


def differences(one: Pipeline, other: Pipeline, *, ignore: Collection[str] = ()) -> tuple[Difference, ...]:
    """What two pipelines differ in, sorted by service and field; empty when they mean the same.

    Parameters
    ----------
    ignore
        Paths to leave out, as for `document_differences`: ``services.*.port`` where a format has no ports.
    """
    return document_differences(meaning(one), meaning(other), ignore=ignore)


def document_differences(
    one: object, other: object, *, ignore: Collection[str] = (), unordered: Collection[str] = ()
) -> tuple[Difference, ...]:
    """What two documents (nested mappings, lists, scalars) differ in.

    Parameters
    ----------
    ignore
        Paths to leave out, keys joined with dots, with ``*`` for any one key or index and ``**`` for any number of
        them: ``metadata.uid``, ``**.status``.
    unordered
        Paths of lists whose order means nothing.

    >>> for found in document_differences({"a": [1, 2], "b": 1}, {"a": [2, 1], "c": 1}, unordered=["a"]):
    ...     print(found)
    b: only in the first: 1
    c: only in the second: 1
    """
    found = _compare(one, other, (), _patterns(ignore), _patterns(unordered))
    return tuple(sorted(found, key=lambda d: [(not p.isdigit(), p.zfill(9) if p.isdigit() else p) for p in d.path]))


def meaning(pipeline: Pipeline) -> dict[str, Any]:
    """A pipeline as nested data that is equal for pipelines that mean the same."""
    mega = pipeline.mega
    graph = pipeline.graph
    flows: dict[str, Any] = {}
    for name, flow in pipeline.flows.items():
        part = pipeline.flow(name)
        flows[name] = {
            "services": dict.fromkeys(part, True),
            "edges": {f"{a} >> {b}": True for a, b in part.edges},
            "endpoint": flow.endpoint,
            "extra": flow.extra,
        }
    settings = {"name": mega.name, "port": mega.port, "endpoint": pipeline.endpoint, "extra": mega.extra}
    return {
        "pipeline": settings | {"document": mega.document_extra},
        "services": {name: _fields(pipeline, node) for name, node in pipeline.services.items()},
        "engines": {name: _fields(pipeline, node) for name, node in pipeline.engines.items()},
        "uses": {f"{a} uses {b}": True for a, b, data in graph.edges(data=True) if data["kind"] == "uses"},
        "flows": flows,
    }


def _fields(pipeline: Pipeline, node: Service | Engine) -> dict[str, Any]:
    fields = {f.name: getattr(node, f.name) for f in dataclasses.fields(node)}
    for left in ("name", "position"):
        del fields[left]
    component = pipeline.catalog.get(node.kind)
    if component is None:
        return fields
    if not node.url:
        fields["port"] = node.port or component.port
        if isinstance(node, Service):
            fields["endpoint"] = node.endpoint or component.endpoint
    defaults = {p.name: p.default for p in component.parameters if p.default is not None}
    fields["parameters"] = {**defaults, **node.parameters}
    return fields


def _compare(
    one: object, other: object, path: tuple[str, ...], ignore: list[re.Pattern[str]], unordered: list[re.Pattern[str]]
) -> Iterator[Difference]:
    here = ".".join(path)
    if any(p.fullmatch(here) for p in ignore):
        return
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in dict.fromkeys((*one, *other)):
            yield from _compare(one.get(key, NOTHING), other.get(key, NOTHING), (*path, str(key)), ignore, unordered)
    elif _is_list(one) and _is_list(other):
        a, b = list(one), list(other)
        if any(p.fullmatch(here) for p in unordered):
            yield from _unordered(a, b, path)
            return
        for index in range(max(len(a), len(b))):
            left, right = (items[index] if index < len(items) else NOTHING for items in (a, b))
            yield from _compare(left, right, (*path, str(index)), ignore, unordered)
    elif not _same(one, other):
        yield Difference(path, one, other)


def _unordered(one: list[object], other: list[object], path: tuple[str, ...]) -> Iterator[Difference]:
    """Items that have no equal partner in the other list."""
    left = list(other)
    for index, item in enumerate(one):
        partner = next((i for i, candidate in enumerate(left) if _same(item, candidate)), None)
        if partner is None:
            yield Difference((*path, str(index)), item, NOTHING)
        else:
            del left[partner]
    for item in left:
        yield Difference((*path, str(other.index(item))), NOTHING, item)


def _same(one: object, other: object) -> bool:
    """Equality in which 1 is not True, and a tuple is as good as a list."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if _is_list(one) and _is_list(other):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other) or (one != one and other != other)  # noqa: PLR0124  NaN is the same as NaN here


def _is_list(value: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, list | tuple)


def _patterns(globs: Collection[str]) -> list[re.Pattern[str]]:
    words = {"**": r".*", "*": r"[^.]*"}
    return [
        re.compile(
            "".join(words.get(part, re.escape(part)) for part in re.split(r"(\*\*|\*)", glob)).replace(
                r".*\.", r"(?:.*\.)?"
            )
        )
        for glob in globs
    ]


def _shown(value: object) -> str:
    shown = repr({k: v for k, v in value.items() if v not in ("", {}, ())} if isinstance(value, Mapping) else value)
    return shown if len(shown) <= 200 else shown[:200] + "…"
