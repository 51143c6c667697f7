"""The templates, each with a picture, its purpose, and a button that opens it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from html import escape
from urllib.parse import quote

import ipywidgets as w

from opea_nb import templates
from opea_nb.formats import picture
from opea_nb.notebook.builder.light import Light

__all__ = ["Gallery"]


class Gallery:
    """A card for each template; made when it is first shown.

    Parameters
    ----------
    choose
        Told the name of the template that was clicked.
    """

    def __init__(self, light: Light, choose: Callable[[str], None]) -> None:
        self._light = light
        self._choose = choose
        self.widget = light.row(css="opea-gallery")

    def show(self) -> None:
        """Make the cards, once."""
        if not self.widget.children:
            self.widget.children = tuple(self._card(name) for name in templates.names())

    def _card(self, name: str) -> w.Widget:
        title, purpose, image = _about(name)
        text = f"<b>{escape(title)}</b><div>{escape(purpose)}</div>"
        markup = f'<img alt="" loading="lazy" src="{image}">{text}'
        button = self._light.button(
            "Open", lambda: self._choose(name), css=f"opea-plain opea-template-{name}", hint=f"Open {title}"
        )
        return self._light.column(self._light.html(markup), button, css="opea-template")


@functools.cache
def _about(name: str) -> tuple[str, str, str]:
    """Title, purpose and picture, which as an image cannot run anything."""
    title, _, purpose = templates.describe(name).split("\n")[0].partition(":")
    drawing = picture.svg(templates.load(name))
    return title.strip() or name, purpose.strip(), f"data:image/svg+xml,{quote(drawing)}"
