"""A pipeline that runs as processes of this machine."""

from __future__ import annotations

import asyncio
import os
import shutil
from dataclasses import replace

from opea_nb.backends.calls import Gateway
from opea_nb.backends.local import launch
from opea_nb.backends.local.logfile import tail
from opea_nb.backends.local.orders import load
from opea_nb.backends.local.state import Folder, Record
from opea_nb.backends.protocol import ServiceStatus
from opea_nb.catalog import Catalog
from opea_nb.errors import DeployError
from opea_nb.gateway.config import catalog_of

__all__ = ["LocalDeployment"]


class LocalDeployment:
    """A running pipeline; see `AsyncDeployment`.

    Parameters
    ----------
    maker
        Whether this process started it.
    """

    def __init__(self, folder: Folder, record: Record, *, maker: bool) -> None:
        self._folder = folder
        self._record = record
        self._maker = maker
        self._orders = load((folder.path / "orders.json").read_text(encoding="utf-8"))
        self.gateway = Gateway(record.url, record.token)

    def __repr__(self) -> str:
        return f"<local deployment {self.name!r}>"

    @property
    def name(self) -> str:
        """Name of the deployment."""
        return self._record.name

    @property
    def document(self) -> str:
        """The deployed pipeline as unified YAML."""
        return self._orders.document

    @property
    def catalog(self) -> Catalog:
        """What its pipeline's kinds are."""
        gateway = next(p for p in self._orders.processes if p.role == "gateway")
        return catalog_of(gateway.environment.get("OPEA_NB_COMPONENTS", ""))

    @property
    def ends_with_owner(self) -> bool:
        """Whether leaving its context manager ends it."""
        return self._maker and not self._record.keep

    async def status(self) -> tuple[ServiceStatus, ...]:
        """Every process, the gateway last."""
        return await asyncio.to_thread(self._status)

    def _status(self) -> tuple[ServiceStatus, ...]:
        alive = self._mine()
        known = {c.status.name: c.status for c in self._folder.children()} if self._same() else {}
        stopped = "" if alive or not known else "the deployment was killed"
        statuses = (
            known.get(p.name) or ServiceStatus(p.name, p.kind, "stopped", address=p.url) for p in self._orders.processes
        )
        if alive:
            return tuple(statuses)
        return tuple(s if s.state == "failed" else replace(s, state="stopped", detail=stopped) for s in statuses)

    async def logs(self, service: str, lines: int = 100) -> str:
        """The last lines of a service's log."""
        names = [p.name for p in self._orders.processes]
        if service not in names:
            raise DeployError(f"{self.name!r} has no service {service!r}", hint=f"it has: {', '.join(names)}")
        return "\n".join(await asyncio.to_thread(tail, self._folder.log(service), lines))

    async def down(self, *, volumes: bool = False) -> None:
        """Stop everything and forget the deployment; doing it again changes nothing."""
        await self.aclose()
        await asyncio.shield(asyncio.to_thread(self._down, volumes))

    def _down(self, volumes: bool) -> None:
        if self._same():  # a later deployment of the same name is not this one's to end
            launch.end(self._folder)
            lock = self._folder.acquire(patience=1.0)
            if lock is not None:
                self._folder.remove()
                os.close(lock)
        if volumes:
            for path in {v for p in self._orders.processes for v in p.volumes}:
                shutil.rmtree(path, ignore_errors=True)

    async def aclose(self) -> None:
        """Close connections; the deployment goes on."""
        await self.gateway.aclose()

    def _same(self) -> bool:
        return self._folder.record() == self._record

    def _mine(self) -> bool:
        return self._same() and self._folder.alive
