"""Docker Compose files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opea_nb.formats.compose.write import write
from opea_nb.formats.conversion import Format, Imported

__all__ = ["FORMAT", "write"]


def _detect(data: Any) -> bool:
    """Whether it is a Compose file: services that have an image or are built."""
    services = data.get("services") if isinstance(data, Mapping) else None
    return isinstance(services, Mapping) and any(
        isinstance(s, Mapping) and {"image", "build", "extends"} & s.keys() for s in services.values()
    )


def _read(text: str, *, source: str = "<text>") -> Imported:
    from opea_nb.formats.compose import read  # writing needs none of it

    return read.read(text, source=source)


FORMAT = Format("compose", "Docker Compose", _detect, _read, write)
