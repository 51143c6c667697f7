"""The SVG drawing as one of the formats."""

from __future__ import annotations

from typing import Any

from opea_nb.formats.conversion import Exported, Format
from opea_nb.formats.picture import svg
from opea_nb.pipeline import Pipeline

__all__ = ["FORMAT"]


def _write(pipeline: Pipeline) -> Exported:
    return Exported({f"{pipeline.name}.svg": svg(pipeline)})


def _detect(data: Any) -> bool:  # noqa: ARG001  # a picture is only written
    return False


FORMAT = Format("svg", "SVG picture", _detect, None, _write)
