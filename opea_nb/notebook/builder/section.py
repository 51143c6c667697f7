"""A part of the inspector with a heading that folds it; what is folded is not made at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import ipywidgets as w

from opea_nb.notebook.builder.light import Light, closed

__all__ = ["Fold", "Section"]


class Section(Protocol):
    """What stands under a heading."""

    @property
    def title(self) -> str:
        """The heading."""
        ...

    def key(self) -> object:
        """What the widgets are made for: with another key they are made anew; ``None`` for nothing to show."""
        ...

    def build(self) -> Sequence[w.Widget]:
        """Make the widgets."""
        ...

    def follow(self) -> None:
        """Show the values that are set by now, in the widgets that are there: what has the focus keeps it."""
        ...


class Fold:
    """A section with its heading.

    Parameters
    ----------
    folded
        Headings that are folded; shared by all sections, and changed by clicks.
    """

    def __init__(self, light: Light, section: Section, folded: set[str], changed: Callable[[], None]) -> None:
        self._light = light
        self._section = section
        self._folded = folded
        self._key: object = None
        self._parts: tuple[w.Button, w.VBox] | None = None  # heading and body, once there was something to show
        self._changed = changed

    @property
    def widgets(self) -> tuple[w.Widget, ...]:
        """Heading and body; nothing when there is nothing to show."""
        if self._key is None or self._parts is None:
            return ()
        return self._parts[:1] if self._section.title in self._folded else self._parts

    def refresh(self) -> None:
        """Make what is new, and let the rest follow."""
        key = self._section.key()
        if self._parts is None:
            if key is None:
                return
            head = self._light.button(self._section.title, self._fold, css="opea-section")
            self._parts = head, self._light.column(css="opea-section-body")
        head, body = self._parts
        folded = self._section.title in self._folded
        (head.add_class if folded else head.remove_class)("opea-folded")
        wanted = key if key is None or not folded else ("folded",)
        if wanted != self._key:
            before, self._key = body.children, wanted
            body.children = tuple(self._section.build()) if wanted is not None and not folded else ()
            closed(before)
        elif wanted is not None and not folded:
            self._section.follow()

    def _fold(self) -> None:
        self._folded ^= {self._section.title}
        self._changed()
