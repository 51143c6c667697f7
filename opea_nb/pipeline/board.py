"""Notes and groups: what stands on the canvas beside the pipeline, and says nothing about how it runs.

They are attributes of the graph (``notes`` and ``groups``), part of undo and of the YAML, and no part of equality.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from opea_nb.errors import DuplicateName, PipelineError, UnknownName
from opea_nb.pipeline.edit import Edit, spec
from opea_nb.pipeline.spec import Position

if TYPE_CHECKING:
    import networkx as nx

    Graph = nx.DiGraph[str]

_NAME_LIMIT, _TEXT_LIMIT = 100, 10_000


@dataclass(frozen=True, slots=True)
class Note:
    """A text on the canvas.

    Parameters
    ----------
    id
        What it is known by; not shown.
    text
        Plain text, up to 10,000 characters.
    position
        Its upper left corner, in pixels.
    size
        Width and height, in pixels.
    """

    id: str
    text: str = ""
    position: Position = (0.0, 0.0)
    size: Position = (200.0, 96.0)


@dataclass(frozen=True, slots=True)
class Group:
    """Services and engines that are shown as one thing. Each is part of one group at most.

    Parameters
    ----------
    name
        What the canvas shows.
    members
        Names of services and engines.
    folded
        Whether they are shown as a single card.
    """

    name: str
    members: tuple[str, ...]
    folded: bool = False


@dataclass(frozen=True, slots=True)
class PutNote:
    """Put a note on the canvas, or change the one of that id."""

    note: Note

    @property
    def label(self) -> str:
        return f"write the note {_short(self.note.text)}" if self.note.text.strip() else "write a note"

    def apply(self, graph: Graph) -> Edit:
        notes: dict[str, Note] = graph.graph["notes"]
        before = notes.get(self.note.id)
        notes[self.note.id] = check_note(self.note)
        return PutNote(before) if before else DropNote(self.note.id)


@dataclass(frozen=True, slots=True)
class DropNote:
    """Take a note off the canvas."""

    id: str

    @property
    def label(self) -> str:
        return "delete a note"

    def apply(self, graph: Graph) -> Edit:
        note = note_of(graph, self.id)
        del graph.graph["notes"][self.id]
        return PutNote(note)


@dataclass(frozen=True, slots=True)
class PutGroup:
    """Group services and engines, or change the group of that name; members leave the group that they were in."""

    group: Group

    @property
    def label(self) -> str:
        return f"group {_names(self.group.members)} as {self.group.name}"

    def apply(self, graph: Graph) -> Edit:
        group, taken = self.group, set(self.group.members)
        changed: dict[str, Group | None] = {
            name: _less(other, taken)
            for name, other in graph.graph["groups"].items()
            if name != group.name and taken & set(other.members)
        }
        return Regroup({**changed, group.name: group}, self.label).apply(graph)


@dataclass(frozen=True, slots=True)
class DropGroup:
    """Take a group apart; its members stay."""

    name: str

    @property
    def label(self) -> str:
        return f"ungroup {self.name}"

    def apply(self, graph: Graph) -> Edit:
        group_of_name(graph, self.name)
        return Regroup({self.name: None}, self.label).apply(graph)


@dataclass(frozen=True, slots=True)
class RenameGroup:
    """Give a group another name."""

    old: str
    new: str

    @property
    def label(self) -> str:
        return f"rename the group {self.old} to {self.new}"

    def apply(self, graph: Graph) -> Edit:
        group = group_of_name(graph, self.old)
        if self.new != self.old and self.new in graph.graph["groups"]:
            raise DuplicateName(f"there is a group {self.new!r} already", hint="choose another name")
        return Regroup({self.old: None, self.new: replace(group, name=self.new)}, self.label).apply(graph)


@dataclass(frozen=True, slots=True)
class Fold:
    """Show a group as a single card, or its members again."""

    name: str
    folded: bool = True

    @property
    def label(self) -> str:
        return f"{'fold' if self.folded else 'unfold'} {self.name}"

    def apply(self, graph: Graph) -> Edit:
        group = group_of_name(graph, self.name)
        graph.graph["groups"][self.name] = replace(group, folded=self.folded)
        return Fold(self.name, group.folded)


@dataclass(frozen=True, slots=True)
class Regroup:
    """Set several groups at once; ``None`` takes one apart. What the others do is done by this."""

    groups: Mapping[str, Group | None]
    label: str = field(default="change the groups", compare=False)

    def apply(self, graph: Graph) -> Edit:
        given = {name: group and _each_once(group) for name, group in self.groups.items()}
        for name, group in given.items():
            if group is not None:
                _check_group(graph, name, group)
                if group.name != name:
                    raise PipelineError(f"the group {group.name!r} cannot stand under the name {name!r}")
        groups: dict[str, Group] = graph.graph["groups"]
        after = {name: group for name, group in {**groups, **given}.items() if group is not None}
        owners: dict[str, str] = {}
        for name, group in after.items():
            for member in group.members:
                if owners.setdefault(member, name) != name:
                    raise PipelineError(f"{member} is part of the groups {owners[member]} and {name}")
        before = {name: groups.get(name) for name in given}
        groups.clear()
        groups.update(after)
        return Regroup(before, self.label)


def note_of(graph: Graph, key: str) -> Note:
    """The note of that id.

    Raises
    ------
    UnknownName
        When there is none.
    """
    notes: dict[str, Note] = graph.graph["notes"]
    if key not in notes:
        raise UnknownName(f"no note {key!r} on the canvas", hint=f"notes: {', '.join(notes) or 'none'}")
    return notes[key]


def group_of_name(graph: Graph, name: str) -> Group:
    """The group of that name.

    Raises
    ------
    UnknownName
        When there is none.
    """
    groups: dict[str, Group] = graph.graph["groups"]
    if name not in groups:
        raise UnknownName(f"no group {name!r} on the canvas", hint=f"groups: {', '.join(groups) or 'none'}")
    return groups[name]


def parting(graph: Graph, name: str) -> Regroup | None:
    """What takes a name out of its group, which goes when nothing is left in it; ``None`` when it is in no group."""
    for group in graph.graph["groups"].values():
        if name in group.members:
            return Regroup({group.name: _less(group, {name})})
    return None


def rename_member(graph: Graph, old: str, new: str) -> None:
    """Let the group that has a member know it by its new name."""
    groups: dict[str, Group] = graph.graph["groups"]
    for group in groups.values():
        if old in group.members:
            groups[group.name] = replace(group, members=tuple(new if m == old else m for m in group.members))
            return


def _each_once(group: Group) -> Group:
    return replace(group, members=tuple(dict.fromkeys(group.members)))


def _less(group: Group, names: set[str]) -> Group | None:
    left = tuple(m for m in group.members if m not in names)
    return replace(group, members=left) if left else None


def _check_group(graph: Graph, name: str, group: Group) -> None:
    check_name(name, "group")
    if not group.members:
        raise PipelineError(f"the group {name!r} has no members", hint="select services or engines first")
    for member in group.members:
        spec(graph, member)


def check_note(note: Note) -> Note:
    """The note, when its fields are in range.

    Raises
    ------
    PipelineError
        For a bad id, a text that is too long or no text, a place or a size that is not two numbers.
    """
    check_name(note.id, "note")
    if not isinstance(note.text, str) or len(note.text) > _TEXT_LIMIT:
        raise PipelineError(f"a note's text is over {_TEXT_LIMIT:,} characters long", hint="write a shorter one")
    try:
        note.text.encode()
    except UnicodeEncodeError as error:
        raise PipelineError("a note's text holds half of a surrogate pair, which is no character") from error
    for what, (one, other), lowest in (("position", note.position, -math.inf), ("size", note.size, 1)):
        if not (math.isfinite(one) and math.isfinite(other) and one >= lowest and other >= lowest):
            raise PipelineError(f"a note's {what} is {(one, other)!r}", hint="give two numbers, in pixels")
    return note


def check_name(name: str, what: str) -> None:
    """Refuse a name that a note or a group cannot have.

    Raises
    ------
    PipelineError
        When it is empty, over 100 characters long or not printable.
    """
    if not isinstance(name, str) or not name.strip() or len(name) > _NAME_LIMIT or not name.isprintable():
        raise PipelineError(
            f"{str(name)[:_NAME_LIMIT]!r} is no name for a {what}", hint=f"use up to {_NAME_LIMIT} printable characters"
        )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return repr(line if len(line) <= 24 else line[:24] + "…")


def _names(names: tuple[str, ...]) -> str:
    return " and ".join(names) if len(names) <= 3 else f"{len(names)} parts"
