"""Python files for opea-comps 1.5: `MicroService` and `ServiceOrchestrator`, the RFC's first interface."""

from __future__ import annotations

import re
from typing import Any

from opea_nb.formats.comps_python.read import read
from opea_nb.formats.comps_python.write import write
from opea_nb.formats.conversion import Format

__all__ = ["FORMAT", "detect", "read", "write"]


def detect(data: Any) -> bool:
    """Whether text is Python that uses opea-comps."""
    return isinstance(data, str) and bool(
        re.search(r"^\s*(from\s+comps\b|import\s+comps\b)", data[: 1 << 20], re.MULTILINE)
        and re.search(r"ServiceOrchestrator|MicroService", data[: 1 << 20])
    )


FORMAT = Format("python", "Python for opea-comps", detect, read, write)
