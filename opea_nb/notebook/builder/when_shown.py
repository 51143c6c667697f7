"""A panel follows the session while it is shown; what it missed meanwhile it shows when it is opened."""

from __future__ import annotations

from collections.abc import Callable

from opea_nb.notebook.builder.later import Later
from opea_nb.notebook.builder.session import Session

__all__ = ["LARGE", "WhenShown"]

LARGE = 100
"""Services and engines from which on no act waits for a panel's text."""
_WAIT = 0.15  # seconds; a page that is redrawn by then has been told of the act


class WhenShown:
    """The refreshing of one panel.

    Parameters
    ----------
    session
        What is shown.
    refresh
        Shows it as it is now; called with the session's lock held.
    shown
        Whether the panel can be seen from the start.
    first
        Whether it is told of a change before the parts that are there already.

    >>> from opea_nb.pipeline import Pipeline
    >>> session, seen = Session(Pipeline("chat")), []
    >>> panel = WhenShown(session, lambda: seen.append(len(session.pipeline.services)), shown=False)
    >>> _ = session.pipeline.add("llm"), session.pipeline.add("embedding")
    >>> panel.show(True)
    >>> seen
    [2]
    """

    def __init__(
        self, session: Session, refresh: Callable[[], object], *, shown: bool = True, first: bool = False
    ) -> None:
        self._session = session
        self._refresh = refresh
        self._shown, self._stale = False, True
        self._later = Later(lambda: session.attempt(self.now), _WAIT)
        session.on_refresh(self._due, first=first)
        self.show(shown)

    def show(self, shown: bool) -> None:
        """Tell whether the panel can be seen from now on."""
        with self._session.lock:
            self._shown = shown
            if shown:
                self.now()

    def now(self) -> None:
        """Catch up, where something was missed."""
        with self._session.lock:
            if self._shown and self._stale:
                self._later.cancel()
                self._stale = False
                self._refresh()

    def _due(self) -> None:
        self._stale = True
        if not self._shown:
            return
        if len(self._session.pipeline.graph) < LARGE:
            self.now()
        else:
            self._later.ask()

    def close(self) -> None:
        """Catch up no more; doing it again changes nothing."""
        self._shown = False
        self._later.cancel()
