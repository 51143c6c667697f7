"""The line above the canvas: the pipeline's name and flow, undo and redo, problems, deploying."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ipywidgets as w

from opea_nb.notebook.builder.light import Light
from opea_nb.notebook.builder.session import Session
from opea_nb.pipeline.edits import Clear

__all__ = ["Toolbar"]


class Toolbar:
    """What is always at hand. Narrow, it wraps.

    Parameters
    ----------
    runs
        Widgets of deploying: state, choice of backend, Deploy, Stop.
    fit, arrange
        Show the whole graph, and arrange the cards, where the page does not do it itself.
    """

    def __init__(
        self,
        session: Session,
        light: Light,
        runs: Sequence[w.Widget] = (),
        *,
        fit: Callable[[], object] | None = None,
        arrange: Callable[[], object] | None = None,
    ) -> None:
        self._session = session
        self._light = light
        self._following = False
        self._name = light.text(session.pipeline.name, self._rename, css="opea-name", tooltip="Name of the pipeline")
        self._flow = light.choice([("main", "main")], "main", self._choose, css="opea-flow-choice")
        self._flow.tooltip = "The flow that new services and edges go to"
        self._undo = light.button("Undo", session.undo, css="opea-undo opea-icon-undo-2")
        self._redo = light.button("Redo", session.redo, css="opea-redo opea-icon-redo-2")
        whole = light.button("Fit", fit, css="opea-fit-button opea-icon-scan")
        whole.tooltip = "Fit the whole graph into view (0)"
        tidy = light.button("Arrange", arrange, css="opea-arrange-button opea-icon-layout-dashboard")
        tidy.tooltip = "Arrange the cards along the flow"
        self._clear = light.button("Clear", self._cleared, css="opea-clear-button opea-icon-trash-2")
        self._clear.tooltip = "Take everything out; undo brings it back"
        self._problems = light.button("", self._open_problems, css="opea-problems-button opea-word")
        full = light.button("Full screen", css="opea-full-button opea-icon-maximize-2", hint="Full screen (Shift+F)")
        keys = light.button("Keys", css="opea-help-button opea-icon-keyboard", hint="Keys and gestures (?)")
        edit = light.row(self._undo, self._redo, whole, tidy, self._clear, self._problems, css="opea-tool-group")
        run = light.row(*runs, css="opea-tool-group opea-runs")
        self._view = light.row(full, keys, css="opea-tool-group")
        name = light.row(self._name, self._flow, css="opea-tool-group opea-identity")
        self.widget = light.row(name, edit, light.html(css="opea-spring"), run, self._view, css="opea-tools")
        session.on_refresh(self.refresh)
        self.refresh()

    def gestures(self, there: bool) -> None:
        """Offer what only a page with gestures can do, or no longer."""
        self._light.show(self._view, there)

    def refresh(self) -> None:
        """Show the pipeline's name and flow, what can be undone, and how many problems there are."""
        session, pipeline = self._session, self._session.pipeline
        self._following = True
        try:
            if self._name.value != pipeline.name:
                self._name.value = pipeline.name
            options = tuple((f"flow {name}", name) for name in pipeline.flows)
            if self._flow.options != options:
                self._flow.options = options
            if self._flow.value != session.flow:
                self._flow.value = session.flow
            self._light.show(self._flow, len(options) > 1)
        finally:
            self._following = False
        steps = ((self._undo, "Undo", pipeline.undo_label), (self._redo, "Redo", pipeline.redo_label))
        for button, word, label in steps:
            _set(button, label is None, f"{word}: {label}" if label else f"Nothing to {word.lower()}")
        _set(self._clear, not (pipeline.services or pipeline.engines or pipeline.notes), self._clear.tooltip or "")
        problems = session.problems if pipeline.services else ()  # what is empty is only not begun yet
        errors = sum(p.severity == "error" for p in problems)
        warnings = len(problems) - errors
        marks = [f"✕ {errors}" if errors else "", f"⚠ {warnings}" if warnings else ""]
        told = " ".join(filter(None, marks)) or "✓"
        if self._problems.description != told:
            self._problems.description = told
        self._problems.tooltip = f"{errors} errors, {warnings} warnings: open the list"
        (self._problems.add_class if errors else self._problems.remove_class)("opea-has-errors")

    def _rename(self, name: str) -> None:
        session = self._session
        if self._following or name == session.pipeline.name:
            return
        if not session.act(
            lambda: session.pipeline.configure(name=name.strip()), f"the pipeline is {name.strip()} now"
        ):
            self._name.value = session.pipeline.name

    def _choose(self, flow: str) -> None:
        if not self._following:
            self._session.attempt(lambda: self._session.use_flow(flow))

    def _cleared(self) -> None:
        session = self._session
        session.act(lambda: session.pipeline.apply(Clear()), "cleared: undo brings it back")

    def _open_problems(self) -> None:
        self._session.attempt(lambda: self._session.call("panel", "problems"))


def _set(button: w.Button, disabled: bool, hint: str) -> None:
    if button.disabled != disabled:
        button.disabled = disabled
    if button.tooltip != hint:
        button.tooltip = hint
