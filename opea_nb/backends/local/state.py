"""What a local deployment leaves on disk, so that any process of the user finds it.

<home>/deployments/<name>/        0700
deployment.json               0600: URL and token of the gateway; written once by the maker
orders.json                   what the supervisor runs
pipeline.yaml                 what the gateway is given
status.json                   every process; replaced by the supervisor on each change
logs/<service>.log
<home>/deployments/.locks/<name>  held (flock) as long as the supervisor lives
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import quote

from opea_nb.backends.protocol import ServiceStatus
from opea_nb.errors import DeployError
from opea_nb.home import home

__all__ = ["Cause", "ChildRecord", "Folder", "Record", "folders", "replace_file"]

T = TypeVar("T", bound="Record | ChildRecord | ServiceStatus")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}", re.ASCII)


Cause = Literal["", "crashed", "starting", "broken"]


@dataclass(frozen=True, slots=True)
class Record:
    """How to reach a deployment."""

    name: str
    pipeline: str
    url: str
    keep: bool
    created: float
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ChildRecord:
    """One process, as the supervisor last saw it.

    Parameters
    ----------
    pid, born
        Process id and its creation time, which together are never reused; 0 when it does not run.
    cause
        Why it failed: it ``crashed``, or the time-out was reached while it was ``starting``, or it is ``broken``.
    """

    status: ServiceStatus
    pid: int = 0
    born: float = 0.0
    cause: Cause = ""


class Folder:
    """The state folder of the deployment of that name.

    Raises
    ------
    DeployError
        When the name could not be a folder's.
    """

    def __init__(self, name: str) -> None:
        if not _NAME.fullmatch(name):
            raise DeployError(
                f"{name!r} cannot be a deployment's name",
                hint="use letters, digits, '-', '_' and '.', beginning with a letter or digit, at most 63",
            )
        self.name = name
        self.path = _deployments() / name
        self._lock_path = _deployments() / ".locks" / name

    def create(self) -> None:
        """Make it, empty. The caller holds the lock."""
        self.remove()
        (self.path / "logs").mkdir(parents=True)
        for path in (self.path, self.path / "logs"):
            path.chmod(0o700)

    def remove(self) -> None:
        """Delete it; nothing happens when it is not there."""
        if self.path.exists():
            shutil.rmtree(self.path)

    def acquire(self, patience: float = 0.0) -> int | None:
        """Take the lock and return its descriptor, or ``None`` when another has it still after `patience` seconds."""
        self._lock_path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fd = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        until = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= until:
                    os.close(fd)
                    return None
                time.sleep(0.02)
            else:
                return fd

    @property
    def alive(self) -> bool:
        """Whether a supervisor holds the lock."""
        try:
            fd = os.open(self._lock_path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(fd)
        return False

    def write_record(self, record: Record) -> None:
        """Store how to reach it, readable by its owner only."""
        replace_file(self.path / "deployment.json", json.dumps(asdict(record)))

    def record(self) -> Record | None:
        """How to reach it; ``None`` when there is no such deployment."""
        data = _read(self.path / "deployment.json")
        try:
            return None if data is None else _known(Record, data)
        except TypeError:  # not all of it is there
            return None

    def write_children(self, supervisor: int, children: Sequence[ChildRecord]) -> None:
        """Store the processes' state and the supervisor's process id."""
        data = {"supervisor": supervisor, "children": [asdict(c) for c in children]}
        replace_file(self.path / "status.json", json.dumps(data))

    def children(self) -> tuple[ChildRecord, ...]:
        """The processes as last stored; empty when nothing was."""
        data = _read(self.path / "status.json") or {"children": []}
        try:
            return tuple(
                _known(ChildRecord, {**c, "status": _known(ServiceStatus, c["status"])}) for c in data["children"]
            )
        except (KeyError, TypeError):
            return ()

    def supervisor(self) -> int:
        """The supervisor's process id as last stored; 0 when none was."""
        return int((_read(self.path / "status.json") or {}).get("supervisor", 0))

    def log(self, service: str) -> Path:
        """Where a service's log is, its name made safe for a file's."""
        return self.path / "logs" / f"{quote(service, safe='')}.log"


def folders() -> tuple[Folder, ...]:
    """Every state folder there is, by name, of living deployments and of dead ones."""
    root = _deployments()
    names = sorted(p.name for p in root.iterdir() if p.is_dir()) if root.exists() else []
    return tuple(Folder(n) for n in names if _NAME.fullmatch(n))


def replace_file(path: Path, text: str) -> None:
    """Write a file of the owner's eyes only; readers see the old text or the new, never a part."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as f:
        f.write(text)
    new.replace(path)


def _deployments() -> Path:
    return home() / "deployments"


def _read(path: Path) -> dict[str, Any] | None:
    """A file of ours; ``None`` when it is missing or torn: one deployment must not hide the others."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return data if isinstance(data, dict) else None


def _known(kind: type[T], data: dict[str, Any]) -> T:
    """What was written by this version, or by one that wrote more."""
    return kind(**{f.name: data[f.name] for f in fields(kind) if f.name in data})
