"""What a step knows: the facets that its ancestors gave, and no one else's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from opea_nb.gateway.adapters import Facets
from opea_nb.gateway.adapters.generic import merge

__all__ = ["extended", "joined"]


def extended(known: Facets, given: Facets, opaque: bool) -> Facets:
    """What is known after a step. JSON of a step before a typed one is no longer the latest word."""
    if opaque or "json" not in known:
        after = {**known, **given}
    else:
        after = {k: v for k, v in known.items() if k != "json"} | given
    after.pop("branches", None)
    return after


def joined(branches: Sequence[Facets], before: Facets) -> Facets:
    """What is known where branches meet, in flow order.

    Parameters
    ----------
    before
        What the client gave: a branch that changed a facet wins over one that left it alone.
    """
    result: Facets = {"branches": branches}
    for key in dict.fromkeys(k for branch in branches for k in branch):
        values = [branch[key] for branch in branches if key in branch]
        if key == "json":
            result[key] = merge(values) if len(values) > 1 else values[0]
        elif key == "documents":
            result[key] = _distinct(values)
        else:
            changed = _changed(values, before.get(key))
            # two answers are both answers; a question has one wording, and what else differs has one value
            result[key] = merge(changed) if key == "answer" else changed[0]
    return result


def _distinct(lists: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    if all(documents is lists[0] for documents in lists):
        return lists[0]
    return list({d["text"]: d for documents in reversed(lists) for d in reversed(documents)}.values())[::-1]


def _changed(values: list[Any], before: Any) -> list[Any]:
    """Those that are not as the client gave them (a guardrail that lets a text pass sends it back as it was)."""
    return [v for v in values if v is not before and v != before] or values[:1]
