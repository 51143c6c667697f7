"""Every file format by name: which one a text is of, reading it, and converting it into another.

>>> list(names())
['unified', 'compose', 'kubernetes', 'gmc', 'kserve', 'python', 'studio', 'mega-yaml', 'mermaid', 'svg', 'png']
>>> text = '''
... opea_micro_services:
...   llm: {endpoint: /v1/chat/completions}
... opea_mega_service: {name: chat, mega_flow: [llm]}
... '''
>>> detect(text).name
'unified'
>>> print(convert(text, to="mermaid").text, end="")
flowchart LR
  n1["llm"]
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from opea_nb.errors import FormatError
from opea_nb.formats.conversion import Exported, Format, Imported
from opea_nb.pipeline import Pipeline

__all__ = ["convert", "detect", "find", "names", "options", "read", "text_of"]

# Each is imported when it is asked for. The order is that in which a text is tried.
_HOMES = {
    "unified": "opea_nb.formats.unified_format",
    "compose": "opea_nb.formats.compose",
    "kubernetes": "opea_nb.formats.kubernetes",
    "gmc": "opea_nb.formats.gmc",
    "kserve": "opea_nb.formats.kserve",
    "python": "opea_nb.formats.comps_python",
    "studio": "opea_nb.formats.studio",
    "mega-yaml": "opea_nb.formats.mega_yaml",
    "mermaid": "opea_nb.formats.mermaid",
    "svg": "opea_nb.formats.svg",
    "png": "opea_nb.formats.png",
}
_LIMIT = 8 << 20  # bytes; a saved canvas of GenAIStudio is the largest of them, each reader has its own limit too

Given = str | bytes | os.PathLike[str]


def names() -> tuple[str, ...]:
    """The names of all formats."""
    return tuple(_HOMES)


def find(name: str) -> Format:
    """The format of that name.

    Raises
    ------
    FormatError
        When there is none.
    """
    if name not in _HOMES:
        near = difflib.get_close_matches(name.lower(), _HOMES, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(_HOMES)}"
        raise FormatError(f"there is no format {name!r}", source="format", hint=hint)
    found: Format = importlib.import_module(_HOMES[name]).FORMAT
    return found


def options(name: str) -> tuple[str, ...]:
    """What `convert` can be told for that format, such as ``accelerator`` or ``namespace``."""
    write = find(name).write
    return () if write is None else tuple(p.name for p in _keywords(write))


def detect(given: Given) -> Format:
    """The format that a file, or a text, is of, by what is in it.

    Parameters
    ----------
    given
        As for `read`.

    Raises
    ------
    FormatError
        When it is none that is known; with line and column where it is no sound YAML or JSON at all.
    """
    text, source = text_of(given)
    return _detected(text, source)


def read(given: Given, format: str = "", *, source: str = "", **options: Any) -> Imported:  # noqa: A002  the reader's word
    """Read a pipeline from a file, or a text, of any format that can be read. Runs nothing, fetches nothing.

    Parameters
    ----------
    given
        A path, or the text itself: bytes, or a string that has a line break or begins like JSON.
    format
        Its name; found out when empty.
    source
        File name for messages about a text; default ``<text>``.
    options
        What the format's reader takes besides: ``name`` of the GMConnector to read, say.

    Returns
    -------
    Imported
        The pipeline, and a note for each loss, each guess and each thing that is kept without being understood.

    Raises
    ------
    FormatError
        When it cannot be read; with line and column.
    """
    text, found_source = text_of(given)
    source = source or found_source
    found = find(format) if format else _detected(text, source)
    if found.read is None:
        raise FormatError(f"{found.title} is written only, not read", source=source, hint=f"read: {_names_of('read')}")
    _check(found.read, options, found.name)
    return found.read(text, source=source, **options)


def convert(given: Pipeline | Given, to: str, *, format: str = "", **options: Any) -> Exported:  # noqa: A002  as in read
    """Write a pipeline, or what a file holds, in another format.

    Parameters
    ----------
    given
        A pipeline, or what `read` takes.
    to
        Name of the format to write.
    format
        Name of the format to read; found out when empty.
    options
        What the written format takes; see `options`.

    Returns
    -------
    Exported
        Files by relative path, and the notes of reading and writing.

    Raises
    ------
    FormatError
        When it cannot be read or written.
    PlanError
        When the format cannot express a service, which it names.
    """
    target = find(to)
    if target.write is None:
        raise FormatError(f"{target.title} is read only, not written", source=to, hint=f"use {_names_of('write')}")
    _check(target.write, options, to)
    if isinstance(given, Pipeline):
        return target.write(given, **options)
    imported = read(given, format)
    written = target.write(imported.pipeline, **options)
    return replace(written, notes=tuple(dict.fromkeys((*imported.notes, *written.notes))))


def text_of(given: Given) -> tuple[str | bytes, str]:
    """The text, and what to call it in messages.

    Raises
    ------
    FormatError
        When the file cannot be read, or is over 8 MiB.
    """
    if isinstance(given, bytes):
        return given, "<text>"
    if isinstance(given, str) and ("\n" in given or "\r" in given or given.lstrip()[:1] in ("", "{", "[")):
        return given, "<text>"
    path = Path(given)
    try:
        with path.open("rb") as file:
            text = file.read(_LIMIT + 1)
    except (OSError, ValueError) as error:  # a ValueError for a name that no file can have
        reason = getattr(error, "strerror", None) or str(error)
        raise FormatError(f"cannot be read: {reason}", source=str(path)[:300], hint="check the path") from error
    if len(text) > _LIMIT:
        raise FormatError(f"more than the {_LIMIT} bytes that are read", source=str(path), hint="is it the right file?")
    return text, str(path)


def _detected(text: str | bytes, source: str) -> Format:
    python = find("python")
    if source.endswith(".py"):
        return python
    fault: FormatError | None = None
    try:
        for data in _documents(text, source):
            for name in _HOMES:
                if (found := find(name)) is not python and found.detect(data):
                    return found
    except FormatError as error:
        fault = error
    plain = text if isinstance(text, str) else text.decode("utf-8", "replace")
    if python.detect(plain):
        return python
    if fault is not None:
        raise fault
    hint = f"it reads {_names_of('read')}"
    raise FormatError("this is of no format that opea_nb knows", source=source, line=1, column=1, hint=hint)


def _documents(text: str | bytes, source: str) -> Iterator[Any]:
    """What is in it, as JSON or as YAML."""
    from opea_nb.formats import json_text, yaml_stream

    start = text.lstrip()[:4]
    start = start if isinstance(start, str) else start.decode("utf-8", "replace")
    if start.removeprefix("\ufeff")[:1] in ("{", "["):
        try:
            yield json_text.load(text, source)
            return
        except FormatError:
            if source.endswith(".json"):
                raise
    for document in yaml_stream.load_all(text, source):
        yield document.data


def _keywords(function: Any) -> list[inspect.Parameter]:
    return [p for p in inspect.signature(function).parameters.values() if p.kind is p.KEYWORD_ONLY]


def _check(function: Any, given: dict[str, Any], name: str) -> None:
    """Refuse an option that the format does not take."""
    taken = [p.name for p in _keywords(function) if p.name != "source"]
    for option in given:
        if option not in taken:
            hint = f"it takes {', '.join(taken)}" if taken else "it takes none"
            raise FormatError(f"the format {name} takes no option {option!r}", source=name, hint=hint)


def _names_of(direction: str) -> str:
    return ", ".join(name for name in _HOMES if getattr(find(name), direction) is not None)
