r"""YAML text in and out: what ``yaml.safe_load`` reads, bounded, with the place of every key and value.

>>> document = load("services:\n  llm: {port: 9000}\n", source="app.yaml")
>>> document.data
{'services': {'llm': {'port': 9000}}}
>>> document.position(("services", "llm", "port"))
(2, 15)
>>> print(document.error("port 9000 is taken", ("services", "llm", "port")))
app.yaml:2:15: port 9000 is taken
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import yaml

from opea_nb.errors import FormatError
from opea_nb.formats.yaml_dump import dump

__all__ = ["Document", "Key", "Path", "Value", "dump", "load"]

Key: TypeAlias = bool | int | float | str | bytes | datetime.date | None
Value: TypeAlias = "Key | list[Value] | dict[Key, Value]"
Path: TypeAlias = tuple[Key, ...]

# The C loader is ten times faster; some builds of PyYAML lack it.
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_FORBIDDEN = re.compile("[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAG = "tag:yaml.org,2002:"
_SCALARS = frozenset(_TAG + name for name in ("null", "bool", "int", "float", "str", "binary", "timestamp"))
_MERGE = _TAG + "merge"
# Reading a base-60 integer (1:30:00) takes time quadratic in its length.
_NUMBER_LENGTH = 200
# What PyYAML's scalar constructors let out on text that a forced tag does not fit, such as `!!int ""`.
_SCALAR_ERRORS = (ValueError, OverflowError, KeyError, IndexError, AttributeError, TypeError)


@dataclass(slots=True)
class _Spot:
    """Where a value stands: character offsets, and for a collection the spots of its members."""

    start: int
    end: int
    style: str = ""
    members: dict[Key, tuple[int, _Spot]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Document:
    r"""One YAML document: its data and where each part of it stands.

    Parameters
    ----------
    data
        What ``yaml.safe_load`` gives; ``None`` for an empty text.
    source
        File name, or a word such as ``<text>``, for messages.
    text
        The text, line ends made ``\n``.
    """

    data: Value
    source: str
    text: str
    _root: _Spot

    def position(self, path: Path = (), *, key: bool = False, offset: int | None = None) -> tuple[int, int]:
        """Line and column, counted from 1, of the value at `path`.

        Parameters
        ----------
        path
            Keys and list indices from the root. Where it leads nowhere, the nearest existing parent counts.
        key
            The place of the key instead of its value.
        offset
            Index of a character of the (string) value, to point inside it: exact for plain, quoted and block
            scalars, also when they run over several lines.
        """
        spot, start = self._root, self._root.start
        for step in path:
            if step not in spot.members:
                return self._place(start)
            at, spot = spot.members[step]
            start = at if key else spot.start
        if offset is not None:
            value: Value = self.data
            for step in path:
                value = value[step]  # type: ignore[index]  # the loop above found every step
            if isinstance(value, str):
                start = _offset_in_text(self.text, spot, value, offset)
        return self._place(start)

    def written(self, path: Path) -> str:
        """A scalar as it is written: ``1.10`` and ``yes`` where the data has 1.1 and ``True``."""
        spot = self._root
        for step in path:
            spot = spot.members[step][1]
        return self.text[spot.start : spot.end]

    def error(
        self, message: str, path: Path = (), *, key: bool = False, offset: int | None = None, hint: str = ""
    ) -> FormatError:
        """A `FormatError` that points at the value (or key) at `path`; parameters as for `position`."""
        line, column = self.position(path, key=key, offset=offset)
        return FormatError(message, source=self.source, line=line, column=column, hint=hint)

    def _place(self, index: int) -> tuple[int, int]:
        return _place(self.text, index)


def load(
    text: str | bytes,
    source: str = "<text>",
    *,
    limit: int = 1 << 20,
    depth: int = 64,
    items: int = 100_000,
) -> Document:
    """Read one YAML document with the semantics of ``yaml.safe_load``.

    Stricter than that in two ways: a key that stands twice in a mapping is refused, and so are the collection tags
    (``!!set``, ``!!omap``) and collections as keys.

    Parameters
    ----------
    text
        The text; bytes are UTF-8, or UTF-16 with a byte order mark.
    source
        File name for messages.
    limit
        Largest size in bytes.
    depth
        Deepest nesting of collections.
    items
        Largest number of values, after aliases have been expanded.

    Raises
    ------
    FormatError
        For anything else, with line and column.
    """
    size = len(text) if isinstance(text, bytes) else len(text.encode("utf-8", "surrogatepass"))
    if size > limit:
        raise FormatError(
            f"{size} bytes of YAML are more than the {limit} that are read", source=source, hint="is it the right file?"
        )
    text = _decode(text, source)
    try:
        _check_depth(text, source, depth)
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return Document(None, source, text, _Spot(0, 0))
            builder = _Builder(loader, text, source, items)
            data, spot = builder.value(node)
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise _syntax_error(error, text, source) from error
    return Document(data, source, text, spot)


def _decode(text: str | bytes, source: str) -> str:
    if isinstance(text, bytes):
        encoding, raw = "utf-16" if text[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8", text
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError as error:
            line, column = _place(raw[: error.start].decode("latin-1"), error.start)
            raise FormatError(
                f"the text is not {encoding.upper()}: {error.reason}",
                source=source,
                line=line,
                column=column,
                hint="save the file as UTF-8",
            ) from error
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if found := _FORBIDDEN.search(text):
        line, column = _place(text, found.start())
        raise FormatError(
            f"the character U+{ord(found[0]):04X} may not stand in YAML",
            source=source,
            line=line,
            column=column,
            hint='remove it, or write it escaped inside double quotes ("\\u…")',
        )
    return text


def _check_depth(text: str, source: str, depth: int) -> None:
    # Before composing, which recurses (in C, where too deep a nesting would end the process).
    level = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            level += 1
            if level > depth:
                line, column = _place(text, _index(event.start_mark))
                raise FormatError(f"nested more than {depth} deep", source=source, line=line, column=column)
        elif isinstance(event, yaml.CollectionEndEvent):
            level -= 1


class _Builder:
    """Turns composed nodes into data and spots, expanding aliases up to a number of items."""

    def __init__(self, loader: yaml.SafeLoader, text: str, source: str, items: int) -> None:
        self.loader, self.text, self.source = loader, text, source
        self.items = self.left = items
        self.open: set[int] = set()

    def refuse(self, node: yaml.Node, message: str, hint: str = "") -> FormatError:
        line, column = _place(self.text, _index(node.start_mark))
        return FormatError(message, source=self.source, line=line, column=column, hint=hint)

    def value(self, node: yaml.Node) -> tuple[Value, _Spot]:
        self.left -= 1
        if self.left < 0:
            raise self.refuse(node, f"more than {self.items} values (aliases counted as often as they are used)")
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node), self.spot(node)
        if id(node) in self.open:
            raise self.refuse(node, "an alias stands inside what it names, which never ends")
        self.open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode) and node.tag == _TAG + "seq":
                return self.sequence(node)
            if isinstance(node, yaml.MappingNode) and node.tag == _TAG + "map":
                return self.mapping(node)
        finally:
            self.open.discard(id(node))
        raise self.refuse(node, f"the tag {_short(node.tag)} is not read here", hint="remove the tag")

    def spot(self, node: yaml.Node) -> _Spot:
        style = getattr(node, "style", None) or ""
        return _Spot(_index(node.start_mark), _index(node.end_mark), style if isinstance(style, str) else "")

    def scalar(self, node: yaml.ScalarNode) -> Key:
        if node.tag not in _SCALARS:
            hint = "put quotes around it" if not node.tag.startswith("!") else "remove the tag"
            raise self.refuse(node, f"the tag {_short(node.tag)} is not read here", hint=hint)
        if node.tag in (_TAG + "int", _TAG + "float") and len(node.value) > _NUMBER_LENGTH:
            message = f"a number of {len(node.value)} characters is too long"
            raise self.refuse(node, message, hint="put quotes around it")
        try:
            result: Key = self.loader.construct_object(node)
        except _SCALAR_ERRORS as error:
            raise self.refuse(
                node, f"`{node.value[:40]}` is not a {_short(node.tag)} value: {error}", hint="put quotes around it"
            ) from error
        return result

    def sequence(self, node: yaml.SequenceNode) -> tuple[Value, _Spot]:
        data: list[Value] = []
        spot = self.spot(node)
        for index, child in enumerate(node.value):
            item, at = self.value(child)
            data.append(item)
            spot.members[index] = (at.start, at)
        return data, spot

    def mapping(self, node: yaml.MappingNode) -> tuple[Value, _Spot]:
        data: dict[Key, Value] = {}
        spot = self.spot(node)
        merged: list[tuple[dict[Key, Value], _Spot]] = []
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                merged += self.merged(value_node)
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                raise self.refuse(key_node, "a list or mapping cannot be a key here")
            key = self.scalar(key_node)
            if key in data:
                line, _ = _place(self.text, spot.members[key][0])
                raise self.refuse(
                    key_node, f"the key `{key_node.value}` stands twice (first in line {line})", hint="keep one of them"
                )
            data[key], at = self.value(value_node)
            spot.members[key] = (_index(key_node.start_mark), at)
        for other, its_spot in merged:
            for key, item in other.items():
                if key not in data:
                    data[key] = item
                    spot.members[key] = its_spot.members[key]
        return data, spot

    def merged(self, node: yaml.Node) -> Iterator[tuple[dict[Key, Value], _Spot]]:
        """What a ``<<`` key brings in: a mapping, or several in a list."""
        for part in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            data, spot = self.value(part)
            if not isinstance(data, dict):
                raise self.refuse(part, "`<<` takes a mapping, or a list of mappings")
            yield data, spot


def _short(tag: str) -> str:
    return "!!" + tag.removeprefix(_TAG) if tag.startswith(_TAG) else tag


def _index(mark: object) -> int:
    # A C mark and a Python mark share no type, and the stub allows None where there always is one.
    index: int = getattr(mark, "index", 0)
    return index


def _place(text: str, index: int) -> tuple[int, int]:
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)


_HINTS: Mapping[str, str] = {
    "mapping values are not allowed": "put quotes around text that holds `: `, and check the indentation",
    "that cannot start any token": "put quotes around the text; indent with spaces, not tabs",
    "expected a single document": "keep one document: remove the `---` and what follows it",
    "undefined alias": "an alias `*name` needs an anchor `&name` before it; quote a text that begins with `*`",
    "expected <block end>": "check the indentation of this line",
}


def _syntax_error(error: yaml.YAMLError, text: str, source: str) -> FormatError:
    problem, context = getattr(error, "problem", None), getattr(error, "context", None)
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    message = ", ".join(str(part) for part in (context, problem) if part) or str(error).splitlines()[0]
    hint = next((hint for part, hint in _HINTS.items() if part in message), "")
    line, column = _place(text, min(_index(mark), len(text))) if mark is not None else (0, 0)
    return FormatError(f"not valid YAML: {message}", source=source, line=line, column=column, hint=hint)


_ESCAPE = re.compile(r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[\s\S])")
# Escapes that stand for white space, or (a line break) for nothing.
_BLANK_ESCAPE = re.compile(r"\\(?:[ \ntnrvfNLP_]|x0[9aAdD]|x20|u0020|U00000020)")


def _offset_in_text(text: str, spot: _Spot, value: str, offset: int) -> int:
    """Index in `text` of the character `offset` of the scalar that stands at `spot`.

    Folding and indentation change white space only, so the n-th other character of the value is the n-th of the text.
    """
    wanted = sum(not c.isspace() for c in value[:offset])
    index, end = spot.start, spot.end
    if spot.style in ("|", ">"):
        index = text.find("\n", index) + 1 or end
    elif spot.style in ("'", '"'):
        index, end = index + 1, end - 1
    last = index
    while index < end:
        width, blank = 1, text[index].isspace()
        if spot.style == '"' and (found := _ESCAPE.match(text, index)):
            width, blank = len(found[0]), _BLANK_ESCAPE.fullmatch(found[0]) is not None
        elif spot.style == "'" and text.startswith("''", index):
            width = 2
        if not blank:
            if not wanted:
                return index
            wanted -= 1
            last = index + width
        index += width
    return last
