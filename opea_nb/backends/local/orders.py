"""What the supervisor is told to run, as JSON in the state folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from opea_nb.plan import Plan  # not for the supervisor, which starts faster without

__all__ = ["Order", "Orders", "Restarts", "dump", "load"]


@dataclass(frozen=True, slots=True)
class Restarts:
    """When a crashed process is started again.

    Parameters
    ----------
    limit
        Crashes in a row after which it is left alone.
    first, longest
        Seconds before the first restart, doubled for each further one, and their upper limit.
    stable
        Seconds of being ready after which earlier crashes no longer count.
    """

    limit: int = 5
    first: float = 0.2
    longest: float = 10.0
    stable: float = 60.0

    def delay(self, crashes: int) -> float:
        """Seconds to wait after so many crashes in a row.

        >>> [Restarts().delay(n) for n in (1, 2, 3, 9)]
        [0.2, 0.4, 0.8, 10.0]
        """
        return min(self.longest, self.first * 2.0 ** (crashes - 1))


@dataclass(frozen=True, slots=True)
class Order:
    """One process to run: what the supervisor needs of a plan's `Process`.

    Parameters
    ----------
    environment
        The plan's variables; never a secret's value.
    health_path, health_timeout
        URL path that answers 200 when ready, and seconds until waiting for that ends.
    """

    name: str
    kind: str
    role: Literal["service", "engine", "gateway"]
    host: str
    port: int
    module: str
    environment: Mapping[str, str]
    secrets: tuple[str, ...]
    health_path: str
    health_timeout: float
    needs: tuple[str, ...]
    volumes: tuple[str, ...]

    @property
    def url(self) -> str:
        """``http://host:port``."""
        return f"http://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Orders:
    """All processes of a deployment, in an order in which they may start.

    Parameters
    ----------
    document
        The pipeline as unified YAML.
    """

    document: str
    processes: tuple[Order, ...]
    restarts: Restarts

    @classmethod
    def of(cls, plan: Plan, restarts: Restarts) -> Orders:
        """The orders that make a local plan real."""
        processes = tuple(
            Order(
                name=p.name,
                kind=p.kind,
                role=p.role,
                host=p.address.host,
                port=p.address.port,
                module=p.module,
                environment=dict(p.environment),
                secrets=p.secrets,
                health_path=p.health.path,
                health_timeout=p.health.timeout,
                needs=p.needs,
                volumes=tuple(v.path for v in p.volumes),
            )
            for p in plan.processes
        )
        return cls(plan.document, processes, restarts)


def dump(orders: Orders) -> str:
    """The orders as JSON."""
    return json.dumps(asdict(orders))


def load(text: str) -> Orders:
    """The reverse of `dump`."""
    data = json.loads(text)
    return Orders(data["document"], tuple(map(_order, data["processes"])), Restarts(**data["restarts"]))


def _order(data: dict[str, Any]) -> Order:
    for key in ("secrets", "needs", "volumes"):
        data[key] = tuple(data[key])
    return Order(**data)
