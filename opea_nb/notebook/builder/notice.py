"""A line that says what happened and offers what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import ipywidgets as w

__all__ = ["Notice", "button"]


class Notice:
    """A sentence with buttons; nothing until there is something to say."""

    def __init__(self, css: str = "") -> None:
        self.text = ""
        self.widget = w.HBox([])
        self.widget.add_class("opea-notice")
        if css:
            self.widget.add_class(css)
        self.hide()

    def show(self, text: str, *acts: tuple[str, Callable[[], object]], hint: str = "", bad: bool = False) -> None:
        """Say `text`, and offer `acts`: what the button says, and what it does."""
        role = "alert" if bad else "status"
        line = f'<span class="opea-hint"> → {escape(hint)}</span>' if hint else ""
        css = "opea-bad" if bad else "opea-said"
        message = w.HTML(f'<div class="{css}" role="{role}">{escape(text)}{line}</div>', layout={"flex": "1"})
        self.widget.children = (message, *(button(label, act) for label, act in acts))
        self.widget.layout.display = ""
        self.text = text

    def hide(self) -> None:
        """Say nothing."""
        self.text = ""
        self.widget.children = ()
        self.widget.layout.display = "none"


def button(text: str, act: Callable[[], object], *, css: str = "", icon: str = "", help: str = "") -> w.Button:  # noqa: A002 - one word
    """A button that does one thing."""
    made = w.Button(description=text, icon=icon, tooltip=help, layout={"width": "auto"})
    for name in css.split():
        made.add_class(name)
    made.on_click(lambda _: act())
    return made
