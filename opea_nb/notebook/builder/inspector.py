"""What is selected: everything about it, editable."""

from __future__ import annotations

from functools import cached_property
from html import escape
from typing import Any

import ipywidgets as w

from opea_nb.notebook.builder.board_sections import Flows, Groups, Notes
from opea_nb.notebook.builder.light import Light
from opea_nb.notebook.builder.links_section import Links
from opea_nb.notebook.builder.rows_section import Environment, FreeParameters, Resources
from opea_nb.notebook.builder.section import Fold
from opea_nb.notebook.builder.session import Session
from opea_nb.notebook.builder.settings_sections import Parameters, Running
from opea_nb.notebook.look import MARKS, hue, icon
from opea_nb.pipeline.board import Group, PutGroup
from opea_nb.pipeline.clipping import duplicate
from opea_nb.pipeline.naming import free_name
from opea_nb.pipeline.surgery import without

__all__ = ["Inspector"]

_MANY = "several"


class Inspector:
    """The form beside the canvas: of one card, of several, or of the pipeline."""

    def __init__(self, session: Session, light: Light) -> None:
        self._session = session
        self._light = light
        self._following = False
        self._pick = light.choice([("nothing selected", "")], "", self._picked, css="opea-pick")
        self._head = light.column(css="opea-head")
        self._about = light.html(css="opea-about-box")
        folded = {"How it runs", "Environment", "Resources", "Flows", "Notes"}
        made = (Links, Parameters, FreeParameters, Running, Environment, Resources, Flows, Groups, Notes)
        self._folds = [Fold(light, section(session, light), folded, self.refresh) for section in made]
        self._body = light.column(css="opea-body")
        self.widget = light.column(self._pick, self._body, css="opea-inspector")
        session.on_refresh(self.refresh)
        self.refresh()

    def _picked(self, name: str) -> None:
        if not self._following and name != _MANY:
            self._session.select(*([name] if name else []))

    def refresh(self) -> None:
        """Show what is selected as it is; fields that are still right are left alone, with the focus in them."""
        session = self._session
        with session.lock:
            self._follow_choice()
            head = self._headed()
            if self._head.children != head:
                self._head.children = head
            about = self._told()
            if self._about.value != about:
                self._about.value = about
            for fold in self._folds:
                fold.refresh()
            shown = (self._head, self._about, *(widget for fold in self._folds for widget in fold.widgets))
            if self._body.children != shown:
                self._body.children = shown

    def _follow_choice(self) -> None:
        session = self._session
        names = sorted((*session.pipeline.services, *session.pipeline.engines))
        several = len(session.selected) > 1
        top = [(f"{len(session.selected)} selected", _MANY)] if several else []
        options = (*top, ("nothing selected", ""), *((n, n) for n in names))
        value = _MANY if several else session.one
        self._following = True  # new options reset the value: that is no choice of the user's
        try:
            if self._pick.options != options:
                self._pick.options = options
            if self._pick.value != value:
                self._pick.value = value
        finally:
            self._following = False

    # Made once, when first needed: who types a name and clicks Delete must not click what is just being replaced.

    @cached_property
    def _rename(self) -> w.Text:
        return self._light.text(changed=self._renamed, css="opea-rename", tooltip="Its name")

    @cached_property
    def _for_one(self) -> tuple[w.Widget, ...]:
        return (self._rename, self._acts())

    @cached_property
    def _for_several(self) -> tuple[w.Widget, ...]:
        css = "opea-plain opea-icon-group opea-word"
        return (self._acts(self._light.button("Group", self._group, css=css, hint="Ctrl+G")),)

    def _acts(self, *before: w.Widget) -> w.HBox:
        button = self._light.button
        copy = button("Duplicate", self._duplicate, css="opea-plain opea-icon-copy opea-word", hint="Ctrl+D")
        css = "opea-delete opea-plain opea-icon-trash-2 opea-word"
        return self._light.row(*before, copy, button("Delete", self._delete, css=css, hint="Delete"), css="opea-acts")

    def _headed(self) -> tuple[w.Widget, ...]:
        if len(self._session.selected) > 1:
            return self._for_several
        if not self._session.one:
            return ()
        self._rename.value = self._session.one
        return self._for_one

    def _told(self) -> str:
        session, pipeline = self._session, self._session.pipeline
        if len(session.selected) > 1:
            rows = "".join(f"<li>{escape(name)}</li>" for name in session.selected)
            return f'<div class="opea-about"><ul>{rows}</ul></div>'
        name = session.one
        if not name:
            filled = bool(pipeline.services or pipeline.engines)
            hint = "Select a card to see its settings." if filled else "Add a first component from the palette."
            return f'<div class="opea-about"><b>{escape(pipeline.name)}</b><br>{hint}</div>'
        node = pipeline.node(name)
        component = pipeline.catalog.get(node.kind)
        parts = [f'<span class="opea-kind opea-icon-{icon(pipeline.catalog, node.kind)}"></span>']
        parts.append(f"<b>{escape(component.title if component else node.kind)}</b> <code>{escape(node.kind)}</code>")
        state, time = session.states.get(name, ""), session.times.get(name, "")
        if state:
            parts.append(f' <span class="opea-state">{MARKS.get(state, "")} {escape(f"{state} {time}".strip())}</span>')
        parts.append(f"<br>{escape(component.help)}" if component and component.help else "")
        for problem in session.problems:
            if problem.node == name:
                mark = "✕" if problem.severity == "error" else "⚠"
                hint = f" → {escape(problem.hint)}" if problem.hint else ""
                text = f"<b>{mark} {problem.severity}</b> {escape(problem.message)}{hint}"
                parts.append(f'<div class="opea-{problem.severity}">{text}</div>')
        return f'<div class="opea-about opea-about-{hue(pipeline.catalog, node.kind)}">{"".join(parts)}</div>'

    def _renamed(self, new: str) -> None:
        session = self._session
        name = session.one
        if new == name:
            return
        if not session.act(lambda: session.pipeline.rename(name, new.strip()), f"renamed {name} to {new.strip()}"):
            self._rename.value = name

    def _duplicate(self) -> None:
        session = self._session

        def copy() -> None:
            edit, new = duplicate(session.pipeline, session.selected)
            session.pipeline.apply(edit)
            session.select(*new)

        session.act(copy, f"duplicated {', '.join(session.selected)}")

    def _delete(self) -> None:
        session, names = self._session, self._session.selected
        session.act(
            lambda: session.pipeline.apply(without(session.pipeline, names, join=False)), f"deleted {', '.join(names)}"
        )

    def _group(self) -> None:
        session, names = self._session, self._session.selected
        group: Any = Group(free_name(session.pipeline.groups, "group"), names)
        session.act(lambda: session.pipeline.apply(PutGroup(group)), f"grouped {', '.join(names)}")
