from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from opea_nb.services.splitter import split

TEXTS = st.text(alphabet="ab.?! \n\t,é漢", max_size=400) | st.text(max_size=200)
SIZES = st.integers(1, 60).flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size - 1)))


@example("??a \n?", (2, 0))
@given(TEXTS, SIZES)
def test_passages_are_small_enough_and_never_empty(text: str, sizes: tuple[int, int]) -> None:
    for span in split(text, *sizes):
        assert 0 < span.end - span.start <= sizes[0]
        assert text[span.start : span.end].strip() == text[span.start : span.end]


@given(TEXTS, SIZES)
def test_nothing_but_white_space_is_lost(text: str, sizes: tuple[int, int]) -> None:
    covered = bytearray(len(text))
    for span in split(text, *sizes):
        covered[span.start : span.end] = b"\1" * (span.end - span.start)
    assert not "".join(c for c, seen in zip(text, covered, strict=True) if not seen).strip()


@example("????? ?? ??", (4, 2))
@example("a b          c", (4, 2))
@given(TEXTS, SIZES)
def test_passages_go_forward_and_repeat_at_most_the_overlap(text: str, sizes: tuple[int, int]) -> None:
    for before, after in pairwise(split(text, *sizes)):
        assert before.start < after.start
        assert before.end < after.end
        assert before.end - after.start <= sizes[1]


def test_a_passage_ends_at_a_paragraph_rather_than_a_sentence() -> None:
    text = "One is here. Two is here.\n\nThree is here. Four is here."
    assert [text[s.start : s.end] for s in split(text, 42, 0)] == [
        "One is here. Two is here.",
        "Three is here. Four is here.",
    ]


def test_the_overlap_begins_with_a_sentence() -> None:
    text = "Alpha went out. Beta stayed in. Gamma came back. Delta slept."
    first, second, *_ = split(text, 35, 20)
    assert text[first.start : first.end] == "Alpha went out. Beta stayed in."
    assert text[second.start :].startswith("Beta stayed in.")


def test_an_overlap_as_large_as_the_passage_is_refused() -> None:
    with pytest.raises(ValueError, match="overlap < size"):
        split("text", 10, 10)
