"""An edit as the Python that does the same; empty until the domain can tell."""

from __future__ import annotations

import importlib

from opea_nb.pipeline.edit import Edit

__all__ = ["code_of"]


def code_of(edit: Edit) -> str:
    """Lines of Python."""
    try:
        return str(importlib.import_module("opea_nb.pipeline.code").code(edit))
    except ModuleNotFoundError:
        return ""
