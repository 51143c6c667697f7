"""Many updates in, few out: what a thread tells as often as it likes reaches the page at a bounded rate."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Generic, TypeVar

__all__ = ["RATE", "Latest", "Throttle", "pump"]

RATE = 30.0
"""Updates a second that a view sends to the page at most."""

T = TypeVar("T")
R = TypeVar("R")


class Latest(Generic[T]):
    """A place for one value: writers overwrite, a reader gets the newest it has not seen.

    >>> box = Latest()
    >>> box.put(1); box.put(2)
    >>> box.take(timeout=0)
    2
    >>> box.take(timeout=0) is None
    True
    """

    def __init__(self) -> None:
        self._value: T | None = None
        self._filled = threading.Event()
        self._lock = threading.Lock()

    def put(self, value: T) -> None:
        """Leave a value; one that was not taken is lost."""
        with self._lock:
            self._value = value
            self._filled.set()

    def take(self, timeout: float) -> T | None:
        """The newest value, as soon as there is one; ``None`` after `timeout` seconds without."""
        if not self._filled.wait(timeout):
            return None
        with self._lock:
            value, self._value = self._value, None
            self._filled.clear()
            return value


class Throttle:
    """Tells how long to wait so that things happen at most `rate` times a second.

    Parameters
    ----------
    rate
        Times a second, more than 0.
    clock
        Monotonic seconds.
    """

    def __init__(self, rate: float = RATE, clock: Callable[[], float] = time.monotonic) -> None:
        self._gap = 1 / rate
        self._clock = clock
        self._next = 0.0

    def delay(self) -> float:
        """Seconds until it may happen again; 0 when it may now."""
        return max(0.0, self._next - self._clock())

    def happened(self) -> None:
        """It happened now."""
        self._next = self._clock() + self._gap


def pump(work: Future[R], box: Latest[T], *, rate: float = RATE) -> Iterator[T]:
    """What `work` leaves in `box` while it goes on, at most `rate` a second; the last value always comes.

    The caller's own thread does the waiting, so nothing depends on a callback of the page being handled meanwhile.
    """
    throttle = Throttle(rate)
    ended = threading.Event()
    work.add_done_callback(lambda _: ended.set())
    while not ended.is_set():
        value = box.take(timeout=0.1)
        if value is None:
            continue
        yield value
        throttle.happened()
        ended.wait(throttle.delay())
    last = box.take(timeout=0)
    if last is not None:
        yield last
