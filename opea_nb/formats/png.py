"""A pipeline as a PNG picture: the SVG drawing, rendered offline by resvg."""

from __future__ import annotations

from typing import Any

from opea_nb.errors import FormatError
from opea_nb.formats.conversion import Exported, Format
from opea_nb.formats.picture import svg
from opea_nb.pipeline import Pipeline

_MAX_SCALE = 8.0
_MAX_SIDE = 16384
# The first that is there; a renderer without a browser knows no system-ui.
_FONTS = "'DejaVu Sans','Liberation Sans','Noto Sans','Segoe UI','Helvetica Neue',Helvetica,Arial,sans-serif"
_STYLE = f"text{{font-family:{_FONTS}}}"
_FRAME = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><rect width="9" height="9"/>{}</svg>'


def png(pipeline: Pipeline, *, scale: float = 2.0, background: str = "white") -> bytes:
    """The picture's bytes. Its fonts are those of this machine, so machines may differ in their letters.

    Parameters
    ----------
    scale
        Pixels for each unit of the drawing: over 0, at most 8.
    background
        A CSS colour; empty for none.

    Raises
    ------
    FormatError
        When ``resvg_py`` is not installed, or the picture would be over 16384 pixels wide or high.
    """
    try:
        import resvg_py  # an extra: only this format needs it
    except ImportError as error:
        raise FormatError(
            "PNG pictures need the package resvg_py",
            source="png",
            hint="pip install 'opea_nb[png]', or write SVG, which needs nothing",
        ) from error
    if not 0 < scale <= _MAX_SCALE:
        raise FormatError(f"scale is {scale!r}", source="png", hint=f"use over 0 and at most {_MAX_SCALE:g}")
    text = svg(pipeline)
    width, height = _size(text)
    if max(width, height) * scale > _MAX_SIDE:
        raise FormatError(
            f"the picture would be {width * scale:.0f} × {height * scale:.0f} pixels",
            source="png",
            hint="give a smaller scale, or write SVG",
        )
    blank, letter = (
        resvg_py.svg_to_bytes(svg_string=_FRAME.format(inside), style_sheet=_STYLE)
        for inside in ("", '<text y="18">M</text>')
    )
    if blank == letter:
        raise FormatError(
            "this machine has no fonts to draw letters with",
            source="png",
            hint="install some (fonts-dejavu-core, say), or write SVG, whose reader has them",
        )
    try:
        return resvg_py.svg_to_bytes(
            svg_string=text,
            width=max(1, round(width * scale)),
            height=max(1, round(height * scale)),
            background=background or None,
            style_sheet=_STYLE,
        )
    except ValueError as error:
        raise FormatError(
            f"the picture cannot be rendered: {error}", source="png", hint="check the background"
        ) from error


def _size(text: str) -> tuple[float, float]:
    """Width and height that the drawing gives itself."""
    from xml.etree.ElementTree import fromstring

    root = fromstring(text)  # noqa: S314  # our own drawing
    return float(root.get("width", "0")), float(root.get("height", "0"))


def _write(pipeline: Pipeline, *, scale: float = 2.0, background: str = "white") -> Exported:
    return Exported({}, binary={f"{pipeline.name}.png": png(pipeline, scale=scale, background=background)})


def _detect(data: Any) -> bool:  # noqa: ARG001  # a picture is only written
    return False


FORMAT = Format("png", "PNG picture", _detect, None, _write)
