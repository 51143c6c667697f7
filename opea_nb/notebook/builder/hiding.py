"""Secrets stay out of the widgets, whose state is saved with the notebook: refused when typed, hidden when there.

A secret is written as a reference, ``${NAME}``, to the variable of whoever deploys.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from opea_nb.pipeline import Pipeline, edits
from opea_nb.pipeline.edit import Edit
from opea_nb.pipeline.secrets import is_plain_secret, reference
from opea_nb.pipeline.spec import Node

__all__ = ["hidden", "is_key", "redacted", "refusal", "restored", "without_secrets"]

_KEY = re.compile(r"(sk-|hf_|ghp_|gho_|github_pat_|xox[abp]-|AKIA|AIza|eyJ)[\w.-]{12,}")
_IN_URL = re.compile(r"(?<=://)[^/@\s:]*:[^/@\s]+(?=@)")
_LINE = re.compile(
    r"""(?mx) ^ (?P<before> [ \t-]* (?P<quote>["']?) (?P<key>[\w.-]+) (?P=quote) [ \t]* : [ \t]+)
    (?P<value> "(?:[^"\\\n]|\\.)*" | '[^'\n]*' | [^\s\#"'{\[&*|>!][^\#\n]*? ) (?P<after> [ \t]* (?:\#.*)?) $"""
)
_FIELDS = ("environment", "parameters", "extra")


def refusal(name: str, value: str) -> str:
    """Why a value must not be kept under that name: it is a secret in plain text; empty when it may be.

    >>> refusal("HF_TOKEN", "abc")
    'HF_TOKEN is a secret: set it where you deploy, and write ${HF_TOKEN} here'
    >>> refusal("HF_TOKEN", "${HF_TOKEN}"), refusal("LOGFLAG", "true")
    ('', '')
    """
    if is_plain_secret(name, value):
        return f"{name} is a secret: set it where you deploy, and write {reference(name)} here"
    if is_key(value):
        return (
            f"this value of {name} looks like a key: put it into a variable where you deploy, and write ${{ITS_NAME}}"
        )
    if _IN_URL.search(value):
        return f"{name} holds a password: leave it out of the URL, it would be saved with the notebook"
    return ""


def is_key(value: str) -> bool:
    """Whether a text looks like a key of one of the well-known services, whatever it is called."""
    return bool(_KEY.search(value))


def hidden(pipeline: Pipeline) -> Pipeline:
    """A copy whose plain secrets are references; the pipeline itself when it has none."""
    changes = [
        edits.Change(name, fields) for name, node in _nodes(pipeline).items() if (fields := _hidden_fields(node))
    ]
    if not changes:
        return pipeline
    copy = pipeline.copy()
    copy.apply(edits.Batch(tuple(changes)))
    return copy


def without_secrets(edit: Edit) -> Edit:
    """The edit as it may be told: references in place of plain secrets."""
    match edit:
        case edits.Batch(steps, label):
            return edits.Batch(tuple(map(without_secrets, steps)), label)
        case edits.Add(node, flows):
            return edits.Add(dataclasses.replace(node, **_hidden_fields(node)), flows)
        case edits.Change(name, fields):
            return edits.Change(name, {key: _hidden_value(key, value) for key, value in fields.items()})
    return edit


def restored(wanted: Pipeline, pipeline: Pipeline) -> Pipeline:
    """What was `hidden` when `wanted` was shown, put back where its reference still stands."""
    before = _nodes(pipeline)
    changes = []
    for name, node in _nodes(wanted).items():
        kept = _hidden_fields(before[name]) if name in before else {}
        fields = {}
        for field, shown in kept.items():
            value, old = getattr(node, field), getattr(before[name], field)
            if isinstance(value, Mapping):
                back = {k: old[k] for k in value if k in old and old[k] != shown[k] and value[k] == shown[k]}
                if back:
                    fields[field] = {**value, **back}
            elif value == shown:
                fields[field] = old
        if fields:
            changes.append(edits.Change(name, fields))
    if changes:
        wanted.apply(edits.Batch(tuple(changes)))
    return wanted


def redacted(text: str) -> tuple[str, tuple[str, ...]]:
    r"""YAML text with references in place of plain secrets, and the keys that these were under.

    >>> redacted("environment:\n  HF_TOKEN: abc  # mine\n  A: b\n")
    ('environment:\n  HF_TOKEN: ${HF_TOKEN}  # mine\n  A: b\n', ('HF_TOKEN',))
    """
    names: list[str] = []

    def without(found: re.Match[str]) -> str:
        key, value = found["key"], found["value"].strip("\"'")
        if key == "api_key" or not (is_plain_secret(key, value) or is_key(value)):
            return found[0]
        names.append(key)
        return f"{found['before']}{reference(key)}{found['after']}"

    return _LINE.sub(without, text), tuple(names)


def _nodes(pipeline: Pipeline) -> dict[str, Node]:
    return {**pipeline.services, **pipeline.engines}


def _hidden_fields(node: Node) -> dict[str, Any]:
    """The fields that hold plain secrets, as they may be shown."""
    found = {field: (getattr(node, field), _hidden_value(field, getattr(node, field))) for field in (*_FIELDS, "url")}
    return {field: shown for field, (value, shown) in found.items() if shown != value}


def _hidden_value(field: str, value: Any) -> Any:
    """A field's value as it may be shown."""
    if field in _FIELDS and isinstance(value, Mapping):
        return {k: _shown(str(k), v) for k, v in value.items()}
    if field == "url" and isinstance(value, str) and _IN_URL.search(value):
        return re.sub(r"(?<=://)[^/@]*@", "", value)
    return value


def _shown(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    secret = is_plain_secret(name, value) or is_key(value)
    return reference(name) if secret else _IN_URL.sub("***", value)
