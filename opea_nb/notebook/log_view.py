"""The widget that shows the end of a log."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import anywidget
import traitlets

__all__ = ["LogView"]

_STATIC = files("opea_nb.static")
_FRESH = 45.0  # seconds that a page is believed to still show it; the page says so every 15


class LogView(anywidget.AnyWidget):
    """Lines of text in the page, which follows their end unless its reader scrolled up.

    Parameters
    ----------
    on_seen
        Told when a page begins to show it.
    """

    _esm = _STATIC.joinpath("log-view.js").read_text(encoding="utf-8")
    _css = _STATIC.joinpath("log-view.css").read_text(encoding="utf-8")

    lines: traitlets.List[str] = traitlets.List().tag(sync=True)
    title = traitlets.Unicode().tag(sync=True)

    def __init__(self, on_seen: Callable[[], None], **traits: Any) -> None:
        super().__init__(**traits)
        self._on_seen = on_seen
        self._pages: dict[str, float] = {}
        self.on_msg(self._heard)

    @property
    def seen(self) -> bool:
        """Whether a page shows it now."""
        return any(time.monotonic() - at < _FRESH for at in self._pages.values())

    def _heard(self, _: object, content: Any, __: object) -> None:
        match content:
            case {"act": "seen", "view": str(page)}:
                self._pages = {p: at for p, at in self._pages.items() if time.monotonic() - at < _FRESH}
                self._pages[page] = time.monotonic()
                self._on_seen()
            case {"act": "hidden", "view": str(page)}:
                self._pages.pop(page, None)

    def __repr__(self) -> str:  # the inherited one holds a memory address
        return f"<LogView {self.title}: {len(self.lines)} lines>"
