"""Which components of the catalogue a search means, the likeliest first, and under which headings they stand."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

import networkx as nx

from opea_nb.catalog import Catalog, Component, load_catalog
from opea_nb.formats.picture import HUES

__all__ = ["MINE", "found", "grouped"]

MINE = "My components"
_LAST = (MINE, "Engines")


def found(catalog: Catalog, search: str) -> tuple[str, ...]:
    """The kinds that have every word of a search, best match first.

    >>> found(load_catalog(), "llm")[:2], found(load_catalog(), "rerank tei")[0], found(load_catalog(), "no such thing")
    (('llm', 'llm-vllm'), 'reranking-tei', ())
    """
    words = search.casefold().split()
    ranked: list[tuple[int, int, str]] = []
    for kind, component in catalog.items():
        ranks = [rank for word in words if (rank := _rank(component, word)) is not None]
        if len(ranks) == len(words):
            ranked.append((sum(ranks), len(ranked), kind))
    return tuple(kind for _, _, kind in sorted(ranked))


def grouped(catalog: Catalog) -> dict[str, list[Component]]:
    """The components by the heading they stand under: kinds of services, those that are not the package's own, engines.

    >>> list(grouped(load_catalog()))[-2:]
    ['My components', 'Engines']
    >>> [component.kind for component in grouped(load_catalog())["Text"]][:4]
    ['embedding', 'retriever', 'reranking', 'llm']
    """
    groups: dict[str, list[Component]] = {name: [] for name in HUES if name not in ("Custom", *_LAST)}
    for component in catalog.values():
        groups.setdefault(_group(component), []).append(component)
    names = sorted(groups, key=lambda name: (name in _LAST, name == _LAST[-1]))
    return {name: _as_used(groups[name]) for name in names if groups[name]}


def _as_used(components: Sequence[Component]) -> list[Component]:
    """What needs nothing but this package first, and behind each what usually follows it in a pipeline."""
    there = {component.kind: component for component in components}
    usual: nx.DiGraph[str] = nx.DiGraph()
    usual.add_nodes_from(there)
    usual.add_edges_from((component.kind, kind) for component in components for kind in component.then if kind in there)
    first = sorted(there, key=lambda kind: "embedded" not in there[kind].forms)
    ordered = dict.fromkeys(kind for one in first for kind in nx.dfs_preorder_nodes(usual, one))
    return [there[kind] for kind in ordered]


def _group(component: Component) -> str:
    own = _own().get(component.kind) == component
    if not own or component.group not in HUES or component.group == "Custom":
        return MINE
    return "Engines" if component.role == "engine" else component.group


@functools.cache
def _own() -> Mapping[str, Component]:
    return dict(load_catalog())


def _rank(component: Component, word: str) -> int | None:
    """How far a word is from naming the component, from 0; ``None`` when it does not."""
    kind, title = component.kind.casefold(), component.title.casefold()
    if word in (kind, title, *(a.casefold() for a in component.aliases)):
        return 0
    if kind.startswith(word) or title.startswith(word):
        return 1
    parts = [*kind.replace("-", " ").split(), *title.replace("(", " ").split()]
    if any(part.startswith(word) for part in parts):
        return 2
    if word in kind or word in title or any(word in alias.casefold() for alias in component.aliases):
        return 3
    if word in component.group.casefold():
        return 5
    return 8 if word in component.help.casefold() else None
