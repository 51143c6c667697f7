"""Cut a text into overlapping passages at paragraphs, then sentences, then words."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Span", "split"]

_PARAGRAPH = re.compile(r"\n[ \t]*\n\s*")
_SENTENCE = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+|(?<=[。！？])|\n\s*")
_WORD = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Span:
    """A passage as a slice of its text: ``text[start:end]``."""

    start: int
    end: int


def split(text: str, size: int = 1500, overlap: int = 100) -> list[Span]:
    r"""Spans of at most `size` characters that together cover all but white space.

    Parameters
    ----------
    text
        What to cut.
    size
        Most characters in a passage, from 1; default 1500.
    overlap
        Most characters that a passage repeats of the one before, less than `size`; default 100. It begins at a
        sentence or at least a word, so it may repeat less.

    Raises
    ------
    ValueError
        When the sizes make no sense.

    >>> text = "One fish. Two fish.\n\nRed fish, blue fish."
    >>> [text[s.start : s.end] for s in split(text, size=22, overlap=0)]
    ['One fish. Two fish.', 'Red fish, blue fish.']
    """
    if size < 1 or not 0 <= overlap < size:
        raise ValueError(f"size {size} and overlap {overlap}: need size ≥ 1 and 0 ≤ overlap < size")
    levels = [_Level.of(pattern, text) for pattern in (_PARAGRAPH, _SENTENCE, _WORD)]
    spans: list[Span] = []
    start, done = _skip_space(text, 0), 0
    last = len(text.rstrip())
    while start < last:
        end = last if last - start <= size else _end(start, size, levels)
        end = start + len(text[start:end].rstrip())  # a line's end may stand behind spaces
        if end <= done:  # no boundary beyond what is repeated: go on without repeating
            start = _skip_space(text, done)
            continue
        spans.append(Span(start, end))
        done = end
        start = last if end >= last else _skip_space(text, _begin(start, end, overlap, levels[1:]))
    return spans


@dataclass(frozen=True, slots=True)
class _Level:
    """Boundaries of one kind: where the text before each ends, and where the text after it begins."""

    ends: list[int]
    begins: list[int]

    @classmethod
    def of(cls, pattern: re.Pattern[str], text: str) -> _Level:
        found = list(pattern.finditer(text))
        return cls([m.start() + len(m.group().rstrip()) for m in found], [m.end() for m in found])


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _end(start: int, size: int, levels: Sequence[_Level]) -> int:
    limit = start + size
    # a paragraph's end is worth a passage half empty, a sentence's one two thirds empty, a word's any
    for level, least in zip(levels, (size // 2, size // 3, 0), strict=True):
        at = bisect_right(level.ends, limit) - 1
        if at >= 0 and level.ends[at] > start + least:
            return level.ends[at]
    return limit


def _begin(start: int, end: int, overlap: int, levels: Sequence[_Level]) -> int:
    earliest = max(end - overlap, start + 1)
    for level in levels:
        at = bisect_left(level.begins, earliest)
        if at < len(level.begins) and level.begins[at] < end:
            return level.begins[at]
    return end
