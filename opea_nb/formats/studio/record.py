"""The record that Studio's server keeps of a flow: its canvas is an object, or JSON text, under ``flowData``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opea_nb.errors import FormatError
from opea_nb.formats import json_text

__all__ = ["CANVAS", "canvas_in", "is_record"]

CANVAS = "flowData"
"""Where in the record the canvas stands."""


def is_record(data: Any) -> bool:
    """Whether parsed JSON looks like a record with a canvas.

    >>> is_record({"name": "Chat", "flowData": {"nodes": []}}), is_record({"flowData": "no canvas"})
    (True, False)
    """
    held = data.get(CANVAS) if isinstance(data, Mapping) else None
    if isinstance(held, str):
        return held.lstrip().startswith("{") and '"nodes"' in held
    return isinstance(held, Mapping) and isinstance(held.get("nodes"), list | Mapping)


def canvas_in(record: Mapping[str, Any], text: str | bytes, source: str) -> Any:
    """The canvas of a record, with the record's name where it has none of its own.

    Raises
    ------
    FormatError
        When its text is no JSON.
    """
    held = record[CANVAS]
    if isinstance(held, str):
        try:
            held = json_text.load(held, CANVAS)
        except FormatError as error:
            line, column = json_text.place(text, (CANVAS,))
            message = f"the record holds no canvas: {error.message}"
            raise FormatError(message, source=source, line=line, column=column, hint=error.hint) from error
    return {"name": record.get("name"), **held} if isinstance(held, Mapping) else held
