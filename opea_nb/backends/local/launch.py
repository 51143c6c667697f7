"""Starting a supervisor, and ending one with all it owns, from whatever process."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from typing import IO

import psutil

from opea_nb.backends.local.environment import supervisor_environment
from opea_nb.backends.local.orders import Orders
from opea_nb.backends.local.state import Folder

__all__ = ["bind", "end", "ended", "start", "sweep"]

_GRACE = 8.0  # seconds that a supervisor has to end its services; it gives them 5

_supervisors: dict[int, subprocess.Popen[bytes]] = {}
_lifelines: dict[int, IO[bytes]] = {}


def bind(names: Iterable[str]) -> dict[str, socket.socket]:
    """A free loopback port for each name, held so that nobody else gets it."""
    sockets = {}
    for name in set(names):
        sockets[name] = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sockets[name].bind(("127.0.0.1", 0))
    return sockets


def start(folder: Folder, orders: Orders, sockets: Mapping[str, socket.socket], lock: int, *, keep: bool) -> int:
    """Start the supervisor, which takes over sockets and lock, and return its process id.

    Parameters
    ----------
    keep
        Without it, everything ends with this process.
    """
    numbers = {name: s.fileno() for name, s in sockets.items()}
    flags = [] if keep else ["--lifeline"]
    with (folder.path / "logs" / "supervisor.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "opea_nb.backends.local.supervisor", folder.name, json.dumps(numbers), *flags],
            stdin=subprocess.DEVNULL if keep else subprocess.PIPE,
            stdout=log,
            stderr=log,
            env=supervisor_environment(orders),
            cwd=folder.path,
            pass_fds=(lock, *numbers.values()),
            start_new_session=True,  # neither a terminal's Ctrl-C nor the kernel's interrupt is for the services
        )
    _supervisors[process.pid] = process
    if process.stdin is not None:
        _lifelines[process.pid] = process.stdin
    return process.pid


def ended(pid: int) -> bool:
    """Whether a supervisor that this process started has ended."""
    process = _supervisors.get(pid)
    return process is None or process.poll() is not None


def end(folder: Folder, pid: int = 0) -> None:
    """End a deployment's processes and return when none is left; nothing happens when none is.

    Parameters
    ----------
    pid
        The supervisor, where it is known before it has said so itself.
    """
    supervisor = pid or folder.supervisor()
    until = time.monotonic() + _GRACE
    if supervisor and folder.alive:  # the lock says that it lives, so the number is still its own
        _signal(supervisor, signal.SIGTERM)
        while folder.alive and time.monotonic() < until:
            time.sleep(0.02)
        if folder.alive:
            _signal(supervisor, signal.SIGKILL)
            while folder.alive:
                time.sleep(0.02)
    _reap(supervisor)
    sweep(folder)


def sweep(folder: Folder) -> None:
    """End what a killed supervisor could not: services that were too busy, or stopped, to see its end."""
    _reap(folder.supervisor())
    for child in folder.children():
        if child.pid:
            _end_process(child.pid, child.born)


def _end_process(pid: int, born: float) -> None:
    try:
        process = psutil.Process(pid)
        if process.create_time() == born:
            process.kill()
            process.wait(timeout=5)
    except psutil.NoSuchProcess:
        return


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _reap(pid: int) -> None:
    lifeline = _lifelines.pop(pid, None)
    if lifeline is not None:
        lifeline.close()
    process = _supervisors.pop(pid, None)
    if process is not None:
        process.wait()


def _forget_lifelines() -> None:
    """In a fork of the maker: its copy of a lifeline would keep a deployment alive after the maker's death."""
    for lifeline in _lifelines.values():
        os.close(lifeline.fileno())
    _lifelines.clear()
    _supervisors.clear()


os.register_at_fork(after_in_child=_forget_lifelines)
