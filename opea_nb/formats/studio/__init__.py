"""Flows of GenAIStudio, OPEA's drag-and-drop web application: a canvas, its record, a ``workflow-info.json``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opea_nb.formats.conversion import Format
from opea_nb.formats.studio.read import read
from opea_nb.formats.studio.record import is_record

__all__ = ["FORMAT", "detect", "read"]


def detect(data: Any) -> bool:
    """Whether parsed JSON is a flow of GenAIStudio."""
    if is_record(data):
        return True
    if not isinstance(data, Mapping) or not isinstance(data.get("nodes"), list | Mapping):
        return False
    nodes = data["nodes"]
    if isinstance(nodes, list):
        return isinstance(data.get("edges"), list) and all(isinstance(n, Mapping) and "data" in n for n in nodes)
    return "chat_input_ids" in data or any(isinstance(n, Mapping) and "connected_from" in n for n in nodes.values())


FORMAT = Format("studio", "GenAIStudio flow", detect, read)
