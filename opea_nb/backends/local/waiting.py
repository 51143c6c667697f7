"""Waiting for a local deployment to be ready, and saying why it is not."""

from __future__ import annotations

import asyncio
import time
from typing import NoReturn

from opea_nb.backends.local import launch
from opea_nb.backends.local.logfile import tail
from opea_nb.backends.local.state import ChildRecord, Folder
from opea_nb.backends.protocol import OnProgress, Progress
from opea_nb.errors import DeployError, NotReady, ServiceCrashed

__all__ = ["until_ready"]

_INTERVAL = 0.1  # seconds between two looks, and so between two reports
_TAIL = 20  # lines of a log in an error


async def until_ready(
    folder: Folder,
    supervisor: int,
    *,
    timeout: float | None,  # noqa: ASYNC109 - a limit that callers give
    report: OnProgress,
) -> None:
    """Return when every process is ready.

    Raises
    ------
    NotReady, ServiceCrashed, DeployError
        As `Backend.up` says. The deployment is not ended here.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    last: Progress | None = None
    while True:
        gone = launch.ended(supervisor)  # asked first: what it wrote before it ended is then on disk
        children = folder.children()
        progress = _progress(children)
        if progress != last:
            report(progress)
            last = progress
        for child in children:
            if child.status.state == "failed":
                _give_up(folder, child)
        if progress.phase == "ready":
            return
        if gone:
            raise DeployError(
                f"the supervisor of {folder.name!r} ended before its services were ready",
                service="supervisor",
                log_tail=tail(folder.log("supervisor"), _TAIL),
                hint="its log says why",
            )
        if deadline is not None and time.monotonic() > deadline:
            _too_late(folder, children, timeout or 0.0)
        await asyncio.sleep(_INTERVAL)


def _progress(children: tuple[ChildRecord, ...]) -> Progress:
    services = tuple(c.status for c in children)
    ready = sum(s.state == "ready" for s in services)
    busy = next((s for s in services if s.state not in ("ready", "waiting")), None)
    if services and ready == len(services):
        return Progress("ready", "everything is ready", ready, ready, services)
    detail = f"{busy.name}: {busy.detail or busy.state}" if busy else "starting"
    return Progress("services", detail, ready, len(services), services)


def _give_up(folder: Folder, child: ChildRecord) -> NoReturn:
    name, detail = child.status.name, child.status.detail
    log = tail(folder.log(name), _TAIL)
    if child.cause == "crashed":
        raise ServiceCrashed(
            f"{name} {detail}", service=name, log_tail=log, hint="mend what its log says, then deploy again"
        )
    hint = "its log says why" if child.cause == "broken" else "give it more time, or see its log"
    raise NotReady(f"{name}: {detail}", service=name, log_tail=log, hint=hint)


def _too_late(folder: Folder, children: tuple[ChildRecord, ...], timeout: float) -> NoReturn:
    late = [c.status for c in children if c.status.state != "ready"]
    first = next((s for s in late if s.state != "waiting"), late[0] if late else None)
    seen = "; ".join(f"{s.name} {s.state}{f' ({s.detail})' if s.detail else ''}" for s in late)
    name = first.name if first else "supervisor"
    raise NotReady(
        f"{folder.name!r} was not ready in {timeout:g} s; last seen: {seen or 'nothing'}",
        service=name,
        log_tail=tail(folder.log(name), _TAIL),
        hint="give a longer timeout, or see the log",
    )
