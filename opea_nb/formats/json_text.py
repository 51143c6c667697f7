"""JSON text in, bounded, with the place of a mistake."""

from __future__ import annotations

import json
from typing import Any

from opea_nb.errors import FormatError
from opea_nb.formats.yaml_text import Path

_LIMIT = 8 << 20
_DEPTH = 100


def load(text: str | bytes, source: str = "<text>", *, limit: int = _LIMIT) -> Any:
    """Read one JSON document.

    Parameters
    ----------
    limit
        Largest size in bytes.

    Raises
    ------
    FormatError
        When it is larger, nested more than 100 deep, no JSON, or has a key twice in an object.
    """
    size = len(text) if isinstance(text, bytes) else len(text.encode("utf-8", "surrogatepass"))
    if size > limit:
        raise FormatError(f"{size} bytes of JSON are more than the {limit} that are read", source=source)

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(found)
        if len(made) != len(found):
            seen: set[str] = set()
            twice = next(k for k, _ in found if k in seen or seen.add(k))  # type: ignore[func-returns-value]  # adds, too
            raise FormatError(f"the key {twice!r} stands twice in an object", source=source, hint="keep one of them")
        return made

    try:
        plain = text.decode("utf-8-sig") if isinstance(text, bytes) else text.removeprefix("\ufeff")
        if _depth(plain) > _DEPTH:
            raise FormatError(f"nested more than {_DEPTH} deep", source=source)
        return json.loads(plain, object_pairs_hook=pairs)
    except json.JSONDecodeError as error:
        raise FormatError(
            f"not valid JSON: {error.msg}", source=source, line=error.lineno, column=error.colno
        ) from error
    except UnicodeDecodeError as error:
        raise FormatError("the text is not UTF-8", source=source, hint="save the file as UTF-8") from error
    except ValueError as error:  # a number of thousands of digits
        raise FormatError(f"not valid JSON: {error}", source=source) from error


def place(text: str | bytes, path: Path) -> tuple[int, int]:
    r"""Line and column, counted from 1, of the value at a path in a text that `load` took; the nearest parent's else.

    >>> place('{"a": 1, "nodes": [{},\n {"id": ""}]}', ("nodes", 1))
    (2, 2)
    """
    plain = text.decode("utf-8-sig") if isinstance(text, bytes) else text.removeprefix("\ufeff")
    at = _after_space(plain, 0)
    for step in path:
        found = _member(plain, at, step)
        if found is None:
            break
        at = found
    return plain.count("\n", 0, at) + 1, at - (plain.rfind("\n", 0, at) + 1) + 1


def _member(text: str, at: int, step: object) -> int | None:
    """Where the member of an object or list begins; ``None`` when there is none."""
    closing = {"{": "}", "[": "]"}.get(text[at : at + 1])
    decode = json.JSONDecoder().raw_decode
    at, number = _after_space(text, at + 1), 0
    while closing and text[at : at + 1] != closing:
        key: object = number
        if closing == "}":
            key, at = decode(text, at)
            at = _after_space(text, _after_space(text, at) + 1)
        if key == step:
            return at
        at = _after_space(text, decode(text, at)[1])
        at, number = _after_space(text, at + 1) if text[at] == "," else at, number + 1
    return None


def _after_space(text: str, at: int) -> int:
    while text[at : at + 1] in (" ", "\t", "\n", "\r") and at < len(text):
        at += 1
    return at


def _depth(text: str) -> int:
    """The deepest nesting of brackets outside strings."""
    deepest = level = 0
    inside = escaped = False
    for character in text:
        if inside:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                inside = False
        elif character == '"':
            inside = True
        elif character in "[{":
            level += 1
            deepest = max(deepest, level)
        elif character in "]}":
            level -= 1
    return deepest
