"""What OPEA's agents stream (F5): raw lines about their work, and events that are the repr of Python values.

An agent's events tell what its nodes did: what the model wrote on the way, what tools gave. The answer is the text of
the last one that is no tool call, so it is known only at the end.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

__all__ = ["answer_in", "is_working", "quoted"]

_WORKING = (b"--- CALL ", b"Calling Tool", b"Tool Result")
_TEXT = r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_WRITTEN = re.compile(rf"(?:'output': |AIMessage\(content=){_TEXT}", re.DOTALL)
_OUTPUTS = ("output", "answer", "final_answer")


def is_working(line: bytes) -> bool:
    """Whether a raw line tells of an agent's work."""
    return line.startswith(_WORKING)


def quoted(text: bytes) -> str | None:
    r"""The text whose repr this is; ``None`` for anything else.

    >>> quoted(b"'it\\'s'"), quoted(b"'a' + 'b'")
    ("it's", None)
    """
    if text[:1] not in (b"'", b'"') or text[-1:] != text[:1]:
        return None
    try:
        value = ast.literal_eval(text.decode("utf-8", "replace"))
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    return value if isinstance(value, str) else None


def answer_in(text: bytes) -> str | None:
    """What the model wrote in an event of a graph; empty where it is about something else; ``None`` for no such event.

    >>> answer_in(b"{'agent': {'messages': [AIMessage(content='Paris.', id='run-1')]}}")
    'Paris.'
    >>> answer_in(b"{'tools': {'messages': [ToolMessage(content='3 passages')]}}")
    ''
    """
    plain = text.decode("utf-8", "replace")
    if not plain.startswith("{'"):
        return None
    try:
        tree = ast.parse(plain, mode="eval").body
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        # a repr that is no Python, <object at 0x…>: what can be told apart in it
        found = [t for m in _WRITTEN.finditer(plain) if (t := quoted(m[1].encode())) is not None]
        return next((t for t in reversed(found) if t), "")
    if not isinstance(tree, ast.Dict):
        return None
    return next((t for t in reversed(list(_texts(tree))) if t), "")


def _texts(event: ast.Dict) -> Iterator[str]:
    """What the model wrote, in each node of an event."""
    for state in event.values:
        if not isinstance(state, ast.Dict):
            continue
        fields = {k.value: v for k, v in zip(state.keys, state.values, strict=True) if isinstance(k, ast.Constant)}
        messages = fields.get("messages")
        if isinstance(messages, ast.List) and messages.elts:
            yield _message(messages.elts[-1])
        for name in _OUTPUTS:
            yield _constant(fields.get(name))


def _message(node: ast.expr) -> str:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id != "AIMessage":
        return ""
    given = {k.arg: k.value for k in node.keywords}
    calls = given.get("tool_calls")
    asks = isinstance(calls, ast.List) and bool(calls.elts)
    return "" if asks else _constant(given.get("content"))


def _constant(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
