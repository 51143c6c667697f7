"""Work that waits until nothing more comes: writing a file, showing the text of a large pipeline."""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["Later"]


class Later:
    """Does something a while after it was asked for last, on a thread of its own.

    Parameters
    ----------
    do
        What to do; called with no lock held.
    wait
        Seconds without being asked again.
    """

    def __init__(self, do: Callable[[], object], wait: float = 1.0) -> None:
        self._do = do
        self._wait = wait
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    @property
    def waiting(self) -> bool:
        """Whether there is something to be done."""
        return self._timer is not None

    def ask(self) -> None:
        """There is something to do, after a while."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = threading.Timer(self._wait, self.flush)
            self._timer.daemon = True
            self._timer.name = "opea_nb-builder-later"
            self._timer.start()

    def flush(self) -> None:
        """Do now what waits to be done; nothing else."""
        if self.cancel():
            self._do()

    def cancel(self) -> bool:
        """Forget what waits; whether there was something."""
        with self._lock:
            timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
        return timer is not None
