"""Docker Compose files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opea_nb.formats.compose.write import write
from opea_nb.formats.conversion import Format, Imported

__all__ = ["FORMAT", "write"]

_KEYS = frozenset({"image", "build", "extends", "command", "environment", "ports", "volumes", "depends_on", "deploy"})


def _detect(data: Any) -> bool:
    """Whether it is a Compose file, also one that only changes what another has."""
    services = data.get("services") if isinstance(data, Mapping) else None
    return isinstance(services, Mapping) and any(isinstance(s, Mapping) and _KEYS & s.keys() for s in services.values())


def _read(text: str, *, source: str = "<text>", name: str = "") -> Imported:
    from opea_nb.formats.compose import read  # writing needs none of it

    return read.read(text, source=source, name=name)


FORMAT = Format("compose", "Docker Compose", _detect, _read, write)
