"""A short fuzz run; the long one is ``python -m tests.conformance.fuzz --count 100000``."""

from __future__ import annotations

from typing import NoReturn

import pytest

from opea_nb.formats import registry
from opea_nb.formats.conversion import Format
from tests.conformance import fuzz

pytestmark = pytest.mark.slow


def test_whatever_is_read_only_our_errors_come_out() -> None:
    outcome = fuzz.run(1000, seed=7)
    assert not outcome.failures, "\n".join(outcome.failures)
    assert outcome.read > 100  # mutants that are all nonsense would show nothing
    assert outcome.refused > 100
    assert outcome.peak < fuzz.MEMORY
    readable = {n for n in registry.names() if registry.find(n).read is not None}
    assert {n for n in readable if outcome.read_of[n] > 5} == readable  # each reader gets what it can read


def test_the_same_seed_gives_the_same_inputs() -> None:
    one, other = fuzz.run(50, seed=3), fuzz.run(50, seed=3)
    assert (one.read, one.refused, one.by_format) == (other.read, other.refused, other.by_format)


@pytest.mark.parametrize(("fault", "said"), [("crash", "KeyError: 'a'"), ("hang", "over 0.2 s")])
def test_a_reader_that_crashes_or_hangs_is_found(fault: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*_: object, **__: object) -> NoReturn:
        while fault == "hang":
            pass
        raise KeyError("a")

    broken = Format("gmc", "broken", lambda _: True, read)
    monkeypatch.setattr(registry, "find", lambda _: broken)
    monkeypatch.setattr(fuzz, "SECONDS", 0.2)
    outcome = fuzz.run(2, seed=1)
    assert all(failure.startswith(said) for failure in outcome.failures)
    assert len(outcome.failures) == 2
