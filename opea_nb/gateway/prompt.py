"""Prompt templates: data with named places, filled by plain replacement so that no text can act as a template."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from importlib.resources import files

import yaml

__all__ = ["asked_fields", "default_template", "fill", "places"]

_PLACE = re.compile(r"\{([^{}\s](?:[^{}]*[^{}\s])?)\}")


@cache
def default_template(name: str) -> str:
    """The package's own template: ``system``, ``with_documents`` or ``without_documents``."""
    text = (files("opea_nb.gateway") / "data" / "prompts.yaml").read_text("utf-8")
    templates: dict[str, str] = yaml.safe_load(text)
    return templates[name]


@cache
def places(template: str) -> frozenset[str]:
    """Names in braces.

    >>> sorted(places("{context} and {question} and { this }"))
    ['context', 'question']
    """
    return frozenset(_PLACE.findall(template))


@cache
def asked_fields(template: str) -> frozenset[str]:
    """Names that stand for fields of the request (or steps), of a template that asks no question of its own.

    >>> sorted(asked_fields("{source_code} in {language}")), sorted(asked_fields("{question} in {language}"))
    (['language', 'source_code'], [])
    """
    names = places(template)
    return frozenset() if names & {"question", "context"} else frozenset(n for n in names if n.isidentifier())


def fill(template: str, value: Callable[[str], str | None]) -> str:
    """Put values in the named places, once: braces inside a value stay as they are, and so do unknown names.

    >>> fill("{question} {other} {x}", {"question": "what is {x}?", "x": "1"}.get)
    'what is {x}? {other} 1'
    """

    def replace(match: re.Match[str]) -> str:
        found = value(match.group(1))
        return match.group(0) if found is None else found

    return _PLACE.sub(replace, template)
