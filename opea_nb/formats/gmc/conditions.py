"""A Switch's conditions: GMC's text, and the tests that it stands for.

The router asks whether a gjson path exists in the request, and after that, for text without ``.`` and ``#``, compares
``key==value``. Compared so, a value with a dot never fits, and there is no "else"; as gjson queries both can be said.
``@tostr`` makes text of any value, so that numbers compare by their text as they do in ``key==value``, and so that
null, lists and objects are values as well. KServe's router knows the queries only.
"""

from __future__ import annotations

import re

from opea_nb.errors import PlanError
from opea_nb.pipeline.when import Allowed

_WORD = r"[A-Za-z0-9_/-]+"
_PATH = r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*"
_TEXT = r"[A-Za-z0-9 ._:/@#+,=-]*"

_PLAIN = re.compile(rf"\s*({_PATH})\s*==\s*([^\s.#'\"\\]+(?: [^\s.#'\"\\]+)*)\s*")
_ONE = rf'\[(?:({_PATH})\.@tostr,)?({_PATH})\]\|#\(==\s*"({_TEXT})"\)'
_IS = re.compile(_ONE)
_ANY = re.compile(r"\[(.+)\]\|0")
_NONE = re.compile(rf'\[\[({_PATH})\.@tostr,!""\]\|0\]\|#\(==""\)')
_NOT = re.compile(rf'\[\[({_PATH})\.@tostr,!"({_TEXT})"\]\|0\]\|(#\(!=""\)#\|)?(#\(!=.*\))')
_NOT_ONE = re.compile(rf'#\(!="\\"({_TEXT})\\""\)')


def written(path: str, test: Allowed, *, service: str, queries: bool = False) -> str:
    """The condition's text.

    Parameters
    ----------
    service
        Whose it is, for the message.
    queries
        Whether only gjson queries are understood, not ``key==value``.

    Raises
    ------
    PlanError
        For a value that a condition cannot carry.

    >>> written("model-id", Allowed(frozenset({"intel"})), service="llm")
    'model-id==intel'
    >>> written("model", Allowed(frozenset({"bge-v1.5"})), service="tei")
    '[model.@tostr,model]|#(=="bge-v1.5")'
    """
    values = sorted(v for v in test.values if v is not None)
    for value in values:
        if not re.fullmatch(_TEXT, value) or len(value) > 200 or "---" in value or "---" in path:
            hint = "use up to 200 letters, digits, spaces and ._:/@#+,=- without `---`"
            raise PlanError(f"{service}: a Switch cannot ask whether {path} is {value[:60]!r}", hint=hint)
    if test.negated:
        if test.values == {None}:
            return path
        present = '#(!="")#|' if None in test.values else ""  # only a value that is not there has this text
        return f'[[{path}.@tostr,!""]|0]|{present}{_none_of(values)}'
    if test.values == {None}:
        return f'[[{path}.@tostr,!""]|0]|#(=="")'
    if not queries and len(test.values) == 1 and "." not in path and re.fullmatch(_WORD, values[0]):
        return f"{path}=={values[0]}"
    options = [_is(path, value) for value in values]
    if None in test.values:
        options.append(written(path, Allowed(frozenset({None})), service=service))
    return options[0] if len(options) == 1 else f"[{','.join(options)}]|0"


def widened(path: str, own: str, others: frozenset[str], *, service: str) -> str:
    r"""A condition for one value, and for all that no other branch is for: what makes a Switch always fit.

    Its default tells which value was meant, so that it can be read back.

    >>> widened("m", "intel", frozenset({"llama"}), service="llm")
    '[[m.@tostr,!"intel"]|0]|#(!="llama")#|#(!="\\"llama\\"")'
    """
    for value in (own, *others):
        written(path, Allowed(frozenset({value})), service=service)
    return f'[[{path}.@tostr,!"{own}"]|0]|{_none_of(sorted(others))}'


def read(text: str) -> tuple[str, Allowed, bool] | None:
    """The path and test that a condition stands for, and whether it was `widened`; ``None`` where it is another.

    >>> read("model-id == intel")
    ('model-id', Allowed(values=frozenset({'intel'}), negated=False), False)
    """
    text = text.strip()
    if found := _PLAIN.fullmatch(text):
        return (found[1], Allowed(frozenset({found[2]})), False) if "." not in found[1] else None
    if re.fullmatch(_PATH, text):
        return text, Allowed(frozenset({None}), negated=True), False
    if found := _NONE.fullmatch(text):
        return found[1], Allowed(frozenset({None})), False
    if (found := _IS.fullmatch(text)) and found[1] in (None, found[2]):
        return found[2], Allowed(frozenset({found[3]})), False
    if found := _NOT.fullmatch(text):
        return _read_not(found)
    if found := _ANY.fullmatch(text):
        return _read_any(found[1])
    return None


def _read_not(found: re.Match[str]) -> tuple[str, Allowed, bool] | None:
    path, default, present, rest = found[1], found[2], found[3], found[4]
    values = [m[1] for m in _NOT_ONE.finditer(rest)]
    if rest != _none_of(values):
        return None
    if default:
        return path, Allowed(frozenset({default})), True
    return path, Allowed(frozenset([*values, None] if present else values), negated=True), False


def _read_any(options: str) -> tuple[str, Allowed, bool] | None:
    values: set[str | None] = set()
    paths: set[str] = set()
    rest = options
    while rest:
        found = _IS.match(rest) or _NONE.match(rest)
        if found is None:
            return None
        is_none = found.re is _NONE
        paths.add(found[1] if is_none else found[2])
        values.add(None if is_none else found[3])
        rest = rest[found.end() :]
        if rest and not rest.startswith(","):
            return None
        rest = rest[1:]
    return (paths.pop(), Allowed(frozenset(values)), False) if len(paths) == 1 else None


def _is(path: str, value: str) -> str:
    # "" is what @tostr gives for a value that is not there.
    return f'[{path}]|#(=="")' if not value else f'[{path}.@tostr,{path}]|#(=="{value}")'


def _none_of(values: list[str]) -> str:
    # A number's text is its own, that of text has quotes; "" is what stands for no value.
    return "#|".join((rf'#(!="{v}")#|' if v else "") + rf'#(!="\"{v}\"")' for v in values)


def left_out(text: str) -> frozenset[str]:
    """The values that a `widened` condition leaves to the other branches."""
    found = _NOT.fullmatch(text.strip())
    return frozenset(m[1] for m in _NOT_ONE.finditer(found[4])) if found else frozenset()
