"""Bringing the embedded model before the services start."""

from __future__ import annotations

import asyncio

from opea_nb.backends.protocol import OnProgress, Progress
from opea_nb.plan import Plan

__all__ = ["bring_model"]

_LLM = "opea_nb.services.llm"
_STEP = 1 << 20  # bytes between two reports


async def bring_model(plan: Plan, report: OnProgress) -> None:
    """Bring the default model when a process of the plan runs it and it is not there yet.

    Raises
    ------
    ModelError
        When it cannot be brought.
    """
    if any(p.module == _LLM and not p.environment.get("MODEL_PATH") for p in plan.processes):
        await asyncio.to_thread(_bring, report)


def _bring(report: OnProgress) -> None:
    from opea_nb.services.models import ensure_model, model_path  # only this kind of pipeline needs it

    if model_path().exists():
        return
    last = -_STEP

    def tell(done: int, total: int) -> None:
        nonlocal last
        if done - last >= _STEP or done == total:
            last = done
            report(Progress("model", f"bringing the model {model_path().stem}", done, total))

    ensure_model(tell)
