"""Between two services: the code of every port type, and the adapter of an edge, found by its pair of types."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from opea_nb.catalog.model import PortType
from opea_nb.errors import ConnectError, PlanError
from opea_nb.gateway.adapters import chat, documents, embedding, generic, media, multimodal, tasks
from opea_nb.gateway.adapters.port import Build, Call, Facets, NoInput, Port, Read, WrongShape

__all__ = [
    "PORTS",
    "Build",
    "Call",
    "Facets",
    "NoInput",
    "Port",
    "Read",
    "WrongShape",
    "adapter",
    "build_of",
    "read_of",
]

PORTS: dict[str, Port] = {
    **generic.PORTS,
    **embedding.PORTS,
    **documents.PORTS,
    **chat.PORTS,
    **multimodal.PORTS,
    **media.PORTS,
    **tasks.PORTS,
}
"""Port type's name -> its code."""


def build_of(name: str) -> Build:
    """How a request of that type is made.

    Raises
    ------
    PlanError
        When the gateway has no code for it.
    """
    port = PORTS.get(name)
    if port is None or port.build is None:
        raise PlanError(f"the gateway cannot make a {name!r} request", hint="use Json for a contract of your own")
    return port.build


def read_of(name: str) -> Read:
    """How a reply of that type is read.

    Raises
    ------
    PlanError
        When the gateway has no code for it.
    """
    port = PORTS.get(name)
    if port is None or port.read is None:
        raise PlanError(f"the gateway cannot read a {name!r} reply", hint="use Json for a contract of your own")
    return port.read


def adapter(out: PortType, into: PortType, also: Iterable[str] = ("query",)) -> Callable[[Any, Call], Any]:
    """The function from a reply of type `out` to a request of type `into`.

    Parameters
    ----------
    also
        Facets that other steps before gave; every run has its query.

    Raises
    ------
    ConnectError
        When the request needs a facet that is not to be had.

    >>> searched, ranks = PortType("SearchedDoc", gives=("documents",)), PortType("TeiRerankRequest", ("documents",))
    >>> reply = {"retrieved_docs": [{"text": "Paris is in France."}], "initial_query": "Where is Paris?"}
    >>> adapter(searched, ranks)(reply, Call({"query": "Where is Paris?"}, {}))
    {'query': 'Where is Paris?', 'texts': ['Paris is in France.']}
    """
    missing = [facet for facet in into.needs if facet not in (*out.gives, *also)]
    if missing:
        raise ConnectError(
            f"{into.name} needs {', '.join(missing)}, which {out.name} does not give",
            hint="put a service that gives it before this one",
        )
    read, build = read_of(out.name), build_of(into.name)

    def adapt(reply: Any, call: Call) -> Any:
        facets = call.facets | read(reply, call)
        return build(Call(facets, call.parameters, call.stream, call.ancestors))

    return adapt
