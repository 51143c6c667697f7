"""Flows of the selected one, its group, and what is on the canvas besides: notes and groups."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import ipywidgets as w

from opea_nb.notebook.builder.form import Field, about
from opea_nb.notebook.builder.light import Light
from opea_nb.notebook.builder.session import Session
from opea_nb.pipeline import Flow, Service
from opea_nb.pipeline.board import Group, Note, PutNote
from opea_nb.pipeline.edits import Batch
from opea_nb.pipeline.wiring import Join, PutFlow

__all__ = ["Flows", "Groups", "Notes"]


class Flows:
    """Which flows a service is part of, each with a check box; and a line for a new one."""

    title = "Flows"

    def __init__(self, session: Session, light: Light) -> None:
        self._session = session
        self._light = light

    def key(self) -> object:
        """The name, all flows, and its own."""
        session, name = self._session, self._session.one
        if not name or not isinstance(session.pipeline.node(name), Service):
            return None
        return name, tuple(session.pipeline.flows), session.pipeline.flows_of(name)

    def follow(self) -> None:
        """Nothing: all of it depends on the key."""

    def build(self) -> Sequence[w.Widget]:
        """Make the boxes."""
        session, light, name = self._session, self._light, self._session.one
        inside = session.pipeline.flows_of(name)

        def toggle(flow: str) -> Callable[[bool], None]:
            return lambda on: self._toggle(name, flow, on)

        boxes = [light.check(flow, flow in inside, toggle(flow), css="opea-flow") for flow in session.pipeline.flows]
        new = light.text(description="New flow", placeholder="name", css="opea-new-flow")
        field = Field(light, new, about("Put it into a flow of its own name, with its own endpoint."), self._put)
        return [*boxes, *field.widgets]

    def _toggle(self, name: str, flow: str, on: bool) -> None:
        session = self._session
        do, word = (session.pipeline.join, "put into") if on else (session.pipeline.leave, "taken out of")
        if not session.act(lambda: do(name, flow), f"{name}: {word} {flow}"):
            self._session.refresh()

    def _put(self, flow: str) -> str:
        session, name, flow = self._session, self._session.one, flow.strip()
        if not flow:
            return ""
        steps = () if flow in session.pipeline.flows else (PutFlow(Flow(flow)),)
        edit = Batch((*steps, Join(name, flow)), f"put {name} into {flow}")
        return "" if session.act(lambda: session.pipeline.apply(edit), f"{name}: put into {flow}") else session.said[0]


class Groups:
    """The group of what is selected; all groups when nothing is."""

    title = "Groups"

    def __init__(self, session: Session, light: Light) -> None:
        self._session = session
        self._light = light

    def _shown(self) -> list[Group]:
        chosen = set(self._session.selected)
        groups = self._session.pipeline.groups.values()
        return [group for group in groups if not chosen or chosen & set(group.members)]

    def key(self) -> object:
        """The groups."""
        return tuple(self._shown()) or None

    def follow(self) -> None:
        """Nothing: all of it depends on the key."""

    def build(self) -> Sequence[w.Widget]:
        """Make a name and two buttons for each."""
        return [widget for group in self._shown() for widget in self._rows(group)]

    def _rows(self, group: Group) -> tuple[w.Widget, ...]:
        session, light, pipeline = self._session, self._light, self._session.pipeline

        def rename(new: str) -> str:
            good = session.act(
                lambda: pipeline.rename_group(group.name, new.strip()), f"group renamed to {new.strip()}"
            )
            return "" if good else session.said[0]

        def fold() -> None:
            word = "unfolded" if group.folded else "folded"
            session.act(lambda: pipeline.fold(group.name, not group.folded), f"{word} {group.name}")

        name = light.text(group.name, description="Group", css="opea-group-name")
        field = Field(light, name, about(", ".join(group.members)), rename)
        buttons = light.row(
            light.button("Unfold" if group.folded else "Fold", fold, css="opea-plain"),
            light.button("Select", lambda: session.select(*group.members), css="opea-plain", hint="Select its members"),
            light.button(
                "Ungroup",
                lambda: session.act(lambda: pipeline.ungroup(group.name), f"took {group.name} apart"),
                css="opea-plain",
                hint="Take the group apart; its members stay",
            ),
            css="opea-acts",
        )
        return (*field.widgets, buttons)


class Notes:
    """The notes on the canvas, editable; shown when nothing is selected."""

    title = "Notes"

    def __init__(self, session: Session, light: Light) -> None:
        self._session = session
        self._light = light
        self._fields: dict[str, Field] = {}

    def key(self) -> object:
        """Which notes there are."""
        return None if self._session.selected else ("notes", *self._session.pipeline.notes)

    def follow(self) -> None:
        """Show the texts."""
        for key, note in self._session.pipeline.notes.items():
            self._fields[key].show(note.text)

    def build(self) -> Sequence[w.Widget]:
        """Make a text and a button for each."""
        light, pipeline = self._light, self._session.pipeline
        self._fields = {}
        made: list[w.Widget] = []
        for note in pipeline.notes.values():
            made += self._row(note)
        add = light.button("Add a note", self._add, css="opea-plain opea-icon-sticky-note opea-word")
        return [*made, add]

    def _row(self, note: Note) -> list[w.Widget]:
        session, light = self._session, self._light
        area = light.area(note.text, rows=3, description="Note", css="opea-note-text")
        field = self._fields[note.id] = Field(light, area, "", lambda text: self._write(note.id, text))
        out = light.button(
            "Remove",
            lambda: session.act(lambda: session.pipeline.drop_note(note.id), "note removed"),
            css="opea-cut opea-icon-x",
            hint="Remove the note",
        )
        return [light.row(field.widgets[0], out, css="opea-pair"), field.widgets[1]]

    def _write(self, key: str, text: str) -> str:
        session = self._session
        before: Note = session.pipeline.notes[key]
        edit = PutNote(replace(before, text=text))
        return "" if session.act(lambda: session.pipeline.apply(edit), "note written") else session.said[0]

    def _add(self) -> None:
        session = self._session
        session.act(lambda: session.pipeline.note(""), "added a note")
