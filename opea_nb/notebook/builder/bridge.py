"""The Builder's helper in the page: tells the theme's colours, keeps the notebook's keys out."""

from __future__ import annotations

from importlib.resources import files

import anywidget
import traitlets

__all__ = ["Bridge"]

_STATIC = files("opea_nb.static")


class Bridge(anywidget.AnyWidget):
    """Where gestures on the canvas will come in; without it everything works by ordinary widgets, in light colours."""

    _esm = _STATIC.joinpath("builder.js").read_text(encoding="utf-8")
    _css = _STATIC.joinpath("builder.css").read_text(encoding="utf-8")

    colours = traitlets.Dict().tag(sync=True)

    def __repr__(self) -> str:  # the inherited one holds a memory address
        return "<Bridge>"
