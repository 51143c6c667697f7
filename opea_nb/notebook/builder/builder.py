"""The Builder: a pipeline edited in a notebook cell, by mouse or keyboard, while Python code edits the same object."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets as w

from opea_nb.backends.protocol import Backend
from opea_nb.formats import picture
from opea_nb.formats.layout import Point
from opea_nb.notebook.builder.bridge import Bridge
from opea_nb.notebook.builder.canvas import Canvas
from opea_nb.notebook.builder.card import Colours
from opea_nb.notebook.builder.inspector import Inspector
from opea_nb.notebook.builder.palette import palette
from opea_nb.notebook.builder.run_panel import RunPanel
from opea_nb.notebook.builder.session import Session
from opea_nb.notebook.builder.yaml_panel import YamlPanel
from opea_nb.pipeline import Pipeline, edits

__all__ = ["Builder"]


class Builder:
    """An editor of a pipeline, with its YAML, its problems, and a place to deploy and ask it.

    Every edit is one of the pipeline's own: it can be undone, and what Python code changes shows here at once.

    Parameters
    ----------
    pipeline
        What is edited; a new, empty one when ``None``.
    backend
        Name of the backend that Deploy uses, or the backend itself.

    >>> Builder(Pipeline("chatqna"))
    Builder(<Pipeline chatqna: 0 services, 0 edges>)
    """

    def __init__(self, pipeline: Pipeline | None = None, *, backend: str | Backend = "local") -> None:
        self.pipeline = pipeline if pipeline is not None else Pipeline()
        self._session = session = Session(self.pipeline)
        self._canvas = Canvas(session.select, self._move)
        self._bridge = Bridge()
        self._bridge.observe(self._theme_told, names=["colours"])
        self._status = w.HTML()
        self._status.add_class("opea-status")
        self._problems = w.HTML()
        self._title = w.HTML()
        self._undo = self._tool("undo", "undo", self.pipeline.undo)
        self._redo = self._tool("redo", "repeat", self.pipeline.redo)
        self._runs = RunPanel(session, backend)
        session.on_say(self._said)
        inspector, text = Inspector(session), YamlPanel(session)
        spring = w.HTML(layout={"flex": "1"})
        runs = (self._runs.state, self._runs.backend, self._runs.deploy, self._runs.stop)
        tools = w.HBox([self._title, self._undo, self._redo, spring, *runs, self._bridge])
        tools.add_class("opea-tools")
        shown = {"Ask": self._runs.widget, "YAML": text.widget, "Problems": self._problems, "Logs": self._runs.logs}
        tabs = w.Tab([*shown.values()], titles=[*shown])
        session.offer("panel", lambda name: setattr(tabs, "selected_index", [t.lower() for t in shown].index(name)))
        tabs.add_class("opea-tabs")
        self._tabs = tabs
        middle = w.HBox([palette(session), self._canvas.widget, inspector.widget])
        middle.add_class("opea-middle")
        self.widget = w.VBox([tools, middle, self._status, self._runs.notices, tabs])
        for css in ("opea", "opea-builder"):
            self.widget.add_class(css)
        session.on_refresh(self._refresh)
        self._refresh()

    def _tool(self, name: str, icon: str, do: Callable[[], str | None]) -> w.Button:
        button = w.Button(icon=icon, layout={"width": "34px"}, tooltip=name)
        button.add_class(f"opea-{name}")

        def act(_: Any) -> None:
            label = getattr(self.pipeline, f"{name}_label")
            self._session.act(do, f"{name}: {label}", code=f"pipeline.{name}()")

        button.on_click(act)
        return button

    def _refresh(self) -> None:
        pipeline = self.pipeline
        self._canvas.show(pipeline, selected=self._session.one, states=self._session.states)
        self._title.value = f'<div class="opea-title-name">{escape(pipeline.name)}</div>'
        for button, name, label in (
            (self._undo, "Undo", pipeline.undo_label),
            (self._redo, "Redo", pipeline.redo_label),
        ):
            button.disabled = label is None
            button.tooltip = f"{name}: {label}" if label else f"Nothing to {name.lower()}"
        found = self._session.problems
        self._tabs.set_title(2, f"Problems ({len(found)})" if found else "Problems")
        self._problems.value = _problem_list(found)

    def _said(self, text: str, bad: bool) -> None:
        kind = "opea-bad" if bad else "opea-said"
        self._status.value = f'<div class="{kind}" role="status" aria-live="polite">{escape(text)}</div>'

    def _move(self, name: str, place: Point) -> None:
        self._session.act(lambda: self.pipeline.apply(edits.Move(name, place)), f"moved {name}")

    def _theme_told(self, change: dict[str, Any]) -> None:
        with self._session.lock:
            self._canvas.paint(Colours.told(change["new"]))
            self._refresh()

    def close(self) -> None:
        """End what Deploy started, and follow the pipeline no more; doing it again changes nothing."""
        self._runs.close()
        self._session.close()

    def __repr__(self) -> str:
        return f"Builder({self.pipeline!r})"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The widget, and a drawing for where there is none."""
        bundle = self.widget._repr_mimebundle_(**options)
        if isinstance(bundle, tuple):
            bundle = bundle[0]
        return {**bundle, "image/svg+xml": picture.svg(self.pipeline), "text/plain": repr(self)}


def _problem_list(found: tuple[Any, ...]) -> str:
    if not found:
        return '<div class="opea-said">✓ nothing found</div>'
    rows = "".join(
        f'<li class="opea-{p.severity}"><b>{"✕" if p.severity == "error" else "⚠"} {p.severity}</b> {escape(p.message)}'
        f"{f'<div class=opea-help>→ {escape(p.hint)}</div>' if p.hint else ''}</li>"
        for p in found
    )
    return f'<ul class="opea-problems">{rows}</ul>'
