"""A gateway's error answers as exceptions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

import httpx

from opea_nb.errors import DeployError, RunError, StepFailed

__all__ = ["gateway_error", "raise_for"]

_UNAUTHORIZED = 401


def raise_for(response: httpx.Response) -> NoReturn:
    """Raise what a response other than 200 means. Its body must have been read."""
    if response.status_code == _UNAUTHORIZED:
        raise DeployError(
            f"{response.url} refused the token of this deployment",
            service="gateway",
            hint="attach to the deployment again: it may have been started anew",
        )
    run_id = response.headers.get("x-opea-run", "")
    try:
        told = json.loads(response.content)
    except ValueError:
        told = {}
    error = told.get("error") if isinstance(told, dict) else None
    if not error:  # a service's own words, passed through
        detail = told.get("detail") if isinstance(told, dict) else None
        what = detail if isinstance(detail, str) else response.text[:300]
        raise RunError(f"{response.url} answered {response.status_code}: {what}", run_id=run_id)
    raise gateway_error(error, run_id, str(response.url))


def gateway_error(error: Mapping[str, Any] | str, run_id: str, url: str) -> RunError:
    """The exception for the ``error`` object of the gateway's JSON.

    >>> gateway_error({"message": "llm failed", "step": "llm", "status": 500, "run": "ab"}, "", "http://x").step
    'llm'
    """
    if isinstance(error, str):
        return RunError(f"{url}: {error}", run_id=run_id)
    message = str(error.get("message") or f"{url} failed")
    run = str(error.get("run") or run_id)
    step = str(error.get("step") or "")
    if not step:
        return RunError(message, run_id=run)
    return StepFailed(
        message,
        step=step,
        url=str(error.get("url") or ""),
        status=int(error.get("status") or 0),
        body=str(error.get("body") or ""),
        run_id=run,
        hint=f"see the log of {step}",
    )
