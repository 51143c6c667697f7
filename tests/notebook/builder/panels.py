"""How tests find and work the ordinary widgets of a panel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import ipywidgets as w

ATTACK = '"><img src=x onerror=alert(1)>'


def inside(widget: w.Widget) -> Iterator[w.Widget]:
    """A widget and all that is in it."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from inside(child)


def of_class(panel: w.Widget, css: str) -> list[Any]:
    """All widgets with a CSS class."""
    return [x for x in inside(panel) if css in getattr(x, "_dom_classes", ())]


def button(panel: w.Widget, text: str) -> w.Button:
    """The first button with that text."""
    return next(x for x in inside(panel) if isinstance(x, w.Button) and x.description == text)


def field(panel: w.Widget, name: str) -> Any:
    """The control with that name."""
    return next(x for x in inside(panel) if getattr(x, "description", "") == name and hasattr(x, "value"))


def words(panel: w.Widget) -> str:
    """All markup that a panel shows."""
    return "\n".join(x.value for x in inside(panel) if isinstance(x, w.HTML))


def enter(text: w.Text) -> None:
    """Press Enter in a line."""
    text._handle_custom_msg({"event": "submit"}, [])
