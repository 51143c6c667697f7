"""Kubernetes resources in a file of one or several YAML documents: found, and read part by part with their places."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from opea_nb.errors import FormatError
from opea_nb.formats.conversion import Note
from opea_nb.formats.yaml_stream import load_all
from opea_nb.formats.yaml_text import Document, Path, Value

Found = list[tuple[Document, Path]]


def find(
    text: str | bytes, source: str, wanted: Callable[[object], bool], kind: str, version: str
) -> tuple[Found, list[Note]]:
    """The resources of a kind, in the documents of a file or in Kubernetes' ``List``; with notes on what else is there.

    Raises
    ------
    FormatError
        When there is none.
    """
    found: Found = []
    notes = []
    for document in load_all(text, source):
        data = document.data
        items = data.get("items") if isinstance(data, dict) else data
        paths: list[Path] = [()]
        if not wanted(data) and isinstance(items, list):
            head: Path = ("items",) if isinstance(data, dict) else ()
            paths = [(*head, i) for i in range(len(items))]
        for path in paths:
            value = items[path[-1]] if path and isinstance(items, list) and isinstance(path[-1], int) else data
            if wanted(value):
                found.append((document, path))
                continue
            line, column = document.position(path)
            other = str(value.get("kind", "a document"))[:40] if isinstance(value, dict) else "a value"
            notes.append(Note("lost", other, f"is no {kind}", f"{source}:{line}:{column}"))
    if not found:
        raise FormatError(
            f"there is no {kind} in it", source=source, hint=f"it has `apiVersion: {version}` and `kind: {kind}`"
        )
    return found, notes


def choose(found: Found, name: str, kind: str, source: str) -> tuple[tuple[Document, Path], list[Note]]:
    """The resource of that name, the first when it is empty; with notes on the others.

    Raises
    ------
    FormatError
        When there is none of that name.
    """
    names = [_name(document, base) for document, base in found]
    if name and name not in names:
        raise FormatError(f"there is no {kind} {name!r}", source=source, hint=f"it has {', '.join(names)}")
    chosen = names.index(name) if name else 0
    notes = []
    for index, (document, base) in enumerate(found):
        if index != chosen:
            line, column = document.position(base)
            reason = f"the file holds {len(found)} of kind {kind}; this one becomes another pipeline"
            notes.append(Note("lost", f"{kind} {names[index]}", reason, f"{source}:{line}:{column}"))
    return found[chosen], notes


def _name(document: Document, base: Path) -> str:
    value = Parts(document, base).at(("metadata", "name"))
    return value if isinstance(value, str) else ""


class Parts:
    """The parts of one resource, checked as they are asked for; notes and errors point into the file.

    Parameters
    ----------
    base
        Where the resource stands in its document.
    """

    def __init__(self, document: Document, base: Path) -> None:
        self.document, self.base = document, base
        self.notes: list[Note] = []

    def note(self, kind: Literal["lost", "kept", "inferred"], item: str, reason: str, path: Path = ()) -> None:
        """Add a note, with its place in the file."""
        line, column = self.document.position((*self.base, *path))
        self.notes.append(Note(kind, item, reason, f"{self.document.source}:{line}:{column}"))

    def error(self, message: str, path: Path = (), hint: str = "") -> FormatError:
        """An error that points into the file."""
        return self.document.error(message, (*self.base, *path), hint=hint)

    def mapping(self, path: Path) -> dict[Any, Value]:
        """The mapping at a path; empty where there is none."""
        value = self.at(path)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise self.error(f"{words(path)} is no mapping", path, "write `key: value` lines, indented")
        return value

    def texts(self, path: Path) -> dict[str, str]:
        """A mapping of text to text; other scalars become text, as written, with a note."""
        return {str(key): self.text((*path, key)) for key in self.mapping(path)}

    def text(self, path: Path) -> str:
        """The text at a path; empty where there is none."""
        value = self.at(path)
        if value is None or isinstance(value, str):
            return value or ""
        if isinstance(value, dict | list):
            raise self.error(f"{words(path)} is no text", path, "write one line of text")
        written = self.document.written((*self.base, *path)) or str(value)
        self.note("inferred", words(path), "is read as text; the CRD wants quotes around it", path)
        return written

    def at(self, path: Path) -> Value:
        """What stands at a path; nothing where it leads nowhere."""
        value: Value = self.document.data
        for key in (*self.base, *path):
            if isinstance(value, dict):
                value = value.get(key)
            elif isinstance(value, list) and isinstance(key, int) and 0 <= key < len(value):
                value = value[key]
            else:
                return None
        return value


def words(path: Path) -> str:
    """A path as messages show it."""
    return ".".join(map(str, path))
