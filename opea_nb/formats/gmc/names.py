"""Names that Kubernetes takes for Services."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

LABEL = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
"""A DNS label that begins with a letter, which a Service's name must be."""


def label(name: str) -> str:
    """The nearest DNS label.

    >>> label("My_LLM.2"), label("2nd"), label("日本")
    ('my-llm-2', 's-2nd', 's')
    """
    plain = re.sub(r"-{2,}", "-", re.sub(r"[^a-z0-9]", "-", name.casefold())).strip("-")
    if not plain[:1].isalpha():
        plain = f"s-{plain}" if plain else "s"
    return plain[:50].rstrip("-")


def service_name(name: str) -> str:
    """The Service's name for a service or engine.

    One word gets ``-svc``: Kubernetes gives every pod variables such as ``REDIS_PORT`` for a Service ``redis``, and
    what runs there may read a variable of that name as its own setting.

    >>> service_name("llm"), service_name("tei-rerank")
    ('llm-svc', 'tei-rerank')
    """
    plain = label(name)
    return plain if "-" in plain else f"{plain}-svc"


def service_names(wanted: Mapping[str, str], taken: Iterable[str]) -> dict[str, str]:
    """A free Service name for each node, in order: the wanted one where it is given and possible."""
    used, result = set(taken), {}
    for name, given in wanted.items():
        base = given if LABEL.fullmatch(given) else service_name(name)
        chosen, number = base, 2
        while chosen in used:
            chosen, number = f"{base}-{number}", number + 1
        used.add(chosen)
        result[name] = chosen
    return result
