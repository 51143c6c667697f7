"""What becomes of one file: read, written in every format that can hold it, and read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from opea_nb.errors import FormatError, PlanError
from opea_nb.formats import registry
from opea_nb.formats.compare import Difference, differences
from opea_nb.formats.conversion import Note
from opea_nb.pipeline import Pipeline
from tests.conformance.files import title

TARGETS = tuple(n for n in registry.names() if registry.find(n).write is not None and n != "png")
"""Formats that are written. PNG is SVG's drawing once more, in letters that differ from machine to machine."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """A pipeline in another format.

    Parameters
    ----------
    refused
        Why the format cannot hold it; empty when it can.
    back
        What is different when the written file is read again; ``None`` for a format that is not read.
    """

    notes: tuple[Note, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    refused: str = ""
    hint: str = ""
    back: tuple[Difference, ...] | None = None

    @property
    def lost(self) -> int:
        return sum(note.kind == "lost" for note in self.notes)


@dataclass(frozen=True, slots=True)
class Measured:
    """A file, as it was read, and what it became."""

    title: str
    format: str
    pipeline: Pipeline
    notes: tuple[Note, ...]
    to: dict[str, Conversion] = field(default_factory=dict)


def measure(name: str, path: Path) -> Measured:
    """Read a file of that format, and write it in all."""
    read = registry.read(path, name)
    to = {target: convert(read.pipeline, target) for target in TARGETS}
    return Measured(title(path), name, read.pipeline, read.notes, to)


def convert(pipeline: Pipeline, target: str) -> Conversion:
    """Write it, and read it back where that can be."""
    try:
        written = registry.convert(pipeline, to=target)
    except (FormatError, PlanError) as error:
        return Conversion(refused=error.message, hint=error.hint)
    if registry.find(target).read is None:
        return Conversion(written.notes, written.files)
    again = registry.read(written.text, target, source=next(iter(written.files)))
    return Conversion(written.notes, written.files, back=differences(pipeline, again.pipeline))
