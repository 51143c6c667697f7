"""What the code of a port type is: a request made of facets, and facets read from a reply."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from opea_nb.errors import RunError

__all__ = ["Build", "Call", "Facets", "NoInput", "Port", "Read", "WrongShape", "documents_of", "spoken", "texts_of"]

Facets = dict[str, Any]
"""What a run knows so far: ``query``, ``messages``, ``embedding``, ``documents`` (objects with ``text``), ``answer``,
``verdict``, ``audio`` and ``image`` (base64), ``video``, ``json``, and ``body``, the client's own JSON. Where branches
meet, ``branches`` has what each knew."""

_NO_OUTPUTS: Mapping[str, Facets] = MappingProxyType({})


class NoInput(RunError):
    """The client's request lacks what a step is asked with, and no step before it gave it."""


class WrongShape(Exception):
    """A reply that is not what its port type says.

    Parameters
    ----------
    reason
        What is missing.
    status, body
        The reply, where whoever catches this does not have it.
    """

    def __init__(self, reason: str, body: bytes = b"", *, status: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.body = body


@dataclass(slots=True)
class Call:
    """One call of a service.

    Parameters
    ----------
    facets
        What its ancestors gave.
    parameters
        The service's parameters for this request, ``None`` left out.
    stream
        Whether the reply is wanted in parts.
    ancestors
        Name of each step before it -> the facets that it gave itself.
    """

    facets: Facets
    parameters: Mapping[str, Any]
    stream: bool = False
    ancestors: Mapping[str, Facets] = field(default_factory=lambda: _NO_OUTPUTS)


Build = Callable[[Call], Any]
Read = Callable[[Any, Call], Facets]


@dataclass(frozen=True, slots=True)
class Port:
    """A port type's code.

    Parameters
    ----------
    build
        The JSON to send; ``None`` for a type that no request has.
    read
        Facets of the JSON that came back, given the call it answers; ``None`` for a type that no reply has.
    form
        Whether what `build` gives is sent as the fields of a form instead of as JSON.
    raw
        Whether `read` takes the reply's bytes instead of its JSON.
    address
        Whether what `build` gives is sent in the address, after ``?``, with an empty body.
    """

    build: Build | None = None
    read: Read | None = None
    form: bool = False
    raw: bool = False
    address: bool = False


def documents_of(value: Any, key: str) -> list[dict[str, Any]]:
    """Documents out of a list of texts or of objects with ``text``.

    Raises
    ------
    WrongShape
        When it is no such list.
    """
    if not isinstance(value, list):
        raise WrongShape(f"{key} is no list")
    documents = []
    for i, item in enumerate(value):
        if isinstance(item, str):
            documents.append({"text": item})
        elif isinstance(item, dict) and isinstance(item.get("text"), str):
            documents.append(item)
        else:
            raise WrongShape(f"{key}[{i}] has no text")
    return documents


def texts_of(facets: Facets) -> list[str]:
    """The documents' texts."""
    return [d["text"] for d in facets.get("documents", ())]


def spoken(facets: Facets) -> str:
    """The latest words: the answer when there is one, else the question."""
    return str(facets.get("answer", facets["query"]))
