"""Backends whose services are stubs in real processes, and ways to wait for what processes do."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

import psutil

from opea_nb.backends.local.backend import LocalBackend
from opea_nb.backends.local.orders import Restarts
from opea_nb.backends.local.state import folders
from opea_nb.pipeline import Pipeline
from opea_nb.plan import Plan, Target, plan


def stub_planner(modes: Mapping[str, str], *, gateway: bool) -> Callable[[Pipeline, Mapping[str, int], str], Plan]:
    """Plans with services replaced by stubs, the gateway too if wanted; `modes` says how one misbehaves."""

    def planner(pipeline: Pipeline, ports: Mapping[str, int], name: str) -> Plan:
        planned = plan(pipeline, Target.local(ports=ports, volumes="/nowhere"), name=name)
        processes = tuple(
            p
            if p.role == "gateway" and not gateway
            else replace(p, module="stub_service", environment={"STUB": modes.get(p.name, "ready")}, volumes=())
            for p in planned.processes
        )
        return replace(planned, processes=processes)

    return planner


def stub_backend(*, gateway: bool = True, **modes: str) -> LocalBackend:
    """A local backend whose services are stubs, restarted quickly; without `gateway` it has a real one."""
    return LocalBackend(restarts=Restarts(limit=2, first=0.05), planner=stub_planner(modes, gateway=gateway))


def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait for a condition; fail when it does not come true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the awaited condition did not come true"
        time.sleep(0.02)


def pids() -> set[int]:
    """The processes of all deployments as they are recorded now, supervisors included."""
    found = {f.supervisor() for f in folders()} | {c.pid for f in folders() for c in f.children()}
    return found - {0}


def gone(processes: set[int]) -> bool:
    """Whether none of them runs any more."""
    return not any(psutil.pid_exists(p) and psutil.Process(p).status() != psutil.STATUS_ZOMBIE for p in processes)
