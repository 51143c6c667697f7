"""A line that says what happened and offers what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import ipywidgets as w

from opea_nb.notebook.builder.light import Light, closed

__all__ = ["Notice"]


class Notice:
    """A sentence with buttons; nothing until there is something to say."""

    def __init__(self, light: Light, css: str = "") -> None:
        self._light = light
        self.text = ""
        self.widget = light.row(css=f"opea-notice {css}")
        self.hide()

    def show(self, text: str, *acts: tuple[str, Callable[[], object]], hint: str = "", bad: bool = False) -> None:
        """Say `text`, and offer `acts`: what the button says, and what it does."""
        role = "alert" if bad else "status"
        line = f'<span class="opea-hint"> → {escape(hint)}</span>' if hint else ""
        css = "opea-bad" if bad else "opea-said"
        message = self._light.html(f'<div class="{css}" role="{role}">{escape(text)}{line}</div>', "opea-grow")
        self._put(message, *(self._light.button(label, act) for label, act in acts))
        self.text = text

    def hide(self) -> None:
        """Say nothing."""
        self.text = ""
        self._put()

    def _put(self, *parts: w.Widget) -> None:
        before = self.widget.children
        self.widget.children = parts
        self._light.show(self.widget, bool(parts))
        closed(before)
