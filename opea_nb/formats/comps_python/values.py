"""Expressions of a Python file, read and never run: literals, variables of the environment, names bound to them."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from opea_nb.formats.comps_python.types import ENDPOINTS

__all__ = ["Env", "Micro", "Orchestra", "Unknown", "dotted", "evaluate", "literal"]

_DEPTH = 40
_LENGTH = 10_000


class Unknown:
    """What only running the file would tell."""


@dataclass(frozen=True, slots=True)
class Env:
    """A variable of the environment, and its default."""

    name: str
    default: Any = None


@dataclass(eq=False, slots=True)
class Micro:
    """A ``MicroService(…)`` that the file makes."""

    fields: dict[str, Any]
    line: int = 0


@dataclass(eq=False, slots=True)
class Orchestra:
    """A ``ServiceOrchestrator()`` that the file makes, with what was added to it."""

    attribute: str = ""
    services: list[Micro] = field(default_factory=list)
    edges: list[tuple[Micro, Micro, int]] = field(default_factory=list)
    fields: dict[str, Any] = field(default_factory=dict)


def dotted(node: ast.expr) -> str:
    """``a.b.c`` of names and attributes; empty for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def literal(node: ast.expr) -> Any:
    """A literal's value; `Unknown` for anything else."""
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return Unknown()


def evaluate(node: ast.expr | None, scope: Mapping[str, Any], depth: int = _DEPTH) -> Any:
    """The value of an expression; `Unknown` for all that is not a literal, a name, or a look at the environment."""
    if node is None or not depth:
        return Unknown()
    match node:
        case ast.Constant(value=str() | int() | float() | bool() | None as value):
            return value
        case ast.Name() | ast.Attribute():
            name = dotted(node)
            endpoint = name.removesuffix(".value").rpartition(".")
            if endpoint[0].endswith("MegaServiceEndpoint"):
                return ENDPOINTS.get(endpoint[2], Unknown())
            return scope.get(name, Unknown())
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [evaluate(item, scope, depth - 1) for item in items[:1000]]
        case ast.JoinedStr(values=parts):
            return _joined([evaluate(part, scope, depth - 1) for part in parts[:100]])
        case ast.FormattedValue(value=inner, format_spec=None):
            return evaluate(inner, scope, depth - 1)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _joined([evaluate(left, scope, depth - 1), evaluate(right, scope, depth - 1)])
        case ast.BoolOp(op=ast.Or(), values=[first, *rest]):
            value = evaluate(first, scope, depth - 1)
            if isinstance(value, Env) and value.default is None:
                return Env(value.name, _default(evaluate(rest[0], scope, depth - 1)))
            return value if value not in (None, "", 0) else evaluate(rest[0], scope, depth - 1)
        case ast.Subscript(value=base, slice=key) if dotted(base) in ("os.environ", "environ"):
            name = evaluate(key, scope, depth - 1)
            return Env(name) if isinstance(name, str) else Unknown()
        case ast.Subscript(value=base, slice=ast.Constant(value=str() as key)):
            box = scope.get(dotted(base))
            return box.get(key, Unknown()) if isinstance(box, dict) else Unknown()
        case ast.Call():
            return _call(node, scope, depth)
    return Unknown()


def _call(node: ast.Call, scope: Mapping[str, Any], depth: int) -> Any:
    name = dotted(node.func)
    arguments = [evaluate(a, scope, depth - 1) for a in node.args[:4]]
    if name in ("os.getenv", "getenv", "os.environ.get", "environ.get") and arguments:
        default = next((evaluate(k.value, scope, depth - 1) for k in node.keywords if k.arg == "default"), None)
        default = arguments[1] if len(arguments) > 1 else default
        return Env(arguments[0], _default(default)) if isinstance(arguments[0], str) else Unknown()
    if name in ("int", "str", "float", "bool") and len(arguments) == 1:
        return arguments[0]
    return Unknown()


def _default(value: Any) -> Any:
    """The default of a variable: what is behind another variable, too."""
    if isinstance(value, Env):
        return value.default
    return None if isinstance(value, Unknown | Micro | Orchestra) else value


def _joined(parts: list[Any]) -> Any:
    texts = [_default(p) if isinstance(p, Env) else p for p in parts]
    if any(not isinstance(t, str | int | float) or isinstance(t, bool) for t in texts):
        return Unknown()
    text = "".join(str(t)[:_LENGTH] for t in texts)
    return text if len(text) <= _LENGTH else Unknown()
