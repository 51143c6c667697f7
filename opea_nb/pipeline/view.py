"""A networkx graph to be read: it follows the pipeline's, and nothing in it can be set."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

import networkx as nx

from opea_nb.errors import PipelineError

if TYPE_CHECKING:
    Graph = nx.DiGraph[str]


class _Attributes(dict[str, Any]):
    """The attributes of a node or edge: a dict, because networkx copies it as one, but one that is only read."""

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise PipelineError("a pipeline's graph is only read", hint="change the pipeline by its own methods")

    __setitem__ = __delitem__ = __ior__ = update = setdefault = pop = popitem = clear = _refuse

    def __reduce__(self) -> tuple[object, ...]:
        return dict, (dict(self),)


class _Live(Mapping[str, Any]):
    """A mapping that shows another one as it is now, each value in the given form."""

    def __init__(self, shown: Mapping[str, Any], form: Callable[[Any], Any]) -> None:
        self._shown, self._form = shown, form

    def __getitem__(self, key: str) -> Any:
        return self._form(self._shown[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._shown)

    def __len__(self) -> int:
        return len(self._shown)

    def copy(self) -> dict[str, Any]:
        """What it shows now; networkx asks for it."""
        return dict(self)


def _neighbours(shown: Mapping[str, Any]) -> _Live:
    return _Live(shown, _Attributes)


def read_only(graph: Graph) -> Graph:
    """A live view of a graph that refuses every change: of its nodes and edges, and of their attributes.

    >>> graph = nx.DiGraph([("a", "b")])
    >>> view = read_only(graph)
    >>> view.nodes["a"]["colour"] = "red"
    Traceback (most recent call last):
    opea_nb.errors.PipelineError: a pipeline's graph is only read
      → change the pipeline by its own methods
    >>> graph.add_edge("b", "c")
    >>> list(view)
    ['a', 'b', 'c']
    """
    view: Graph = nx.DiGraph()
    nx.freeze(view)
    shown: Any = graph  # the stub does not tell where a graph keeps its parts
    parts = {
        "graph": {key: dict(value) if isinstance(value, dict) else value for key, value in graph.graph.items()},
        "_node": _Live(shown._node, _Attributes),
        "_adj": _Live(shown._adj, _neighbours),
        "_pred": _Live(shown._pred, _neighbours),
    }
    for name, part in parts.items():
        setattr(view, name, part)
    return view
