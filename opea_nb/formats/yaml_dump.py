"""YAML text out: one text for one value, written as people write it."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping

import yaml

from opea_nb.errors import FormatError

_DEPTH = 64
# No folding: a rule or a URL stays on its line, whatever reads it.
_WIDTH = 1 << 30
# Text that PyYAML reads back as text when it stands plain, but other readers (YAML 1.2, Go's) as a number or a boolean.
_OTHERS = re.compile(r"[yYnN]|[-+]?(\.\d[\d_]*|\d[\d_]*(\.[\d_]*)?)([eE][-+]?\d+)?|[-+]?0[xXoObB][\da-fA-F_]+")


class _Dumper(yaml.SafeDumper):
    # The pure Python emitter: the C one cannot indent the items of a list below their key.

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002  # PyYAML's names
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  # as above
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # Lines that a block would not give back exactly stay in quotes.
    lines = text.split("\n")
    block = (
        len(lines) > 1
        and text[0] not in " \n"
        and lines[-2 if lines[-1] == "" else -1] != ""
        and all(line == line.rstrip() and line.isprintable() and "\ufeff" not in line for line in lines)
    )
    # PyYAML writes these line breaks raw, and reads them back as others.
    style = '"' if any(c in "\x85\u2028\u2029" for c in text) else "|" if block else None
    if style is None and _OTHERS.fullmatch(text):
        style = "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def dump(data: object) -> str:
    r"""Write a value as YAML: block style, keys in the order given, no aliases, Unicode kept, no folding.

    Parameters
    ----------
    data
        Mappings, lists, tuples and scalars.

    Raises
    ------
    FormatError
        For a value that YAML cannot carry, naming where it stands.

    >>> print(dump({"port": 9000, "flow": ["a >> b"], "text": "no", "prompt": "Use this:\n{context}\n"}), end="")
    port: 9000
    flow:
      - a >> b
    text: 'no'
    prompt: |
      Use this:
      {context}
    """
    text: str = yaml.dump(
        _plain(data, ()), Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=_WIDTH
    )
    # PyYAML ends a lone scalar with a document end mark, which nothing needs.
    return text.removesuffix("...\n")


def _plain(data: object, path: tuple[str, ...]) -> object:
    where = ".".join(path) or "the whole"
    if len(path) > _DEPTH:
        raise FormatError(f"{'.'.join(path[:6])}…: nested more than {_DEPTH} deep")
    if isinstance(data, str):
        try:
            data.encode()
        except UnicodeEncodeError as error:
            raise FormatError(f"{where}: the text holds half of a surrogate pair, which is no character") from error
        return str(data)
    if isinstance(data, bool | int | float | bytes | datetime.date | None):
        return data
    if isinstance(data, Mapping):
        return {_plain(key, (*path, str(key))): _plain(value, (*path, str(key))) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_plain(item, (*path, str(index))) for index, item in enumerate(data)]
    raise FormatError(f"{where}: a {type(data).__name__} cannot be written as YAML", hint="use text or numbers")
