"""Values of a Compose file: variables with their defaults, environments, ports, commands, addresses."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["environment_of", "hosts_in", "interpolate", "port_of", "published", "variables", "words"]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DEPTH = 8


def interpolate(text: str) -> str:
    """The text as ``docker compose`` makes it with no variable set; one without a default stays as ``${NAME}``.

    >>> interpolate("${REGISTRY:-opea}/vllm:${TAG:-latest}"), interpolate("${A:-${B-x}}"), interpolate("$C/$$D")
    ('opea/vllm:latest', 'x', '${C}/$D')
    """
    return _interpolate(text, _DEPTH)


def _interpolate(text: str, depth: int) -> str:
    made: list[str] = []
    at = 0
    while (start := text.find("$", at)) >= 0:
        made.append(text[at:start])
        at = start + 1
        if text.startswith("$", at):
            made.append("$")
            at += 1
        elif text.startswith("{", at):
            end = _closing(text, at)
            if end < 0:
                return "".join([*made, text[start:]])
            value = _expression(text[at + 1 : end], depth)
            made.append(text[start : end + 1] if value is None else value)
            at = end + 1
        elif name := _NAME.match(text, at):
            made.append(f"${{{name[0]}}}")
            at = name.end()
        else:
            made.append("$")
    return "".join([*made, text[at:]])


def _closing(text: str, at: int) -> int:
    """The place of the brace that closes the one at `at`; -1 when there is none."""
    level = 0
    for index in range(at, min(len(text), at + 4000)):
        if text[index] == "{":
            level += 1
        elif text[index] == "}":
            level -= 1
            if not level:
                return index
    return -1


def _expression(inner: str, depth: int) -> str | None:
    name = _NAME.match(inner)
    if name is None:
        return None
    operator, rest = inner[name.end() :][:2], inner[name.end() :]
    if rest and depth:
        if operator == ":-":
            return _interpolate(rest[2:], depth - 1) or f"${{{name[0]}}}"
        if rest.startswith("-"):
            return _interpolate(rest[1:], depth - 1) or f"${{{name[0]}}}"
    return f"${{{name[0]}}}"  # `:?message` asks for a value as well, and `:+other` needs one


def variables(text: str) -> list[str]:
    """Names of the variables in an interpolated text, which have no default."""
    return re.findall(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", text)


def environment_of(value: Any) -> dict[str, str]:
    """A service's ``environment``, a mapping or a list, interpolated; a variable without a value is its own name.

    >>> environment_of(["A=b", "C"]), environment_of({"A": 1, "C": None, "D": True})
    ({'A': 'b', 'C': '${C}'}, {'A': '1', 'C': '${C}', 'D': 'true'})
    """
    pairs: Iterator[tuple[Any, Any]]
    if isinstance(value, Mapping):
        pairs = iter(value.items())
    elif isinstance(value, list):
        parts = (str(item).partition("=") for item in value if isinstance(item, str | int | float))
        pairs = ((name.strip(), rest if equals else None) for name, equals, rest in parts)
    else:
        return {}
    found: dict[str, str] = {}
    for name, item in pairs:
        text = f"${{{name}}}" if item is None else str(item).lower() if isinstance(item, bool) else str(item)
        found[str(name)] = interpolate(text).strip("\"'") if text[:1] in "\"'" else interpolate(text)
    return found


def published(value: Any) -> list[tuple[int, int]]:
    """(Published, container) ports of ``ports``, short or long; 0 where one is not told.

    >>> published(["127.0.0.1:${P:-8080}:80/tcp", "9000", {"target": 80, "published": "81"}, "${UNSET}:7000"])
    [(8080, 80), (0, 9000), (81, 80), (0, 7000)]
    """
    found: list[tuple[int, int]] = []
    for item in value if isinstance(value, list) else []:
        if isinstance(item, Mapping):
            host, container = item.get("published", 0), item.get("target", 0)
        else:
            parts = interpolate(str(item)).split("/")[0].rsplit(":", 2)
            host, container = (parts[-2] if len(parts) > 1 else 0), parts[-1]
        found.append((port_of(host), port_of(container)))
    return found


def port_of(value: Any) -> int:
    """A port's number; the first of a range, 0 where there is none."""
    digits = re.match(r"\d{1,5}(?!\d)", interpolate(str(value)).strip())
    number = int(digits[0]) if digits else 0
    return number if number < 65536 else 0


def words(value: Any) -> list[str]:
    """The words of a ``command`` or ``entrypoint``, a text or a list."""
    if isinstance(value, list):
        return [interpolate(str(item)) for item in value]
    if not isinstance(value, str):
        return []
    text = interpolate(value)
    try:
        return shlex.split(text)
    except ValueError:  # an open quote, which a shell in the container may close
        return text.split()


def hosts_in(text: str) -> list[tuple[str, int]]:
    """(Host, port) of each address in a text; 0 for no port. A text that is a bare host name counts as one.

    >>> hosts_in("redis://redis-vector-db:6379"), hosts_in("http://${host_ip}:9009/v1"), hosts_in("vllm-service")
    ([('redis-vector-db', 6379)], [('${host_ip}', 9009)], [('vllm-service', 0)])
    """
    if re.fullmatch(r"[\w.-]+", text) and not text.replace(".", "").isdigit():
        return [(text, 0)]
    found = re.findall(r"(?:://|^|[,\s@])(?:[^\s@/:,]*:[^\s@/,]*@)?([\w.-]+|\$\{\w+\}):(\d{1,5}|\$\{\w+\})(?!\d)", text)
    bare = re.findall(r"://([\w.-]+)(?=[/?\s]|$)", text)
    return [(host, port_of(port)) for host, port in found] + [(host, 0) for host in bare]
