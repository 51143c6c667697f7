"""What the page asked for, read with suspicion: any front end, and any script in a page, can send anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opea_nb.errors import PipelineError
from opea_nb.formats.layout import Point

__all__ = ["Wish"]

_FAR = 1_000_000.0  # pixels
_MANY = 20_000  # elements of a list
_LONG = 8 << 20  # characters of a text


class Wish:
    """An intent of the page. Fields that are not what they should be raise `PipelineError`.

    Parameters
    ----------
    content
        What came, as parsed from JSON.

    >>> Wish({"act": "rename", "name": "llm"}).text("name")
    'llm'
    >>> Wish({"act": "rename", "name": 3}).text("name")
    Traceback (most recent call last):
    opea_nb.errors.PipelineError: rename: name is no text
    """

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._content = content
        act = content.get("act")
        self.act = act if isinstance(act, str) else ""
        self.answers: list[dict[str, Any]] = []

    @property
    def number(self) -> int | None:
        """The page's own number of this intent."""
        n = self._content.get("n")
        return n if isinstance(n, int) and not isinstance(n, bool) else None

    @property
    def view(self) -> str:
        """Which of the views sent it."""
        view = self._content.get("view")
        return view if isinstance(view, str) and len(view) <= 100 else ""

    def answer(self, kind: str, **fields: Any) -> None:
        """Tell the page something about this intent, besides that it is done."""
        self.answers.append({"type": kind, "n": self.number, "view": self.view, **fields})

    def has(self, *keys: str) -> bool:
        """Whether all of these were sent."""
        return all(self._content.get(key) is not None for key in keys)

    def text(self, key: str, default: str | None = None) -> str:
        """A text; the default where there is none."""
        value = self._content.get(key, default)
        if not isinstance(value, str) or len(value) > _LONG:
            raise self._wrong(key, "no text")
        return value

    def flag(self, key: str) -> bool:
        """Yes or no; no where there is none."""
        value = self._content.get(key, False)
        if not isinstance(value, bool):
            raise self._wrong(key, "neither true nor false")
        return value

    def pixels(self, key: str) -> float:
        """A coordinate or a length."""
        return self._pixels(self._content.get(key), key)

    def point(self) -> Point | None:
        """Where the pointer was, if that was told."""
        return (self.pixels("x"), self.pixels("y")) if self.has("x", "y") else None

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, each once."""
        value = self._list(self._content.get(key, []), key)
        if not all(isinstance(item, str) for item in value):
            raise self._wrong(key, "no list of names")
        return tuple(dict.fromkeys(value))

    def pairs(self, key: str) -> tuple[tuple[str, str], ...]:
        """A list of pairs of names."""
        found = []
        for item in self._list(self._content.get(key, []), key):
            if not isinstance(item, (list, tuple)) or len(item) != 2 or not all(isinstance(n, str) for n in item):
                raise self._wrong(key, "no list of pairs")
            found.append((item[0], item[1]))
        return tuple(dict.fromkeys(found))

    def places(self, key: str) -> dict[str, Point]:
        """Name -> where to."""
        value = self._content.get(key)
        if not isinstance(value, dict) or len(value) > _MANY:
            raise self._wrong(key, "no places by name")
        found = {}
        for name, place in value.items():
            if not isinstance(place, (list, tuple)) or len(place) != 2:
                raise self._wrong(key, "no places by name")
            found[str(name)] = self._pixels(place[0], key), self._pixels(place[1], key)
        return found

    def _list(self, value: object, key: str) -> list[Any] | tuple[Any, ...]:
        if not isinstance(value, (list, tuple)) or len(value) > _MANY:
            raise self._wrong(key, "no list")
        return value

    def _pixels(self, value: object, key: str) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self._wrong(key, "no number of pixels")
        if not abs(value) <= _FAR:  # not a number is neither more nor less
            raise self._wrong(key, "too far away")
        return round(float(value), 2)

    def _wrong(self, key: str, what: str) -> PipelineError:
        return PipelineError(f"{self.act[:40]}: {key} is {what}")
