"""OPEA's example applications as pipelines, ready to change: unified YAML files of this folder.

>>> load("chatqna")
<Pipeline chatqna: 4 services, 3 edges>
>>> describe("chatqna").splitlines()[0]
'ChatQnA: answers questions from documents.'
"""

from __future__ import annotations

import difflib
from importlib.resources import files
from itertools import takewhile

from opea_nb.catalog import Catalog
from opea_nb.errors import FormatError
from opea_nb.formats import unified
from opea_nb.pipeline import Pipeline

__all__ = ["describe", "load", "names", "text"]

_ENDING = ".yaml"


def names() -> tuple[str, ...]:
    """The templates, in alphabetical order."""
    found = (file.name for file in files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(_ENDING) for name in found if name.endswith(_ENDING)))


def text(name: str) -> str:
    """A template as unified YAML, with its comments.

    Raises
    ------
    FormatError
        When there is none of that name.
    """
    known = names()
    if name not in known:
        near = difflib.get_close_matches(name.lower(), known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
        raise FormatError(f"there is no template {name!r}", source="template", hint=hint)
    return (files(__name__) / (name + _ENDING)).read_text("utf-8")


def load(name: str, *, catalog: Catalog | None = None) -> Pipeline:
    """A template as a new pipeline.

    Parameters
    ----------
    catalog
        What kinds there are; the package's own when ``None``.

    Raises
    ------
    FormatError
        As `text`.
    """
    return unified.loads(text(name), f"{name}{_ENDING}", catalog=catalog)


def describe(name: str) -> str:
    """What a template is for (its first line: title and purpose) and how it is asked.

    Raises
    ------
    FormatError
        As `text`.
    """
    comment = takewhile(lambda line: line.startswith("#"), text(name).splitlines())
    return "\n".join(line.removeprefix("#").strip() for line in comment)
