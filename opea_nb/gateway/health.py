"""Whether the gateway can serve: only when every service of its deployment says so.

A service that runs elsewhere is looked at and reported, without its key, but does not hold readiness back: it may come
later, and a query that needs it fails with its URL.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from opea_nb.gateway.compiling import service_target
from opea_nb.gateway.config import Config
from opea_nb.gateway.transport import CallFailed, Target, Timeouts, Transport, target

__all__ = ["Health"]

_FRESH = 1.0  # seconds that a look is good for
_PATIENCE = Timeouts(connect=2.0, first_byte=3.0, read=3.0, total=3.0)


@dataclass(frozen=True, slots=True)
class _Probe:
    target: Target
    ours: bool
    """Answers 200 when ready; of a service elsewhere only an answer of any kind can be expected."""
    holds: bool
    """Whether the gateway waits for it."""


class Health:
    """Looks at the services when asked, all at once, and not more than once a second."""

    def __init__(self, config: Config, transport: Transport) -> None:
        self._title = config.pipeline.name
        self._transport = transport
        self._probes = {name: _probe(config, name) for name in config.pipeline.services}
        self._seen = 0.0
        self._last: tuple[int, dict[str, Any]] | None = None
        self._looking: asyncio.Task[tuple[int, dict[str, Any]]] | None = None

    async def check(self) -> tuple[int, dict[str, Any]]:
        """HTTP status and JSON."""
        if self._last is not None and time.monotonic() - self._seen < _FRESH:
            return self._last
        if self._looking is None or self._looking.done():
            self._looking = asyncio.get_running_loop().create_task(self._look())
        return await asyncio.shield(self._looking)

    async def _look(self) -> tuple[int, dict[str, Any]]:
        names = list(self._probes)
        states = dict(zip(names, await asyncio.gather(*map(self._ask, names)), strict=True))
        down = [n for n, state in states.items() if state["status"] != "ready" and self._probes[n].holds]
        broken = any(states[name]["status"] == "broken" for name in down)
        status = "broken" if broken else "starting" if down else "ready"
        body: dict[str, Any] = {"status": status, "services": states}
        if down:
            body["detail"] = "; ".join(f"{n}: {states[n].get('detail') or states[n]['status']}" for n in down)
        body |= {"Service Title": self._title, "Service Description": "opea_nb gateway"}
        self._last, self._seen = (503 if down else 200, body), time.monotonic()
        return self._last

    async def _ask(self, name: str) -> dict[str, Any]:
        probe = self._probes[name]
        try:
            status, _, body = await self._transport.fetch(probe.target, b"", "", "")
        except CallFailed as e:
            return {"status": "down", "detail": f"{probe.target.url} {e.reason}"}
        if not probe.ours or status == 200:
            return {"status": "ready"}
        told = _told(body)
        state = told.get("status") if told.get("status") in ("starting", "broken") else "down"
        return {"status": state, "detail": str(told.get("detail") or f"{probe.target.url} answered {status}")}


def _told(body: bytes) -> Mapping[str, Any]:
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return told if isinstance(told, dict) else {}


def _probe(config: Config, name: str) -> _Probe:
    service = config.pipeline.services[name]
    component = config.pipeline.component(name)
    form = component.forms.get(service.form) or next(iter(component.forms.values()), None)
    path = form.health.path if form is not None else "/v1/health_check"
    whole = service_target(config, name, path=path, method="GET")
    bearer = "" if service.url else whole.authorization.removeprefix("Bearer ")
    # a service of an unknown kind may have no health check; that it answers is all that can be asked
    ours = not service.url and form is not None
    return _Probe(
        target(whole.origin + whole.path, timeouts=_PATIENCE, bearer=bearer, method="GET"), ours, not service.url
    )
