"""Services of an unknown kind: JSON in, JSON out, and how several bodies become one without losing a key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from opea_nb.gateway.adapters.port import Call, Facets, Port, texts_of

__all__ = ["PORTS", "merge", "text_of"]

_MISSING = object()


def build_json(call: Call) -> Any:
    """``Json``: what the services before gave, or what is known, or the client's own body."""
    branches = call.facets.get("branches")
    body = merge([_as_json(b) for b in branches]) if branches else _as_json(call.facets)
    if call.parameters and isinstance(body, dict):
        return {**body, **call.parameters}
    return body


def _as_json(facets: Facets) -> Any:
    if "json" in facets:
        return facets["json"]
    if "answer" in facets:
        return {"text": facets["answer"], "query": facets.get("query", "")}
    if "documents" in facets:
        return {"query": facets.get("query", ""), "documents": texts_of(facets)}
    if "embedding" in facets:
        return {"query": facets.get("query", ""), "embedding": facets["embedding"]}
    return facets.get("body", {})


def read_json(body: Any, call: Call) -> Facets:  # noqa: ARG001  # every read has one signature
    """``Json``. One that names a ``downstream_black_list`` is a guardrail of a kind we do not know."""
    if isinstance(body, dict) and body.get("downstream_black_list"):
        return {"json": body, "verdict": text_of(body)}
    return {"json": body}


def text_of(value: Any) -> str:
    """JSON as text for a prompt: a string itself, an object's own text, else JSON.

    >>> text_of({"text": "hi"}), text_of([1, 2])
    ('hi', '[1,2]')
    """
    if isinstance(value, dict):
        for key in ("text", "answer", "result", "asr_result"):
            if isinstance(value.get(key), str):
                return str(value[key])
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def merge(bodies: Sequence[Any]) -> Any:
    r"""One body of several, in flow order.

    Equal values stay, objects are merged key by key, lists are joined, texts are joined by an empty line; what else
    differs becomes a list of both.

    >>> merge([{"a": 1, "t": "x"}, {"a": 2, "t": "y", "b": [1]}])
    {'a': [1, 2], 't': 'x\n\ny', 'b': [1]}
    """
    merged = bodies[0]
    for body in bodies[1:]:
        merged = _pair(merged, body)
    return merged


def _pair(one: Any, other: Any) -> Any:
    if type(one) is type(other) and one == other:
        return one
    if isinstance(one, dict) and isinstance(other, dict):
        result = dict(one)
        for key, value in other.items():
            mine = result.get(key, _MISSING)
            result[key] = value if mine is _MISSING else _pair(mine, value)
        return result
    if isinstance(one, list) and isinstance(other, list):
        return one + other
    if isinstance(one, str) and isinstance(other, str):
        return f"{one}\n\n{other}"
    return [one, other]


PORTS = {"Json": Port(build=build_json, read=read_json)}
