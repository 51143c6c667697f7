"""A log that never grows beyond a bound: a file and the one before it."""

from __future__ import annotations

from pathlib import Path

__all__ = ["LogFile", "tail"]


class LogFile:
    """A log to append to.

    Parameters
    ----------
    limit
        Bytes after which the file is set aside (as ``<name>.1``, replacing the one before) and begun anew.
    """

    def __init__(self, path: Path, limit: int = 1_000_000) -> None:
        self._path = path
        self._limit = limit
        self._file = path.open("ab", buffering=0)
        self._size = path.stat().st_size

    def write(self, data: bytes) -> None:
        """Append; what was written is on disk's way at once, so that a crash loses nothing."""
        if self._size and self._size + len(data) > self._limit:
            self._file.close()
            self._path.replace(_older(self._path))
            self._file = self._path.open("ab", buffering=0)
            self._size = 0
        self._file.write(data)
        self._size += len(data)

    def close(self) -> None:
        """Close the file; doing it again changes nothing."""
        self._file.close()


def tail(path: Path, lines: int) -> tuple[str, ...]:
    """The last lines of a log, oldest first; empty when there is none."""
    text = b"".join(p.read_bytes() for p in (_older(path), path) if p.exists())
    return tuple(text.decode("utf-8", "replace").splitlines()[-lines:]) if lines > 0 else ()


def _older(path: Path) -> Path:
    return path.with_name(path.name + ".1")
