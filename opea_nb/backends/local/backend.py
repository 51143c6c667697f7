"""Pipelines as processes of this machine, on loopback."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote

from opea_nb.backends.local import launch
from opea_nb.backends.local.deployment import LocalDeployment
from opea_nb.backends.local.model import bring_model
from opea_nb.backends.local.orders import Orders, Restarts, dump
from opea_nb.backends.local.state import Folder, Record, folders, replace_file
from opea_nb.backends.local.waiting import until_ready
from opea_nb.backends.protocol import DeploymentInfo, OnProgress
from opea_nb.errors import DeployError
from opea_nb.home import home
from opea_nb.plan import GATEWAY, GatewaySettings, Plan, Target, plan

if TYPE_CHECKING:
    from opea_nb.pipeline import Pipeline

__all__ = ["LocalBackend"]

Planner = Callable[["Pipeline", Mapping[str, int], str], Plan]
_PATIENCE = 8.0  # seconds that a deployment of the same name has to finish ending


class LocalBackend:
    """Runs pipelines as processes of this machine.

    Parameters
    ----------
    restarts
        When a crashed process is started again.
    planner
        (pipeline, ports by process name, deployment name) -> plan; default: `opea_nb.plan.plan`.
    """

    name: ClassVar[str] = "local"

    def __init__(self, *, restarts: Restarts = Restarts(), planner: Planner | None = None) -> None:  # noqa: B008
        self._restarts = restarts
        self._planner = planner or _plan

    def __repr__(self) -> str:
        return "<local backend>"

    async def up(
        self,
        pipeline: Pipeline,
        *,
        name: str = "",
        timeout: float | None = None,  # noqa: ASYNC109 - a limit that callers give
        keep: bool = False,
        on_progress: OnProgress | None = None,
        settings: GatewaySettings = GatewaySettings(),  # noqa: B008 - a frozen value
    ) -> LocalDeployment:
        """Start a pipeline; see `Backend.up`."""
        report = on_progress or _nothing
        folder = Folder(name or pipeline.name)
        sockets = launch.bind([*pipeline.services, *pipeline.engines, *_undrawn(pipeline), GATEWAY])
        try:
            ports = {n: s.getsockname()[1] for n, s in sockets.items()}
            planned = settings.configure(self._planner(pipeline, ports, folder.name))
            # the limit of time is for the services: a model may take minutes to come
            await bring_model(planned, report)
            used = {p.name: sockets[p.name] for p in planned.processes}
            return await self._start(
                folder, planned, used, pipeline_name=pipeline.name, timeout=timeout, keep=keep, report=report
            )
        except OSError as e:
            raise DeployError(
                f"{folder.name!r} cannot be kept in {home()}: {e}",
                hint="set OPEA_NB_HOME to a folder that you can write to, with room in it",
            ) from e
        finally:
            for s in sockets.values():
                s.close()

    async def _start(
        self,
        folder: Folder,
        planned: Plan,
        sockets: Mapping[str, socket.socket],
        *,
        pipeline_name: str,
        timeout: float | None,  # noqa: ASYNC109 - a limit that callers give
        keep: bool,
        report: OnProgress,
    ) -> LocalDeployment:
        lock = await asyncio.to_thread(folder.acquire, 0.1)
        if lock is None and not _healthy(folder):
            lock = await asyncio.to_thread(folder.acquire, _PATIENCE)
        if lock is None:
            raise DeployError(
                f"a deployment named {folder.name!r} is already running",
                hint=f"attach({folder.name!r}) to use it, `opea-nb down {folder.name}` to end it, or give another name",
            )
        pid = 0
        orders = Orders.of(planned, self._restarts)
        try:
            await asyncio.to_thread(launch.sweep, folder)
            folder.create()
            record = Record(
                name=folder.name,
                pipeline=pipeline_name,
                url=planned.process(GATEWAY).address.url,
                keep=keep,
                created=time.time(),
                token=secrets.token_urlsafe(32),
            )
            folder.write_record(record)
            replace_file(folder.path / "orders.json", dump(orders))
            replace_file(folder.path / "pipeline.yaml", planned.document)
            _make_volumes(orders)
            pid = launch.start(folder, orders, sockets, lock, keep=keep)
        finally:
            os.close(lock)  # from here on the supervisor's copy holds the lock
            if not pid:
                folder.remove()
        try:
            await until_ready(folder, pid, timeout=timeout, report=report)
        except BaseException:  # an interrupt too: nothing half-done is left behind
            await asyncio.shield(asyncio.to_thread(_clear, folder, pid))
            raise
        return LocalDeployment(folder, record, maker=True)

    async def attach(self, name: str) -> LocalDeployment:
        """A running deployment by name; see `Backend.attach`."""
        folder = Folder(name)
        record = folder.record()
        if record is None or not folder.alive:
            running = ", ".join(d.name for d in await self.list()) or "none"
            raise DeployError(f"no deployment named {name!r} is running", hint=f"running: {running}")
        return LocalDeployment(folder, record, maker=False)

    async def list(self) -> tuple[DeploymentInfo, ...]:
        """Every running deployment of this user; folders of dead ones are removed on the way."""
        return await asyncio.to_thread(_living)


def _living() -> tuple[DeploymentInfo, ...]:
    found = []
    for folder in folders():
        lock = folder.acquire()
        if lock is not None:  # nobody holds it: what made the folder was killed
            try:
                launch.sweep(folder)
                folder.remove()
            finally:
                os.close(lock)
            continue
        record = folder.record()
        if record is not None:
            services = tuple(c.status for c in folder.children())
            found.append(
                DeploymentInfo(record.name, "local", record.pipeline, record.url, record.keep, record.created, services)
            )
    return tuple(found)


def volume_folder(pipeline_name: str) -> Path:
    """Where the volumes of a pipeline's local deployments are."""
    name = quote(pipeline_name, safe="")
    return home() / "data" / (f"%2E{name[1:]}" if name.startswith(".") else name)


def _plan(pipeline: Pipeline, ports: Mapping[str, int], name: str) -> Plan:
    return plan(pipeline, Target.local(ports=ports, volumes=str(volume_folder(pipeline.name))), name=name)


def _undrawn(pipeline: Pipeline) -> list[str]:
    """Kinds of engines that a plan may add by itself."""
    return [k for s in pipeline.services for f in pipeline.component(s).forms.values() for k in f.engines]


def _make_volumes(orders: Orders) -> None:
    for process in orders.processes:
        for path in process.volumes:
            Path(path).mkdir(parents=True, exist_ok=True, mode=0o700)


def _healthy(folder: Folder) -> bool:
    """Whether a living deployment is meant to stay: none of its processes has been stopped."""
    return all(c.status.state != "stopped" for c in folder.children())


def _clear(folder: Folder, pid: int) -> None:
    launch.end(folder, pid)
    lock = folder.acquire()
    if lock is not None:
        folder.remove()
        os.close(lock)


def _nothing(progress: object) -> None:
    """No one wants to know."""
