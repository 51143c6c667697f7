"""Ordinary widgets, made lightly: those of one panel share their layout and style, which else are two more each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import ipywidgets as w

__all__ = ["LATE", "Light", "closed", "on_enter"]

Option = tuple[str, Any]

LATE = 2.0
"""Seconds that a text may come after the click that is about it.

ipywidgets holds a text back while the one before is not acknowledged, but never a click: it can come first.
"""


class Light:
    """Makes the widgets of a panel. Their width is the style sheet's business, by their class.

    >>> light = Light()
    >>> one, other = light.button("Undo"), light.button("Redo")
    >>> one.layout is other.layout, one.style is other.style
    (True, True)
    """

    def __init__(self) -> None:
        self.layout = w.Layout(width="auto")
        self._hidden = w.Layout(display="none")
        self._styles: dict[type[w.Widget], w.Widget] = {}

    def _made(self, cls: type[w.Widget], css: str, **traits: Any) -> Any:
        style = {"style": self._styles[cls]} if cls in self._styles else {}
        made = cls(layout=self.layout, _dom_classes=tuple(css.split()), **style, **traits)
        self._styles.setdefault(cls, made.style)
        return made

    def button(
        self, text: str, act: Callable[[], object] | None = None, *, css: str = "", hint: str = "", icon: str = ""
    ) -> w.Button:
        """A button. One with a class ``opea-icon-…`` shows that icon, and its text where ``opea-word`` is set too.

        Parameters
        ----------
        icon
            One of Font Awesome's beside the text, which a page without the Builder's style sheet shows as well.
        """
        made: w.Button = self._made(w.Button, css, description=text, tooltip=hint or None, icon=icon)
        if act is not None:
            made.on_click(lambda _: act())
        return made

    def html(self, markup: str = "", css: str = "") -> w.HTML:
        """Markup, in which the caller has escaped what is not its own."""
        made: w.HTML = self._made(w.HTML, css, value=markup)
        return made

    def text(self, value: str = "", changed: Callable[[str], object] | None = None, **traits: Any) -> w.Text:
        """A line; `changed` is told what was typed when it is left, or at Enter."""
        traits = {"continuous_update": False, "css": "", **traits}
        made: w.Text = self._made(w.Text, traits.pop("css"), value=value, **traits)
        _told(made, changed)
        return made

    def area(self, value: str = "", changed: Callable[[str], object] | None = None, **traits: Any) -> w.Textarea:
        """Several lines."""
        traits = {"continuous_update": False, "css": "", **traits}
        made: w.Textarea = self._made(w.Textarea, traits.pop("css"), value=value, **traits)
        _told(made, changed)
        return made

    def choice(
        self, options: Sequence[Option], value: Any, changed: Callable[[Any], object] | None = None, css: str = ""
    ) -> w.Dropdown:
        """One of several."""
        made: w.Dropdown = self._made(w.Dropdown, css, options=tuple(options), value=value)
        _told(made, changed)
        return made

    def check(
        self, text: str, value: bool, changed: Callable[[bool], object] | None = None, css: str = ""
    ) -> w.Checkbox:
        """Yes or no."""
        made: w.Checkbox = self._made(w.Checkbox, css, description=text, value=value, indent=False)
        _told(made, changed)
        return made

    def row(self, *children: w.Widget, css: str = "") -> w.HBox:
        """Beside each other."""
        return w.HBox(children, layout=self.layout, _dom_classes=tuple(css.split()))

    def column(self, *children: w.Widget, css: str = "") -> w.VBox:
        """Below each other."""
        return w.VBox(children, layout=self.layout, _dom_classes=tuple(css.split()))

    def show(self, widget: w.DOMWidget, shown: bool) -> None:
        """Let a widget be seen, or take no room."""
        layout = self.layout if shown else self._hidden
        if widget.layout is not layout:
            widget.layout = layout


def on_enter(text: w.Text, act: Callable[[], object]) -> None:
    """Call `act` when Enter is pressed in the field (ipywidgets' own `on_submit` is deprecated without a successor)."""

    def heard(_: w.Widget, content: dict[str, Any], __: object) -> None:
        if content.get("event") == "submit":
            act()

    text.on_msg(heard)


def closed(widgets: Iterable[w.Widget]) -> None:
    """Close widgets and what is in them, so that kernel and page forget them; what they share stays."""
    for widget in widgets:
        closed(getattr(widget, "children", ()))
        widget.close()


def _told(widget: w.Widget, changed: Callable[[Any], object] | None) -> None:
    if changed is not None:
        widget.observe(lambda change: changed(change["new"]), names=["value"])
