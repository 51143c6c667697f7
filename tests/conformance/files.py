"""The files of the suite: our own samples, and upstream's where the maintainers' shared folder is at hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.shared import SHARED

HERE = Path(__file__).parent
SAMPLES = HERE / "samples"
FOLDERS = ("unified", "compose", "gmc", "kserve", "studio", "python", "mega-yaml")
"""The folders of samples, each called by its format."""


def upstream() -> list[tuple[str, Path]]:
    """Format and path of each of upstream's files; none where the shared folder is not at hand."""
    return list(_in(SHARED / "upstream"))


def own() -> list[tuple[str, Path]]:
    """Format and path of each of our own samples."""
    return list(_in(SAMPLES))


def sources() -> list[tuple[str, Path]]:
    """All of them, ours first."""
    return [*own(), *upstream()]


def title(path: Path) -> str:
    """What to call a file in tests and tables: ``gmc/switch.yaml``, ``upstream/gmc/chatQnA_xeon.yaml``."""
    return f"{'' if path.is_relative_to(SAMPLES) else 'upstream/'}{path.parent.name}/{path.name}"


def _in(folder: Path) -> Iterator[tuple[str, Path]]:
    for name in FOLDERS:
        for path in sorted((folder / name).glob("*.*")):
            if "-crd" not in path.name:
                yield name, path
