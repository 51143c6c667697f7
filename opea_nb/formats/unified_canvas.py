"""What the canvas shows besides the pipeline, in the unified YAML: under ``opea_nb``, where upstream does not look.

::

    opea_nb:
      layout: {llm: [408, 0]}
      notes: {note: {text: ask Ann, at: [0, 120], size: [200, 96]}}
      groups: {search: {members: [embedding, retriever], folded: true}}
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from opea_nb.errors import PipelineError
from opea_nb.formats.unified_fields import Fields, near
from opea_nb.pipeline import Engine, Group, Note, Pipeline, Service
from opea_nb.pipeline.board import check_name, check_note

if TYPE_CHECKING:
    import networkx as nx

    Graph = nx.DiGraph[str]

CANVAS_KEYS = ("layout", "notes", "groups")
_NOTE_KEYS, _GROUP_KEYS = ("text", "at", "size"), ("members", "folded")


def read_canvas(own: Fields, graph: Graph) -> None:
    """Put places, notes and groups into a graph that has its services and engines.

    Raises
    ------
    FormatError
        For what is not sound, with line and column.
    """
    places = own.at("layout", "layout")
    for name in places.names("layout name"):
        point = places.point(name)
        # A name that was taken out by hand needs no place any more; nor is it part of a group.
        if name in graph:
            graph.nodes[name]["spec"] = replace(graph.nodes[name]["spec"], position=point)
    notes = own.at("notes", "notes")
    graph.graph["notes"] = {key: _note(notes, key) for key in notes.names("note's id")}
    graph.graph["groups"] = {group.name: group for group in _groups(own.at("groups", "groups"), graph)}


def written_canvas(pipeline: Pipeline, nodes: Iterable[Service | Engine]) -> dict[str, Any]:
    """Places, notes and groups as data; empty when there are none."""
    layout = {node.name: _point(node.position) for node in nodes if node.position}
    notes = {
        key: ({"text": note.text} if note.text else {}) | {"at": _point(note.position), "size": _point(note.size)}
        for key, note in sorted(pipeline.notes.items())
    }
    groups = {
        name: {"members": list(group.members)} | ({"folded": True} if group.folded else {})
        for name, group in sorted(pipeline.groups.items())
    }
    return {key: value for key, value in zip(CANVAS_KEYS, (layout, notes, groups), strict=True) if value}


def _note(entries: Fields, key: str) -> Note:
    entry = entries.at(key, f"note {key}")
    _refuse_others(entry, _NOTE_KEYS)
    given = {
        field: entry.point(name, f"{entry.what}: {name}")
        for name, field in (("at", "position"), ("size", "size"))
        if name in entry.data
    }
    try:
        return check_note(Note(key, entry.text("text"), **given))
    except PipelineError as error:
        raise entries.error(error.message, key, error.hint, of_key=True) from error


def _groups(entries: Fields, graph: Graph) -> Iterable[Group]:
    taken: dict[str, str] = {}
    for name in entries.names("group name"):
        try:
            check_name(name, "group")
        except PipelineError as error:
            raise entries.error(error.message, name, error.hint, of_key=True) from error
        entry = entries.at(name, f"group {name}")
        _refuse_others(entry, _GROUP_KEYS)
        members = entry.data.get("members")
        if not isinstance(members, list) or not all(isinstance(m, str) for m in members):
            raise entry.error(f"{entry.what}: members is no list of names", "members", "write `members: [a, b]`")
        for index, member in enumerate(map(str, members)):
            if member in graph and taken.setdefault(member, name) != name:
                message = f"{member} is part of the groups {taken[member]} and {name}"
                raise entry.document.error(message, (*entry.path, "members", index), hint="keep one of them")
        folded = entry.data.get("folded", False)
        if not isinstance(folded, bool):
            raise entry.error(f"{entry.what}: folded is neither true nor false", "folded", "write true or false")
        if there := tuple(dict.fromkeys(m for m in map(str, members) if m in graph)):
            yield Group(name, there, folded)


def _refuse_others(entry: Fields, known: tuple[str, ...]) -> None:
    for key in entry.rest(known):
        hint = near(key, known) or f"keys: {', '.join(known)}"
        raise entry.error(f"{entry.what} has no key `{key}`", key, hint, of_key=True)


def _point(point: tuple[float, float]) -> list[float | int]:
    return [int(value) if value == int(value) else value for value in point]
