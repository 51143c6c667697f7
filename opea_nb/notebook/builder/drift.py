"""Whether the pipeline that runs is the one that is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from opea_nb.pipeline import Pipeline
from opea_nb.pipeline.spec import Node

__all__ = ["drift"]


def drift(deployed: Pipeline, drawn: Pipeline) -> str:
    """What was edited since the deployment, in one sentence; empty when they mean the same.

    >>> one, other = Pipeline("p"), Pipeline("p")
    >>> one.add("llm"), other.add("llm", parameters={"max_tokens": 9}), other.add("embedding")
    (<llm>, <llm>, <embedding>)
    >>> drift(one, other)
    'edited since it was deployed (added embedding, changed llm): what runs is the version before'
    >>> drift(one, one)
    ''
    """
    if deployed == drawn:
        return ""
    before, now = _nodes(deployed), _nodes(drawn)
    parts = [
        _part("added", [n for n in now if n not in before]),
        _part("removed", [n for n in before if n not in now]),
        _part("changed", [n for n in now if n in before and now[n] != before[n]]),
    ]
    told = ", ".join(p for p in parts if p)
    return f"edited since it was deployed ({told or 'its connections or settings'}): what runs is the version before"


def _nodes(pipeline: Pipeline) -> Mapping[str, Node]:
    nodes: dict[str, Node] = {**pipeline.services, **pipeline.engines}
    return {name: replace(node, position=None) for name, node in nodes.items()}


def _part(word: str, names: list[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{word} {', '.join(names[:3])}{more}"
