"""What a pipeline can be told besides its services and their wiring: flows, places, notes and groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from opea_nb.pipeline import board, edits, wiring
from opea_nb.pipeline.edit import Edit
from opea_nb.pipeline.naming import free_name
from opea_nb.pipeline.reading import Name, ReadablePipeline, name_of
from opea_nb.pipeline.spec import Flow, Position

_GAP = 24.0  # pixels between a note and what is below it


class ArrangedPipeline(ReadablePipeline):
    """The smaller changes of a pipeline, each one edit."""

    def apply(self, edit: Edit) -> None:
        """Do an edit; it can be undone."""
        raise NotImplementedError

    def add_flow(self, name: str, *, endpoint: str = "", extra: Mapping[str, Any] | None = None) -> None:
        """Add a named flow with an endpoint of its own on the gateway; the one of that name gets these settings."""
        self.apply(wiring.PutFlow(Flow(name, endpoint, dict(extra or {}))))

    def drop_flow(self, name: str) -> None:
        """Take out a named flow that no service is part of.

        Raises
        ------
        PipelineError
            When a service still is, or it is the main flow.
        """
        self.apply(wiring.DropFlow(name))

    def join(self, service: Name, flow: str) -> None:
        """Make a service part of a flow as well."""
        self.apply(wiring.Join(name_of(service), flow))

    def leave(self, service: Name, flow: str) -> None:
        """Take a service out of a flow that it has no edges in."""
        self.apply(wiring.Leave(name_of(service), flow))

    def move(self, name: Name, position: Position | None) -> None:
        """Show a service or an engine elsewhere: its upper left corner in pixels; ``None`` lets the layout choose."""
        self.apply(edits.Move(name_of(name), position))

    def note(self, text: str, key: str = "", *, position: Position | None = None, size: Position | None = None) -> str:
        """Put a note on the canvas, or change the one of that id; gives the id.

        Parameters
        ----------
        text
            Plain text.
        key
            Its id; a new one when empty.
        position
            Upper left corner, in pixels; ``None`` leaves a note where it is, and puts a new one above everything.
        size
            Width and height, in pixels; ``None`` leaves them, 200 by 96 for a new note.
        """
        key = key or free_name(self.notes, "note")
        known = self.notes.get(key)
        size = size or (known.size if known else board.Note(key).size)
        if position is None:
            position = known.position if known else (0.0, self._top() - size[1] - _GAP)
        self.apply(board.PutNote(board.Note(key, text, position, size)))
        return key

    def _top(self) -> float:
        """The upper end of what is drawn; a layout of our own begins at 0."""
        tops = [0.0, *(note.position[1] for note in self.notes.values())]
        for specs in (self.services, self.engines):
            tops += [spec.position[1] for spec in specs.values() if spec.position]
        return min(tops)

    def drop_note(self, key: str) -> None:
        """Take a note off the canvas."""
        self.apply(board.DropNote(key))

    def group(self, name: str, members: Iterable[Name], *, folded: bool = False) -> None:
        """Show services and engines as one group; they leave the group that they were in."""
        self.apply(board.PutGroup(board.Group(name, tuple(map(name_of, members)), folded)))

    def ungroup(self, name: str) -> None:
        """Take a group apart; its members stay."""
        self.apply(board.DropGroup(name))

    def rename_group(self, old: str, new: str) -> None:
        """Give a group another name."""
        self.apply(board.RenameGroup(old, new))

    def fold(self, name: str, folded: bool = True) -> None:
        """Show a group as a single card, or its members again."""
        self.apply(board.Fold(name, folded))

    def clear(self) -> None:
        """Take everything out: services, engines, named flows, notes and groups. The settings stay."""
        self.apply(edits.Clear())
