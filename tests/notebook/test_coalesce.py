"""Many updates in, few out."""

from __future__ import annotations

import itertools
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from opea_nb.notebook.coalesce import Latest, Throttle, pump


@given(steps=st.lists(st.floats(0, 0.2), min_size=1, max_size=200), rate=st.floats(1, 60))
def test_a_throttle_lets_no_more_through_than_its_rate(steps: list[float], rate: float) -> None:
    now = 0.0
    throttle = Throttle(rate, clock=lambda: now)
    times = []
    for step in steps:
        now += step
        if throttle.delay() == 0:
            throttle.happened()
            times.append(now)
    assert all(b - a >= 1 / rate - 1e-9 for a, b in itertools.pairwise(times))


def test_a_flood_reaches_the_page_at_a_bounded_rate_and_its_last_value_always_does() -> None:
    box: Latest[int] = Latest()

    def flood() -> None:
        until = time.monotonic() + 0.5
        n = 0
        while time.monotonic() < until:
            box.put(n)
            n += 1
        box.put(-1)

    with ThreadPoolExecutor() as pool:
        begun = time.monotonic()
        seen = list(pump(pool.submit(flood), box, rate=30))
        took = time.monotonic() - begun
    assert seen[-1] == -1
    assert 5 <= len(seen) <= took * 30 + 2


def test_the_pump_ends_with_its_work_even_when_nothing_was_told() -> None:
    work: Future[None] = Future()
    threading.Timer(0.05, work.set_result, [None]).start()
    assert list(pump(work, Latest[int]())) == []


def test_what_comes_before_the_reader_looks_is_overwritten_by_the_newest() -> None:
    box: Latest[str] = Latest()
    box.put("old")
    box.put("new")
    assert box.take(timeout=0) == "new"
    assert box.take(timeout=0) is None
