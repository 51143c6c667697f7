"""What a format gives when it is read, and what it gives when it is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from opea_nb.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that a conversion could not carry over as it was, or had to guess.

    Parameters
    ----------
    kind
        ``lost`` (not in the result), ``kept`` (carried along, not understood) or ``inferred`` (a guess).
    item
        What it is about: a service, a key, a path in the file.
    reason
        Why, in one sentence.
    where
        ``file:line:column`` or a path within the document; empty where there is none.
    """

    kind: Literal["lost", "kept", "inferred"]
    item: str
    reason: str
    where: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.item}: {self.reason}" + (f" ({self.where})" if self.where else "")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in a file that can be read, but that those whom the file is for would refuse or choke on.

    Parameters
    ----------
    severity
        ``error`` when it does not work at all, ``warning`` when some requests fail.
    code
        Who minds.
    """

    severity: Literal["error", "warning"]
    code: str
    message: str
    line: int = 0
    column: int = 0
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """A pipeline that was read, what was noted on the way, and what is wrong by the rules of the file's format."""

    pipeline: Pipeline
    notes: tuple[Note, ...] = ()
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Exported:
    """Files that were written, by relative path (the main one first), and what was noted on the way."""

    files: Mapping[str, str]
    notes: tuple[Note, ...] = ()
    binary: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The main file's text."""
        return next(iter(self.files.values()))


@dataclass(frozen=True, slots=True)
class Format:
    """A file format.

    Parameters
    ----------
    name
        What ``--to`` takes: ``compose``, ``gmc`` …
    title
        What people call it.
    detect
        Whether a parsed document (YAML or JSON data, or Python text) is of this format.
    read
        ``(text, source=…) -> Imported``; ``None`` for a format that is only written. Executes nothing, fetches nothing,
        bounds its input and raises only errors of `opea_nb.errors`.
    write
        ``(pipeline, **options) -> Exported``; ``None`` for a format that is only read. Raises `PlanError` or
        `FormatError` naming the service that the format cannot express, with what to do instead.
    """

    name: str
    title: str
    detect: Callable[[Any], bool]
    read: Callable[..., Imported] | None = None
    write: Callable[..., Exported] | None = None
