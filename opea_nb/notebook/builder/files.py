"""The file that a builder works on: opened, saved, never over what somebody else wrote meanwhile."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from opea_nb.errors import FormatError
from opea_nb.formats import registry, unified
from opea_nb.formats.conversion import Imported
from opea_nb.pipeline import Pipeline

__all__ = ["Changed", "Workspace", "listing"]

_ENDINGS = (".yaml", ".yml", ".json", ".py")
_SHOWN = 200  # files
_LARGEST = 8 << 20  # bytes


class Changed(FormatError):
    """A file that is not as it was when it was opened or saved here, or is there already."""


def listing(folder: Path) -> tuple[str, ...]:
    """Names of the files in a folder that may hold a pipeline, the latest first."""
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith(".") or not entry.name.casefold().endswith(_ENDINGS):
                    continue
                try:
                    about = entry.stat()
                    if entry.is_file() and about.st_size <= _LARGEST:
                        found.append((-about.st_mtime, entry.name))
                except OSError:  # it went while we looked
                    continue
    except OSError:
        return ()
    return tuple(name for _, name in sorted(found)[:_SHOWN])


class Workspace:
    """Where a pipeline is kept.

    Parameters
    ----------
    pipeline
        As it is at first, without a file.
    folder
        What relative paths begin at; the working folder when ``None``.
    """

    def __init__(self, pipeline: Pipeline, folder: Path | None = None) -> None:
        self.folder = folder or Path.cwd()
        self.path: Path | None = None
        self._saved = pipeline.copy()
        self._digest = ""

    @property
    def saved(self) -> Pipeline:
        """What was opened or saved by hand last: changes are shown against it."""
        return self._saved

    @property
    def name(self) -> str:
        """The file as it is shown; empty when there is none."""
        if self.path is None:
            return ""
        return str(self.path.relative_to(self.folder)) if self.path.is_relative_to(self.folder) else str(self.path)

    def forget(self, pipeline: Pipeline) -> None:
        """Work without a file from now on."""
        self.path, self._digest, self._saved = None, "", pipeline.copy()

    def read(self, typed: str) -> tuple[Imported, Path]:
        """What a file holds, in any format that can be read; nothing is changed by that.

        Raises
        ------
        FormatError
            When it cannot be read.
        """
        path = self.located(typed)
        return registry.read(path), path

    def opened(self, path: Path, pipeline: Pipeline) -> None:
        """Work on this file from now on. One of another format is not saved over: the first save asks for a name."""
        self._saved = pipeline.copy()
        try:
            own = registry.detect(path).name == "unified"
        except FormatError:
            own = False
        self.path = path if own else None
        self._digest = _digest(path) if own else ""

    def save(self, pipeline: Pipeline, typed: str = "", *, over: bool = False, keep_base: bool = False) -> Path:
        """Write the unified YAML, all of it or nothing.

        Parameters
        ----------
        typed
            Another path than before; ``.yaml`` is added where it has no ending.
        over
            Whether to write over a file that is there already, or was changed by somebody else.
        keep_base
            Whether changes go on being shown against what they were shown against before.

        Raises
        ------
        Changed
            When that would write over what is not ours, and `over` does not allow it.
        FormatError
            When it cannot be written.
        """
        path = self.located(typed) if typed else self.path or self.located(f"{pipeline.name}.yaml")
        if not path.suffix:
            path = path.with_name(f"{path.name}.yaml")
        now = _digest(path)
        if not over and now:
            if path != self.path:
                raise Changed(
                    "is there already", source=path.name, hint="save again to write over it, or choose a name"
                )
            if now != self._digest:
                hint = "open it to see its version, save again to write over it, or save under another name"
                raise Changed("was changed by someone else since it was opened here", source=path.name, hint=hint)
        unified.save(path, pipeline)
        self.path, self._digest = path, _digest(path)
        if not keep_base:
            self._saved = pipeline.copy()
        return path

    def located(self, typed: str) -> Path:
        """The path that a text means: from the folder, or the home folder after ``~``.

        Raises
        ------
        FormatError
            When no file can have that name.
        """
        text = typed.strip()
        if not text or "\0" in text:
            raise FormatError(
                "is no path", source=repr(typed[:80]), hint="type the name of a file, such as chatqna.yaml"
            )
        try:
            path = Path(text).expanduser()
        except RuntimeError as error:
            raise FormatError(f"is no path: {error}", source=text[:80], hint="write it out") from error
        return path if path.is_absolute() else self.folder / path


def _digest(path: Path) -> str:
    """What tells one content of a file from another; empty when there is no such file."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise FormatError(f"cannot be read: {error.strerror}", source=path.name, hint="check the path") from error
