"""What the supervisor is told to run: a plan as JSON, and how often to start a crashed process again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from opea_nb.catalog.model import Health
from opea_nb.plan import Address, Plan, Process, Volume

__all__ = ["Restarts", "dump", "load"]


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
        Seconds of running after which earlier crashes no longer count.
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


def dump(plan: Plan, restarts: Restarts) -> str:
    """The orders as JSON. A plan holds no secret's value, so neither does this."""
    data = {
        "name": plan.name,
        "target": plan.target,
        "processes": [_process_dict(p) for p in plan.processes],
        "routes": dict(plan.routes),
        "document": plan.document,
    }
    return json.dumps({"plan": data, "restarts": asdict(restarts)})


def load(text: str) -> tuple[Plan, Restarts]:
    """The reverse of `dump`."""
    data = json.loads(text)
    plan = data["plan"]
    processes = tuple(_process(p) for p in plan["processes"])
    return (
        Plan(plan["name"], plan["target"], processes, plan["routes"], plan["document"]),
        Restarts(**data["restarts"]),
    )


def _process_dict(process: Process) -> dict[str, Any]:
    return {
        "name": process.name,
        "kind": process.kind,
        "role": process.role,
        "address": asdict(process.address),
        "module": process.module,
        "image": process.image,
        "arguments": process.arguments,
        "environment": dict(process.environment),
        "secrets": process.secrets,
        "health": asdict(process.health),
        "needs": process.needs,
        "volumes": [asdict(v) for v in process.volumes],
        "replicas": process.replicas,
        "resources": dict(process.resources),
    }


def _process(data: Mapping[str, Any]) -> Process:
    sequences = {k: tuple(data[k]) for k in ("arguments", "secrets", "needs")}
    return Process(
        **{
            **data,
            **sequences,
            "address": Address(**data["address"]),
            "health": Health(**data["health"]),
            "volumes": tuple(Volume(**v) for v in data["volumes"]),
        }
    )
