"""Open, save, autosave, templates, and import of other formats."""

from __future__ import annotations

import time
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets as w

from opea_nb import templates
from opea_nb.errors import FormatError, OpeaError
from opea_nb.formats import registry
from opea_nb.formats.compare import differences
from opea_nb.formats.conversion import Note
from opea_nb.notebook.builder.amending import amend
from opea_nb.notebook.builder.files import Changed, Workspace, listing
from opea_nb.notebook.builder.gallery import Gallery
from opea_nb.notebook.builder.later import Later
from opea_nb.notebook.builder.light import LATE, Light, on_enter
from opea_nb.notebook.builder.session import Session
from opea_nb.notebook.builder.when_shown import WhenShown
from opea_nb.pipeline import Pipeline
from opea_nb.pipeline.edits import Clear

__all__ = ["FilesPanel"]

_MOST = 8 << 20  # bytes of a file that is brought in


class FilesPanel:
    """Where the pipeline comes from and goes to. What is opened is one edit that can be undone.

    Parameters
    ----------
    workspace
        The file; one in the working folder when ``None``.
    wait
        Seconds after the last change that autosave waits.
    shown
        Whether it can be seen from the start; see `shown` afterwards.
    """

    def __init__(
        self,
        session: Session,
        light: Light,
        workspace: Workspace | None = None,
        *,
        wait: float = 1.0,
        shown: bool = True,
    ) -> None:
        self._session = session
        self.workspace = workspace or Workspace(session.pipeline)
        self._counted: tuple[int, Pipeline | None, int] = (-1, None, 0)
        self._revision = session.revision
        self._over = ""  # what a second press writes over
        self._clicked, self._click = -LATE, ""
        self._light = light
        self._state = light.html(css="opea-file-state")
        self._notes = light.html(css="opea-notes")
        self._list = light.choice([("files of the folder …", "")], "", self._chosen, css="opea-file-list opea-grow")
        self._path = light.text(placeholder="name or path of a file", css="opea-file-path opea-grow")
        self._path.observe(lambda _: self._arrived(), names=["value"])
        on_enter(self._path, self._open)
        self._upload = w.FileUpload(description="Import", multiple=False, layout=light.layout)
        self._upload.add_class("opea-import")
        self._upload.observe(self._brought, names=["value"])
        self._auto = light.check("Autosave", False, self._auto_set, css="opea-autosave")
        self._autosave = Later(self._write, wait)
        self._gallery = Gallery(light, self.template)
        light.show(self._gallery.widget, False)
        icon = "opea-plain opea-word opea-icon"
        bar = light.row(
            light.button("New", self.new, css=f"{icon}-file-plus", hint="Start empty; undo brings this one back"),
            light.button("Save", self._save, css=f"{icon}-save opea-save", hint="Save to the file"),
            self._auto,
            light.button("Templates", self._templates, css=f"{icon}-layout-template opea-templates"),
            self._upload,
            css="opea-acts",
        )
        where = light.row(
            self._list,
            light.button("Refresh", self._relist, css="opea-cut opea-icon-refresh-cw", hint="Look for files again"),
            self._path,
            light.button("Open", self._open, css=f"{icon}-folder-open opea-open", hint="Open the file named here"),
            light.button("Save as", self._save_as, css="opea-plain opea-save-as", hint="Save to the file named here"),
            css="opea-acts",
        )
        parts = (self._state, bar, where, self._notes, self._gallery.widget)
        self.widget = light.column(*parts, css="opea-files")
        self._relist()
        session.on_refresh(self._edited)
        self.shown = WhenShown(session, self.refresh, shown=shown)

    def _edited(self) -> None:
        session = self._session
        if session.revision != self._revision:
            self._revision = session.revision
            self._over = ""
            if self._auto.value:
                self._autosave.ask()

    def refresh(self) -> None:
        """Tell how the file stands to the pipeline."""
        if not self._upload.tooltip:  # not before it can be seen: each format is a module to import
            formats = map(registry.find, registry.names())
            self._upload.tooltip = f"Import: {', '.join(f.title for f in formats if f.read is not None)}"
        session = self._session
        revision, saved, count = self._counted
        if revision != session.revision or saved is not self.workspace.saved:
            saved = self.workspace.saved
            count = len(differences(saved, session.pipeline))
            self._counted = session.revision, saved, count
        changed = f"{count} change{'s' if count > 1 else ''} since it was saved" if count else "no changes"
        name = self.workspace.name
        told = f"<b>{escape(name)}</b> · {changed}" if name else f"not in a file yet · folder {self._folder()}"
        if self._state.value != told:
            self._state.value = told

    def _folder(self) -> str:
        return f"<b>{escape(self.workspace.folder.name or str(self.workspace.folder))}</b>"

    def new(self) -> None:
        """Start empty, without a file."""
        session = self._session
        if session.pipeline.services or session.pipeline.engines or session.pipeline.notes:
            session.act(lambda: session.pipeline.apply(Clear()), "started empty: undo brings the last one back")
        self._auto.value = False
        self.workspace.forget(session.pipeline)
        self._tell(())
        session.refresh()

    def open(self, typed: str) -> bool:
        """Open a file by its name or path; whether that went well."""
        session = self._session

        def opening() -> None:
            imported, path = self.workspace.read(typed)
            self._take(imported.pipeline, f"open {path.name}", imported.notes)
            self.workspace.opened(path, session.pipeline)

        return session.act(opening, f"opened {Path(typed).name}{self._undoable()}")

    def save(self, typed: str = "") -> bool:
        """Save, to another file when one is named; whether that went well. Refused once where it writes over another's.

        A second time in a row it is done.
        """
        session = self._session
        with session.lock:
            over = self._over == (typed or "the same")
            self._over = ""
            done = session.attempt(lambda: self._saving(typed, over=over))
            if done:
                session.refresh()
                session.say(f"saved to {self.workspace.name}")
                self._relist()
            return done

    def _save(self) -> None:
        self.save()

    def _saving(self, typed: str, *, over: bool) -> None:
        try:
            self.workspace.save(self._session.pipeline, typed, over=over)
        except Changed:
            self._over = typed or "the same"
            raise

    def template(self, name: str) -> None:
        """Open a template as one edit."""
        session = self._session

        def opening() -> None:
            self._take(templates.load(name, catalog=session.pipeline.catalog), f"open the template {name}", ())
            self.workspace.forget(session.pipeline)

        if session.act(opening, f"opened the template {name}{self._undoable()}"):
            self._auto.value = False

    def bring(self, name: str, content: bytes) -> bool:
        """Import what a file of any format holds; whether that went well."""
        session, name = self._session, name[:200]

        def importing() -> None:
            if len(content) > _MOST:
                raise FormatError(f"more than the {_MOST} bytes that are read", source=name)
            imported = registry.read(content, source=name)
            self._take(imported.pipeline, f"import {name}", imported.notes)
            self.workspace.forget(session.pipeline)

        return session.act(importing, f"imported {name}{self._undoable()}")

    def _take(self, wanted: Pipeline, label: str, notes: Sequence[Note]) -> None:
        pipeline = self._session.pipeline
        edit = amend(pipeline, wanted, label, keep_places=False)
        if edit.edits:
            pipeline.apply(edit)
        self._session.select()
        self._tell(notes)

    def _undoable(self) -> str:
        filled = self._session.pipeline.services or self._session.pipeline.engines
        return ": undo brings the last one back" if filled else ""

    def _tell(self, notes: Sequence[Note]) -> None:
        words = {"lost": "✕ lost", "kept": "○ kept", "inferred": "◐ guessed"}
        rows = "".join(
            f'<li class="opea-{note.kind}"><b>{words[note.kind]}</b> {escape(note.item)}: {escape(note.reason)}'
            f"{f' <span class=opea-fact>{escape(note.where)}</span>' if note.where else ''}</li>"
            for note in notes
        )
        head = f"<summary>{len(notes)} notes of the import</summary>"
        self._notes.value = f"<details open>{head}<ul>{rows}</ul></details>" if notes else ""

    def _templates(self) -> None:
        self._gallery.show()
        self._light.show(self._gallery.widget, self._gallery.widget.layout is not self._light.layout)

    def _relist(self) -> None:
        options = (("files of the folder …", ""), *((name, name) for name in listing(self.workspace.folder)))
        if self._list.options != options:
            self._list.options = options

    def _chosen(self, name: str) -> None:
        if name:
            self._path.value = name

    def _open(self) -> None:
        self._with_path("open")

    def _save_as(self) -> None:
        self._with_path("save")

    def _with_path(self, what: str) -> None:
        """Do it with the path typed; the text may come after the click, see LATE."""
        if self._path.value.strip():
            (self.open if what == "open" else self.save)(self._path.value)
            return
        self._clicked, self._click = time.monotonic(), what
        self._session.say("type the name of a file first", bad=True)

    def _arrived(self) -> None:
        if self._path.value.strip() and time.monotonic() - self._clicked < LATE:
            self._clicked = -LATE
            self._with_path(self._click)

    def _brought(self, change: dict[str, Any]) -> None:
        for file in change["new"]:
            self.bring(str(file["name"]), bytes(file["content"]))
        if change["new"]:
            self._upload.value = ()  # what it holds would be saved with the notebook

    def _auto_set(self, on: bool) -> None:
        session = self._session
        if not on:
            self._autosave.flush()
            return
        if self.save():
            session.say(f"{self.workspace.name} is written a second after each change")
        else:
            self._auto.value = False

    def _write(self) -> None:
        session = self._session
        with session.lock:
            try:
                self.workspace.save(session.pipeline, keep_base=True)
            except (OpeaError, OSError) as error:
                self._auto.value = False
                hint = f" → {error.hint}" if isinstance(error, OpeaError) and error.hint else ""
                message = error.message if isinstance(error, OpeaError) else str(error)
                session.say(f"autosave is off: {message}{hint}", bad=True)

    def close(self) -> None:
        """Write what waits to be written; doing it again changes nothing."""
        self._autosave.flush()
        self.shown.close()
