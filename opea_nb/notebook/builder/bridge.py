"""The Builder's part in the page: it is told the scene in patches, and what gestures ask for comes in here."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from importlib.resources import files

import anywidget
import traitlets
from ipycytoscape import CytoscapeWidget
from ipywidgets import widget_serialization

from opea_nb.notebook.builder.intents import heard
from opea_nb.notebook.builder.scene import Scene, catalog_shown, patch, scene
from opea_nb.notebook.builder.session import Session

__all__ = ["PATIENCE", "Bridge"]

_STATIC = files("opea_nb.static")
_log = logging.getLogger("opea_nb")

PATIENCE = 6.0
"""Seconds after which a page that was shown the builder counts as one in which the bridge cannot load."""


def _current(_: object, bridge: Bridge) -> Scene:
    """The scene as it is now, whenever a page asks for the state: the trait itself is never assigned."""
    return bridge.shown


class Bridge(anywidget.AnyWidget):
    """Draws cards and wires into the live canvas, and turns gestures into intents. Python decides what they change.

    Parameters
    ----------
    session
        What is shown and edited.
    canvas
        The widget in whose live view the page draws.
    on_absent
        Called once when the page did not answer within `PATIENCE` after `displayed`.
    on_ready
        Called when it did, and at each further view's first answer.
    """

    _esm = _STATIC.joinpath("builder.js").read_text(encoding="utf-8")
    _css = _STATIC.joinpath("builder.css").read_text(encoding="utf-8")

    canvas = traitlets.Instance(CytoscapeWidget).tag(sync=True, **widget_serialization)
    catalog = traitlets.Dict().tag(sync=True)
    scene = traitlets.Dict().tag(sync=True, to_json=_current)

    def __init__(
        self,
        session: Session,
        canvas: CytoscapeWidget,
        *,
        on_absent: Callable[[], None] = lambda: None,
        on_ready: Callable[[], None] = lambda: None,
    ) -> None:
        self._session = session
        self._on_absent, self._on_ready = on_absent, on_ready
        self._timer: threading.Timer | None = None
        self.live = False
        self.shown: Scene = scene(session)
        super().__init__(canvas=canvas, catalog=catalog_shown(session.pipeline.catalog))
        self.on_msg(self._heard)
        session.on_refresh(self.refresh)

    def refresh(self) -> None:
        """Tell every view what changed since the last time."""
        session = self._session
        before, self.shown = self.shown, scene(session)
        changed = patch(before, self.shown)
        if not changed:
            return
        renamed = {old: new for old, new in session.renamed if new in self.shown["nodes"]}
        if renamed:
            changed["renamed"] = renamed
        self.send({"type": "patch", "patch": changed})

    def _heard(self, _: object, content: object, __: object) -> None:
        """Answer one intent; the patch that it made has gone out when it is told to be done."""
        with self._session.lock:
            if isinstance(content, dict) and content.get("act") == "ready":
                self._ready()
            for answer in heard(self._session, content):
                self.send(answer)

    def displayed(self, patience: float = PATIENCE) -> None:
        """Expect the page to answer within so many seconds from now."""
        with self._session.lock:
            if self.live or self._timer is not None or self.comm is None:
                return
            self._timer = threading.Timer(patience, self._absent)
            self._timer.daemon = True
            self._timer.name = "opea_nb-builder-patience"
            self._timer.start()

    def _absent(self) -> None:
        with self._session.lock:
            if not self.live and self._timer is not None:
                try:
                    self._on_absent()
                except Exception as error:  # noqa: BLE001 - a thread's error has no cell to appear in
                    _log.exception("the plain canvas could not be drawn")
                    self._session.say(f"the canvas could not be drawn: {type(error).__name__}: {error}", bad=True)

    def _ready(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.live = True
        self._on_ready()

    def stop_waiting(self) -> None:
        """Expect no answer of the page any more; doing it again changes nothing."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def __repr__(self) -> str:  # the inherited one holds a memory address
        return "<Bridge>"
