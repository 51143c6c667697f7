"""Bodies of requests and responses, made short enough to look at."""

from __future__ import annotations

from typing import Any

__all__ = ["shorten"]

_NUMBERS = 8
_ITEMS = 50
_TEXT = 20_000


def shorten(value: Any) -> Any:
    """The same JSON with long runs of numbers, long lists and very long texts cut, and how much was left out.

    A vector of hundreds of numbers tells nothing to an eye, and would travel to the page and into the saved notebook.

    >>> shorten({"embedding": [0.1] * 256, "text": "hi"})
    {'embedding': [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, '… 248 more numbers'], 'text': 'hi'}
    """
    if isinstance(value, str):
        return value if len(value) <= _TEXT else f"{value[:_TEXT]}… {len(value) - _TEXT} more characters"
    if isinstance(value, dict):
        return {str(k): shorten(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        if len(value) > _NUMBERS * 2 and all(isinstance(v, int | float) for v in value):
            return [*value[:_NUMBERS], f"… {len(value) - _NUMBERS} more numbers"]
        short = [shorten(v) for v in value[:_ITEMS]]
        return [*short, f"… {len(value) - _ITEMS} more"] if len(value) > _ITEMS else short
    return value if value is None or isinstance(value, bool | int | float) else str(value)
