"""A deployment on its way up, as the view shows it: plain JSON made of its progress."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from opea_nb.backends.protocol import Progress, ServiceStatus
from opea_nb.errors import DeployError, OpeaError
from opea_nb.notebook.look import MARKS

__all__ = ["failed", "percent", "ready", "starting", "stopped", "summary", "waiting_for"]

Shown = dict[str, Any]
"""See ``Deployment`` in widgets/src/deploy-view.ts."""

_TONES = {"ready": "good", "failed": "bad", "starting": "busy", "restarting": "busy"}
_PERCENT = re.compile(r"(\d{1,3}) ?%")


def starting(name: str, progress: Progress) -> Shown:
    """What it waits for."""
    amount = f" {round(100 * progress.done / progress.total)} %" if progress.total else ""
    headline = progress.detail or ("bringing the model" if progress.phase == "model" else "starting")
    services = _services(progress.services)
    if progress.phase == "model":
        percent = min(100, 100 * progress.done / progress.total) if progress.total else None
        services.insert(0, _line("model", "busy", "◌", "loading", progress.detail, percent))
    return _shown(f"Deploying {name}", "starting", f"◌ {headline}{'' if '%' in headline else amount}", services)


def ready(name: str, services: Sequence[ServiceStatus]) -> Shown:
    """All services are ready."""
    return _shown(name, "ready", f"● ready · {len(services)} processes", _services(services))


def failed(name: str, services: Sequence[ServiceStatus], error: BaseException) -> Shown:
    """It did not start: why, and the end of the log of the service to blame."""
    shown = _shown(name, "failed", "✕ failed", _services(services))
    shown["error"] = {
        "message": error.message if isinstance(error, OpeaError) else f"{type(error).__name__}: {error}",
        "hint": error.hint if isinstance(error, OpeaError) else "",
        "log": list(error.log_tail) if isinstance(error, DeployError) else [],
    }
    return shown


def stopped(name: str, services: Sequence[ServiceStatus]) -> Shown:
    """It was interrupted."""
    return _shown(name, "stopped", "■ stopped by you", _services(services))


def summary(shown: Shown) -> str:
    """The deployment as plain text, without ports and times."""
    lines = [f"{shown['headline']}: {shown['title']}"]
    lines += [f"  {s['mark']} {s['name']}: {s['state']}" for s in shown["services"]]
    if shown["error"]:
        lines.append(f"  {shown['error']['message']}")
    return "\n".join(lines)


def percent(service: ServiceStatus) -> str:
    """How much of its start a service has done, as text; empty where no amount is known.

    >>> percent(ServiceStatus("llm", "llm", "starting", "loading model 40 %"))
    '40 %'
    """
    found = _PERCENT.search(service.detail) if service.state == "starting" else None
    return f"{min(100, int(found[1]))} %" if found else ""


def waiting_for(progress: Progress) -> str:
    """What a deployment on its way up waits for, in a few words.

    >>> waiting_for(Progress("services", services=(ServiceStatus("llm", "llm", "starting", "loading model 40 %"),)))
    'waits for llm (loading model 40 %)'
    """
    if progress.phase == "model":
        amount = f" {round(100 * progress.done / progress.total)} %" if progress.total else ""
        return f"{progress.detail or 'bringing the model'}{'' if '%' in progress.detail else amount}"
    late = [s for s in progress.services if s.state != "ready"]
    if not late:
        return progress.detail or "starting"
    told = [f"{s.name} ({s.detail})" if s.detail else s.name for s in late[:3]]
    more = f" and {len(late) - 3} more" if len(late) > 3 else ""
    return f"waits for {', '.join(told)}{more}"


def _shown(title: str, state: str, headline: str, services: list[Shown]) -> Shown:
    return {"title": title, "state": state, "headline": headline, "services": services, "error": None}


def _services(services: Sequence[ServiceStatus]) -> list[Shown]:
    return [_service(s) for s in services]


def _service(service: ServiceStatus) -> Shown:
    told = percent(service)
    amount = float(told.removesuffix(" %")) if told else None
    tone = _TONES.get(service.state, "quiet")
    return {
        **_line(service.name, tone, MARKS[service.state], service.state, service.detail, amount),
        "kind": service.kind,
        "restarts": service.restarts,
    }


def _line(name: str, tone: str, mark: str, state: str, detail: str, percent: float | None) -> Shown:  # noqa: PLR0917 - a record
    return {
        "name": name,
        "kind": "",
        "mark": mark,
        "state": state,
        "tone": tone,
        "detail": detail,
        "restarts": 0,
        "percent": percent,
    }
