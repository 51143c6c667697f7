"""The unified YAML beside the graph: always what the pipeline is, and editable."""

from __future__ import annotations

import time
from collections.abc import Callable
from html import escape

from opea_nb.errors import FormatError
from opea_nb.formats import unified
from opea_nb.notebook.builder.amending import amend
from opea_nb.notebook.builder.hiding import hidden, redacted, restored
from opea_nb.notebook.builder.light import LATE, Light
from opea_nb.notebook.builder.session import Session
from opea_nb.notebook.builder.when_shown import WhenShown
from opea_nb.notebook.builder.yaml_marks import changes, gutter, pointed
from opea_nb.pipeline import Pipeline

__all__ = ["YamlPanel"]


class YamlPanel:
    """Text of the pipeline. What is typed counts when it is applied, and only when all of it is sound.

    Parameters
    ----------
    saved
        What the file holds that the changes are shown against; the pipeline as it was at first when ``None``.
    shown
        Whether it can be seen from the start: the text is made when somebody sees it.
    """

    def __init__(
        self, session: Session, light: Light, saved: Callable[[], Pipeline] | None = None, *, shown: bool = True
    ) -> None:
        self._session = session
        self._saved = saved or _held(session.pipeline.copy())
        self._current = ""
        self._revision = -1
        self._clicked = -LATE
        self._light = light
        self._gutter = light.html(css="opea-gutter")
        self._text = light.area(css="opea-yaml", tooltip="Unified YAML of the pipeline")
        self._text.observe(lambda _: self._arrived(), names="value")
        self._sheet = light.row(self._gutter, self._text, css="opea-yaml-sheet")
        self._changes = light.html(css="opea-changes")
        self._error = light.html(css="opea-yaml-error")
        apply = light.button("Apply", self.apply, css="opea-apply opea-plain opea-icon-check opea-word")
        revert = light.button("Revert", self._revert, css="opea-plain opea-revert", hint="Show the pipeline's own text")
        self._diff = light.button(
            "Diff", self._toggle, css="opea-diff-button opea-plain opea-icon-git-compare opea-word"
        )
        self._diff.tooltip = "Changes against the saved file, by service"
        self._diffing = False
        buttons = light.row(apply, revert, self._diff, self._error, css="opea-acts")
        self.widget = light.column(buttons, self._sheet, self._changes, css="opea-yaml-panel")
        light.show(self._changes, False)
        # the text and the card beside it come in one frame, so this goes out first: it is the shorter one to show
        self.shown = WhenShown(session, self.refresh, shown=shown, first=True)

    def refresh(self) -> None:
        """Follow the pipeline, unless text is being edited that was not applied yet."""
        session = self._session
        if self._diffing:
            self._changes.value = changes(self._saved(), session.pipeline)
        if session.revision == self._revision:
            return
        self._revision = session.revision
        text = unified.dumps(hidden(session.pipeline))
        edited = self._text.value != self._current
        if text == self._current:
            return
        self._current = text
        if edited:
            self._error.value = _message("the pipeline has changed meanwhile: apply this text, or revert to it")
        else:
            self._show()

    def _show(self, instead: str | None = None) -> None:
        """Show the pipeline's own text, but only in place of that one: another came meanwhile, on its own thread."""
        clicked, self._clicked = self._clicked, -LATE  # no click is about the pipeline's own text
        if instead in (None, self._text.value):
            self._text.value = self._current
        self._clicked = clicked
        self._gutter.value = gutter()
        self._error.value = ""

    def _revert(self) -> None:
        with self._session.lock:
            self._clicked = -LATE
            self._show()

    def _toggle(self) -> None:
        with self._session.lock:
            self._diffing = not self._diffing
            (self._diff.add_class if self._diffing else self._diff.remove_class)("opea-on")
            self._light.show(self._changes, self._diffing)
            self._light.show(self._sheet, not self._diffing)
            self.refresh()

    def _arrived(self) -> None:
        text, names = redacted(self._text.value)
        if names:  # the text is part of the notebook's saved state
            self._text.value = text
            self._error.value = _message(f"the value of {', '.join(names)} was taken out: secrets are references here")
        # the text can come after the click that is about it: see LATE
        if time.monotonic() - self._clicked < LATE:
            self.apply()

    def apply(self) -> None:
        """Make the pipeline what the text says, as one edit; where it is wrong, mark the line and change nothing."""
        session = self._session
        self._clicked = time.monotonic()
        with session.lock:
            self.shown.now()  # what was edited meanwhile is not taken back by a text that is a moment old
            pipeline, text = session.pipeline, self._text.value
            try:
                wanted = unified.loads(text, source="YAML", catalog=pipeline.catalog)
            except FormatError as error:
                self._wrong(error)
                return
            edit = amend(pipeline, restored(wanted, pipeline))
            if not edit.edits:
                self._show(text)  # the click still counts: what it is about may be on its way
                session.say("nothing changed")
                return
            self._current = text  # from here on the pipeline's own text may replace it
            if session.act(lambda: pipeline.apply(edit), _told(edit.edits)):
                self._clicked = -LATE
                self._show(text)

    def _wrong(self, error: FormatError) -> None:
        where = f"line {error.line}, column {error.column}: " if error.line else ""
        hint = f" → {error.hint}" if error.hint else ""
        line = pointed(self._text.value, error.line, error.column)
        self._error.value = _message(f"{where}{error.problem}{hint}") + line
        self._gutter.value = gutter(error.line)


def _held(pipeline: Pipeline) -> Callable[[], Pipeline]:
    return lambda: pipeline


def _told(steps: tuple[object, ...]) -> str:
    few = [str(getattr(step, "label", "")) for step in steps[:3]]
    more = f" and {len(steps) - 3} more" if len(steps) > 3 else ""
    return f"applied the YAML: {', '.join(few)}{more}"


def _message(text: str) -> str:
    return f'<div class="opea-bad" role="alert">{escape(text)}</div>'
