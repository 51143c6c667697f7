"""What the parts of the Builder share: the pipeline, what is selected, and one way to do an act."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from opea_nb.errors import OpeaError
from opea_nb.pipeline import Pipeline

__all__ = ["Session"]

_log = logging.getLogger("opea_nb")


class Session:
    """One builder's pipeline and selection.

    Callbacks of widgets come on whatever thread the kernel gives them (a subshell's, beside the cell's own), so every
    act takes one lock.

    Parameters
    ----------
    pipeline
        What is edited, by this builder and by anyone else who has it.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.lock = threading.RLock()
        self.selected = ""
        self._refreshers: list[Callable[[], None]] = []
        self._say: Callable[[str, bool], None] = lambda _text, _bad: None
        self._depth = 0
        self._unobserve = pipeline.observe(self._edited)

    def _edited(self, _: Pipeline) -> None:
        self.refresh()

    def on_refresh(self, refresh: Callable[[], None]) -> None:
        """Call `refresh` whenever pipeline or selection changed."""
        self._refreshers.append(refresh)

    def on_say(self, say: Callable[[str, bool], None]) -> None:
        """Where messages go: ``say(text, is_an_error)``."""
        self._say = say

    def say(self, text: str, *, bad: bool = False) -> None:
        """Tell the user something."""
        self._say(text, bad)

    def select(self, name: str) -> None:
        """Select a service or engine; nothing, when empty."""
        with self.lock:
            if name != self.selected:
                self.selected = name
                self.refresh()

    def refresh(self) -> bool:
        """Show the pipeline as it is; whether all of it could be shown.

        A part that fails says so in the builder and leaves the others alone: the edit itself has been done, by Python
        code as likely as by the mouse.
        """
        with self.lock:
            known = {*self.pipeline.services, *self.pipeline.engines}
            if self.selected not in known:
                self.selected = ""
            if self._depth:  # within an act: once, at its end
                return True
            shown = True
            for refresh in self._refreshers:
                try:
                    refresh()
                except Exception as error:  # noqa: BLE001 - it is shown to the user and logged
                    shown = False
                    _log.exception("a part of the builder could not be shown")
                    self.say(f"a part of the builder could not be shown: {type(error).__name__}: {error}", bad=True)
            return shown

    def act(self, action: Callable[[], object], done: str = "") -> bool:
        """Do something for the user. What goes wrong is said in the builder: an error in a callback has no cell.

        Parameters
        ----------
        action
            What to do.
        done
            What to say when it is done.

        Returns
        -------
        Whether it was done.
        """
        with self.lock:
            self._depth += 1
            try:
                action()
            except OpeaError as error:
                self.say(f"{error.message}{f' → {error.hint}' if error.hint else ''}", bad=True)
                return False
            except Exception as error:  # noqa: BLE001 - ipywidgets would drop it; it is shown to the user instead
                self.say(f"{type(error).__name__}: {error}", bad=True)
                return False
            finally:
                self._depth -= 1
                shown = self.refresh()
            if shown:
                self.say(done)
            return True

    def close(self) -> None:
        """Follow the pipeline no more; doing it again changes nothing."""
        self._unobserve()
        self._refreshers.clear()
