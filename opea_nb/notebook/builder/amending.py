"""The smallest edit that turns one pipeline into another: what both have is left alone, so is the place of its card.

>>> from opea_nb.pipeline import Pipeline
>>> now, wanted = Pipeline("chat"), Pipeline("chat")
>>> _ = now.add("llm"), wanted.add("llm", port=9001), wanted.add("redis")
>>> [step.label for step in amend(now, wanted).edits]
['change port of llm', 'add redis']
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from opea_nb.catalog.values import check_parameters
from opea_nb.errors import CatalogError
from opea_nb.pipeline import MAIN, Pipeline, board, edits, wiring
from opea_nb.pipeline.edit import Edit
from opea_nb.pipeline.spec import Node

__all__ = ["amend", "of_kind"]

Wire = tuple[str, str, str]
"""Source, target, and the flow; an empty flow for a use."""


def amend(
    pipeline: Pipeline, wanted: Pipeline, label: str = "edit the YAML", *, keep_places: bool = True
) -> edits.Batch:
    """One edit that makes `pipeline` equal to `wanted`, with as few steps as that takes.

    A node that differs by its name alone is renamed.

    Parameters
    ----------
    label
        What undo calls it.
    keep_places
        Whether a card for which `wanted` has no place keeps its own; otherwise the layout chooses one.
    """
    steps = list(_steps(pipeline, wanted))
    before, after = _nodes(pipeline), _nodes(wanted)
    renamed = {new: old for old, new in _renames(pipeline, wanted).items()}
    for name, node in after.items():
        was = before.get(renamed.get(name, name))
        moved = was is not None and type(was) is type(node) and was.position != node.position
        if moved and (node.position is not None or not keep_places):
            steps.append(edits.Move(name, node.position))
    return edits.Batch(tuple(steps), label)


def of_kind(pipeline: Pipeline, name: str, kind: str) -> Edit:
    """The edit that makes a service or engine one of another kind: its wires stay, and what settings the kind has too.

    Raises
    ------
    CatalogError, UnknownName
        When there is no such kind or name.
    """
    node, component = pipeline.node(name), pipeline.catalog.component(kind)
    parameters: dict[str, Any] = {}
    for key, value in node.parameters.items():
        try:
            parameters |= check_parameters(component, {key: value})
        except CatalogError:  # the other kind has no such setting
            continue
    fields = {"kind": kind, "parameters": parameters, "form": node.form if node.form in component.forms else ""}
    changed = {key: value for key, value in fields.items() if not _same(getattr(node, key), value)}
    return edits.Batch((edits.Change(name, changed),), f"make {name} {kind}")


def _steps(pipeline: Pipeline, wanted: Pipeline) -> Iterator[Edit]:
    before, after = _nodes(pipeline), _nodes(wanted)
    renamed = _renames(pipeline, wanted)
    for old, new in renamed.items():
        yield edits.Rename(old, new)
    before = {renamed.get(name, name): node for name, node in before.items()}
    kept = {name for name in before.keys() & after.keys() if type(before[name]) is type(after[name])}
    was, wires = _wires(pipeline, renamed), _wires(wanted, {})
    for source, target, flow in was:
        if {source, target} <= kept and (source, target, flow) not in wires:
            yield wiring.Disconnect(source, target, flow) if flow else wiring.Unuse(source, target)
    for name in before:
        if name not in kept:
            yield edits.Remove(name)
    settings = _changed(pipeline.mega, wanted.mega)
    if settings:
        yield edits.Configure(settings)
    for put in wanted.flows.values():
        if pipeline.flows.get(put.name) != put:
            yield wiring.PutFlow(put)
    yield from _of_nodes(before, after, kept, _members(pipeline, renamed), _members(wanted, {}))
    for source, target, flow in wires:
        if not ({source, target} <= kept and (source, target, flow) in was):
            yield wiring.Connect(source, target, flow) if flow else wiring.Use(source, target)
    for name in pipeline.flows:
        if name not in wanted.flows and name != MAIN:
            yield wiring.DropFlow(name)
    yield from _of_board(pipeline, wanted, renamed, kept)


def _of_board(
    pipeline: Pipeline, wanted: Pipeline, renamed: Mapping[str, str], kept: Collection[str]
) -> Iterator[Edit]:
    for key in pipeline.notes:
        if key not in wanted.notes:
            yield board.DropNote(key)
    for key, note in wanted.notes.items():
        if pipeline.notes.get(key) != note:
            yield board.PutNote(note)
    left: dict[str, board.Group] = {}  # what the steps before leave of the groups
    for name, group in pipeline.groups.items():
        members = tuple(new for old in group.members if (new := renamed.get(old, old)) in kept)
        if members:
            left[name] = dataclasses.replace(group, members=members)
    regrouped = {name: wanted.groups.get(name) for name in {**left, **wanted.groups}}
    regrouped = {name: group for name, group in regrouped.items() if left.get(name) != group}
    if regrouped:
        yield board.Regroup(regrouped)


def _of_nodes(
    before: Mapping[str, Node],
    after: Mapping[str, Node],
    kept: set[str],
    was: Mapping[str, tuple[str, ...]],
    flows: Mapping[str, tuple[str, ...]],
) -> Iterator[Edit]:
    for name, node in after.items():
        if name not in kept:
            yield edits.Add(node, flows[name])
            continue
        fields = {key: value for key, value in _changed(before[name], node).items() if key not in ("name", "position")}
        if fields:
            yield edits.Change(name, fields)
        for flow in was[name]:
            if flow not in flows[name]:
                yield wiring.Leave(name, flow)
        for flow in flows[name]:
            if flow not in was[name]:
                yield wiring.Join(name, flow)


def _nodes(pipeline: Pipeline) -> dict[str, Node]:
    return {**pipeline.services, **pipeline.engines}


def _wires(pipeline: Pipeline, renamed: Mapping[str, str]) -> dict[Wire, None]:
    found: dict[Wire, None] = {}
    for source, target, data in pipeline.graph.edges(data=True):
        ends = renamed.get(source, source), renamed.get(target, target)
        for flow in data["flows"] if data["kind"] == "flow" else ("",):
            found[*ends, flow] = None
    return found


def _members(pipeline: Pipeline, renamed: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    return {renamed.get(name, name): data["flows"] for name, data in pipeline.graph.nodes(data=True)}


def _renames(pipeline: Pipeline, wanted: Pipeline) -> dict[str, str]:
    """Old -> new name, of what is gone from one and new in the other but for its name the same, where it is plain."""
    before, after = _nodes(pipeline), _nodes(wanted)
    gone = [name for name in before if name not in after]
    new = [name for name in after if name not in before]
    pairs = [(a, b) for a in gone for b in new if dataclasses.replace(before[a], name=b) == after[b]]
    olds, news = [a for a, _ in pairs], [b for _, b in pairs]
    return {a: b for a, b in pairs if olds.count(a) == 1 and news.count(b) == 1}


def _changed(before: Any, after: Any) -> dict[str, Any]:
    """The fields, and their new values, that two values of one dataclass differ in."""
    names = [f.name for f in dataclasses.fields(before)]
    return {name: getattr(after, name) for name in names if not _same(getattr(before, name), getattr(after, name))}


def _same(one: Any, other: Any) -> bool:
    """Equality in which 1 is neither True nor 1.0, as in the text of a file."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return type(one) is type(other) and bool(one == other)
