"""The Builder in a saved notebook: a drawing in an output of its own, which follows the pipeline while it is edited.

A widget's own output shows nothing without its state or its kernel, whatever else that output holds.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from opea_nb.formats import picture
from opea_nb.notebook.builder.session import Session
from opea_nb.notebook.coalesce import Throttle
from opea_nb.pipeline import edits

__all__ = ["Publish", "Still", "drawing"]

RATE = 1.0
"""Times a second that the drawing is sent at most."""
_SOON = 0.1  # seconds; edits come in groups

Publish = Callable[[Mapping[str, str], str, bool], None]
"""What shows a MIME bundle under a display id: ``publish(bundle, display_id, update)``."""


def drawing(session: Session) -> str:
    """The pipeline as SVG, each card where the builder shows it."""
    with session.lock:
        pipeline, places = session.pipeline.copy(), dict(session.places)
    pipeline.apply(edits.Batch(tuple(edits.Move(name, place) for name, place in places.items())))
    return picture.svg(pipeline)


def _publish(bundle: Mapping[str, str], display_id: str, update: bool) -> None:
    from IPython.display import display, update_display

    (update_display if update else display)(dict(bundle), raw=True, display_id=display_id)  # type: ignore[no-untyped-call]  # IPython ships no types for it


class Still:
    """An output of the running cell that holds a drawing, and is replaced when that changes.

    Parameters
    ----------
    draw
        Gives the MIME bundle.
    publish
        What shows it: IPython's display by default.
    """

    def __init__(self, draw: Callable[[], Mapping[str, str]], publish: Publish = _publish) -> None:
        self._draw = draw
        self._publish = publish
        self._id = uuid.uuid4().hex
        # Who edits holds the pipeline's lock and wants `_lock`; drawing wants the pipeline's: never within `_lock`.
        self._lock = threading.Lock()
        self._drawing = threading.Lock()
        self._throttle = Throttle(RATE)
        self._timer: threading.Timer | None = None
        self._sent: Mapping[str, str] | None = None

    def show(self) -> None:
        """Make an output for it; a builder that is displayed again has several, which all follow."""
        with self._drawing:
            drawn = self._draw()
            with self._lock:
                self._sent = drawn
                self._throttle.happened()
            self._publish(drawn, self._id, False)

    def changed(self) -> None:
        """Replace it soon: nobody waits for that here."""
        with self._lock:
            if self._sent is None or self._timer is not None:
                return
            self._timer = threading.Timer(max(self._throttle.delay(), _SOON), self.flush)
            self._timer.daemon = True
            self._timer.name = "opea_nb-builder-still"
            self._timer.start()

    def flush(self, *_: Any) -> None:
        """Replace it now, if it changed."""
        with self._lock:
            timer, self._timer = self._timer, None
        if timer is None:
            return
        timer.cancel()
        with self._drawing:
            drawn = self._draw()
            with self._lock:
                changed = self._sent is not None and drawn != self._sent
                if changed:
                    self._sent = drawn
                    self._throttle.happened()
            if changed:
                self._publish(drawn, self._id, True)

    def close(self) -> None:
        """Show the last change, and no more; doing it again changes nothing."""
        self.flush()
        with self._lock:
            self._sent = None
