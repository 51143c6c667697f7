"""The Builder: a pipeline edited in a notebook cell, by mouse or keyboard, while Python code edits the same object."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import Any

import ipywidgets as w

from opea_nb.backends.protocol import Backend
from opea_nb.formats.layout import Point
from opea_nb.notebook.builder.bridge import Bridge
from opea_nb.notebook.builder.canvas import Canvas
from opea_nb.notebook.builder.editing import arrange
from opea_nb.notebook.builder.inspector import Inspector
from opea_nb.notebook.builder.later import Later
from opea_nb.notebook.builder.light import Light
from opea_nb.notebook.builder.palette import Palette
from opea_nb.notebook.builder.run_panel import RunPanel
from opea_nb.notebook.builder.session import Act, Session
from opea_nb.notebook.builder.static import Still, drawing
from opea_nb.notebook.builder.tabs import Tabs
from opea_nb.notebook.builder.toolbar import Toolbar
from opea_nb.notebook.place import in_notebook
from opea_nb.pipeline import Pipeline

__all__ = ["Builder"]

_REST_AFTER = 3.0  # seconds; a page that has drawn the cards before gets the palette and the tabs' panels then


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
        light = Light()
        self._bridge = Bridge(session, self._canvas.widget, on_absent=self._draw_plainly, on_ready=self._answered)
        self._bridge.add_class("opea-bridge")
        self._still = Still(self._static)
        session.on_refresh(self._refresh)
        self._status = light.html(css="opea-status")
        session.on_say(self._said)
        self._runs = RunPanel(session, light, backend)
        self._tabs = Tabs(session, light, self._runs)
        self._palette = Palette(session, light, filled=False)
        self._filling = Later(partial(session.attempt, self._fill), _REST_AFTER)
        middle = light.row(
            self._palette.widget, self._canvas.widget, Inspector(session, light).widget, css="opea-middle"
        )
        runs = (self._runs.state, self._runs.backend, self._runs.deploy, self._runs.stop)
        self._tools = Toolbar(session, light, runs, fit=self._fit, arrange=self._arrange)
        self._whole = w.VBox(
            [self._tools.widget, middle, self._status, self._runs.notices, self._tabs.widget, self._bridge]
        )
        for css in ("opea", "opea-builder"):
            self._whole.add_class(css)
        self._refresh()

    @property
    def widget(self) -> w.VBox:
        """All of it, to be put among other widgets."""
        self._fill()
        return self._whole

    @property
    def selected(self) -> tuple[str, ...]:
        """Names of the selected services and engines."""
        return self._session.selected

    @property
    def log(self) -> tuple[Act, ...]:
        """What was done here, each act with the Python that does the same."""
        return self._session.log

    def _refresh(self) -> None:
        if self._canvas.filled:
            self._canvas.fill(self._bridge.shown)
        self._still.changed()

    def _draw_plainly(self) -> None:
        self._canvas.fill(self._bridge.shown)
        self._tools.gestures(False)
        self._session.say("this page cannot load the canvas's gestures: use the palette, the form and the buttons")

    def _answered(self) -> None:
        self._fill()
        self._canvas.empty()
        self._tools.gestures(True)

    def _fill(self) -> None:
        self._filling.cancel()
        self._palette.fill()
        self._tabs.fill()

    def _fit(self) -> None:
        if not self._bridge.live:
            self._canvas.widget.relayout()

    def _arrange(self) -> None:
        if not self._bridge.live:  # a page with gestures hears the click itself, and knows how large the cards are
            self._session.act(partial(arrange, self._session))

    def _said(self, text: str, bad: bool) -> None:
        kind = "opea-bad" if bad else "opea-said"
        self._status.value = f'<div class="{kind}" role="status" aria-live="polite">{escape(text)}</div>'

    def _move(self, name: str, place: Point) -> None:
        self._session.act(lambda: self.pipeline.move(name, place), f"moved {name}")

    def close(self) -> None:
        """End what Deploy started, and follow the pipeline no more; doing it again changes nothing."""
        self._filling.cancel()
        self._tabs.close()
        self._runs.close()
        self._session.close()
        self._bridge.stop_waiting()
        self._still.close()

    def __repr__(self) -> str:
        return f"Builder({self.pipeline!r})"

    def _static(self) -> dict[str, str]:
        return {"image/svg+xml": drawing(self._session), "text/plain": repr(self)}

    def _ipython_display_(self) -> None:
        """In a notebook: the widget, and below it the drawing for when it is saved, which a live page hides."""
        if not in_notebook():
            raise NotImplementedError  # IPython then asks for the MIME bundle
        from IPython import get_ipython
        from IPython.display import display

        bundle = {**_bundle(self._whole), "text/plain": repr(self)}
        display(bundle, raw=True)  # type: ignore[no-untyped-call]  # IPython ships no types for it
        self._bridge.displayed()
        self._filling.ask()
        self._still.show()
        # what the code of a cell changes is drawn before that cell is done
        events = get_ipython().events
        if self._still.flush not in events.callbacks["post_run_cell"]:
            events.register("post_run_cell", self._still.flush)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The widget, and a drawing for where there is none."""
        return {**_bundle(self.widget, **options), **self._static()}


def _bundle(widget: w.Widget, **options: Any) -> dict[str, Any]:
    bundle = widget._repr_mimebundle_(**options)
    return dict(bundle[0] if isinstance(bundle, tuple) else bundle)
