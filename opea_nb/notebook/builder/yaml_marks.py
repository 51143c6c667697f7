"""What stands around the YAML text: line numbers, the place of a fault, and what changed since the file was saved."""

from __future__ import annotations

from html import escape
from itertools import groupby

from opea_nb.formats.compare import NOTHING, Difference, differences
from opea_nb.notebook.builder.hiding import hidden
from opea_nb.pipeline import Pipeline

__all__ = ["changes", "gutter", "pointed"]

_LINES = 3000  # the sheet cuts off those that the text does not have
_WIDTH = 160
_HEADS = {"pipeline": "Pipeline", "uses": "Engines in use", "flows": "Flow"}


def gutter(bad: int = 0) -> str:
    """Line numbers, one of them marked.

    Parameters
    ----------
    bad
        The line with a fault, from 1; 0 for none.
    """
    if not 0 < bad <= _LINES:
        return f"<pre>{_numbers(1, _LINES)}</pre>"
    mark = f'<b class="opea-bad-line">✕ {bad}</b>'
    return f"<pre>{_numbers(1, bad - 1)}{mark}\n{_numbers(bad + 1, _LINES)}</pre>"


def _numbers(first: int, last: int) -> str:
    return "".join(f"{number}\n" for number in range(first, last + 1))


def pointed(text: str, line: int, column: int) -> str:
    r"""The line with the fault and a caret below the place, as markup; nothing when there is no such line.

    >>> print(pointed("a: 1\nb: [", 2, 4))
    <pre class="opea-caret">2 │ b: [
      │    ^</pre>
    """
    lines = text.splitlines()
    if not 0 < line <= len(lines):
        return ""
    at = max(0, min(column - 1, len(lines[line - 1])))
    start = max(0, at - _WIDTH // 2)
    shown = lines[line - 1][start : start + _WIDTH].replace("\t", " ")
    number = str(line)
    return f'<pre class="opea-caret">{number} │ {escape(shown)}\n{" " * len(number)} │ {" " * (at - start)}^</pre>'


def changes(saved: Pipeline, pipeline: Pipeline) -> str:
    """What differs from the saved one, by service, as markup; places on the canvas do not count."""
    found = differences(hidden(saved), hidden(pipeline))
    if not found:
        return '<div class="opea-said">✓ as saved</div>'
    parts = []
    for (head, name), group in groupby(found, key=_about):
        rows = list(group)
        if len(rows) == 1 and len(rows[0].path) == 2 and rows[0].path[0] in ("services", "engines"):
            parts.append(_whole(rows[0], name))
            continue
        items = "".join(f"<li>{_row(row, 2 if name else 1)}</li>" for row in rows)
        title = f"<b>{escape(name)}</b>" if name else f"<b>{escape(head)}</b>"
        parts.append(f"<section>{_mark('~', 'changed')} {title}<ul>{items}</ul></section>")
    return f'<div class="opea-diff">{"".join(parts)}</div>'


def _about(found: Difference) -> tuple[str, str]:
    head = found.path[0]
    if head in ("services", "engines", "flows") and len(found.path) > 1:
        title = f"flow {found.path[1]}" if head == "flows" else found.path[1]
        return _HEADS.get(head, head), title
    return _HEADS.get(head, head), ""


def _whole(found: Difference, name: str) -> str:
    new = found.one is NOTHING
    node = found.other if new else found.one
    kind = f' <span class="opea-fact">{escape(str(node.get("kind", "")))}</span>' if isinstance(node, dict) else ""
    mark = _mark("+", "added") if new else _mark("−", "removed")
    return f"<section>{mark} <b>{escape(name)}</b>{kind}</section>"


def _row(found: Difference, depth: int) -> str:
    path = found.path[depth:]
    if found.other is True or found.one is True:  # an edge, a use, a member: there or not
        mark = _mark("+", "added") if found.one is NOTHING else _mark("−", "removed")
        return f"{mark} {escape(path[-1] if path else found.path[-1])}"
    key = escape(".".join(path))
    if found.one is NOTHING:
        return f"{_mark('+', 'added')} {key}: {_shown(found.other)}"
    if found.other is NOTHING:
        return f"{_mark('−', 'removed')} {key}: <s>{_shown(found.one)}</s>"
    return f"{key}: <s>{_shown(found.one)}</s> → {_shown(found.other)}"


def _mark(sign: str, word: str) -> str:
    return f'<span class="opea-{word}" title="{word}" aria-label="{word}">{sign}</span>'


def _shown(value: object) -> str:
    text = value if isinstance(value, str) and value else repr(value)
    return escape(text if len(text) <= _WIDTH else text[:_WIDTH] + "…")
