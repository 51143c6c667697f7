"""Services that share a store: what one writes (dataprep) another finds (retriever), so they must agree on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from opea_nb.catalog import Catalog, Component, Form
from opea_nb.pipeline.edit import specs
from opea_nb.pipeline.spec import Service

if TYPE_CHECKING:
    import networkx as nx

    Graph = nx.DiGraph[str]

_PLACEHOLDER = "{index:"
INDEX = "index_name"
"""The parameter that names the index of a store."""


@dataclass(frozen=True, slots=True)
class Store:
    """What is known of the store of a service; empty where the pipeline does not say.

    Parameters
    ----------
    form
        Name of the form that it is told to run in.
    kind
        Kind of the engine that keeps the store; the form's name where none does.
    engine
        Name of the drawn engine that keeps it.
    index
        Name of the index.
    """

    form: str = ""
    kind: str = ""
    engine: str = ""
    index: str = ""

    def fits(self, other: Store) -> bool:
        """Whether nothing that both know differs."""
        pairs = ((self.kind, other.kind), (self.engine, other.engine), (self.index, other.index))
        return all(a == b for a, b in pairs if a and b)

    def completed(self, other: Store) -> Store:
        """The same, with what only the other knows."""
        return Store(
            self.form or other.form, self.kind or other.kind, self.engine or other.engine, self.index or other.index
        )


def keeps_data(catalog: Catalog, kind: str) -> bool:
    """Whether an engine keeps data; the others serve a model."""
    return kind in catalog and catalog[kind].role == "engine" and catalog[kind].parameter("model") is None


def told(graph: Graph, catalog: Catalog, name: str) -> Store:
    """What the pipeline says itself about the store of a service: its form, a drawn engine, an index."""
    service = graph.nodes[name]["spec"]
    component = catalog[service.kind]
    index = str(service.parameters.get(INDEX) or "") or next(
        (service.environment[key] for key in index_variables(component) if service.environment.get(key)), ""
    )
    used = sorted(n for n in graph.successors(name) if graph.edges[name, n]["kind"] == "uses")
    engines = [n for n in used if keeps_data(catalog, graph.nodes[n]["kind"])]
    stores = {keeper(form, catalog) for form in component.forms.values()}
    engines.sort(key=lambda n: graph.nodes[n]["kind"] not in stores)  # a store may have stores of its own beside it
    only = next(iter(component.forms)) if len(component.forms) == 1 else ""
    running = service.form or only
    form = component.forms.get(running)
    kind = "" if form is None else keeper(form, catalog)
    if engines:
        return Store(running, graph.nodes[engines[0]]["kind"], engines[0], index)
    return Store(running, kind, "", index)


def agreed(graph: Graph, catalog: Catalog, name: str) -> Store:
    """The store of a service: what it is told, completed by what those that share it are told.

    Of several that share it, one that does the other half of the work (dataprep for a retriever) is heard first.
    """
    mine = told(graph, catalog, name)
    own = catalog[graph.nodes[name]["kind"]]
    for other in _sharers(_stores(graph, catalog), catalog, graph, name):
        theirs = told(graph, catalog, other)
        if not mine.fits(theirs):
            continue
        same = own.forms.keys() >= {theirs.form}
        mine = mine.completed(theirs if same else replace(theirs, form=""))
    return mine


def apart(graph: Graph, catalog: Catalog) -> Iterator[tuple[str, str, str]]:
    """Services that look where nothing is written: name, one that writes, and what differs, in words."""
    for names in _stores(graph, catalog).values():
        kinds = {name: catalog[graph.nodes[name]["kind"]] for name in sorted(names)}
        stores = {name: told(graph, catalog, name) for name in kinds}
        writers = [name for name in kinds if kinds[name].flow]
        for name, mine in stores.items():
            if name in writers or not writers:
                continue
            theirs = {w: stores[w] for w in writers if _can_keep(kinds[w], mine, catalog)}
            if not theirs:
                yield name, writers[0], f"{mine.kind!r}, which {writers[0]} has no form for"
            elif not any(mine.fits(store) for store in theirs.values()):
                writer, store = next(iter(theirs.items()))
                yield name, writer, _difference(mine, store)


def keeper(form: Form, catalog: Catalog) -> str:
    """Kind of the engine that keeps the store of a form; the form's own name where none does."""
    return next((k for k in form.engines if keeps_data(catalog, k)), form.name)


def _can_keep(component: Component, store: Store, catalog: Catalog) -> bool:
    return not store.kind or any(keeper(form, catalog) == store.kind for form in component.forms.values())


def _difference(a: Store, b: Store) -> str:
    for what, one, other in (("", a.kind, b.kind), ("", a.engine, b.engine), ("the index ", a.index, b.index)):
        if one and other and one != other:
            return f"{what}{one!r} and {what}{other!r}"
    return ""


def _sharers(stores: Mapping[str, list[str]], catalog: Catalog, graph: Graph, name: str) -> list[str]:
    """The other services that share the store of one, those that do the other half of the work first."""
    component = catalog[graph.nodes[name]["kind"]]
    others = [n for n in stores.get(component.shares, ()) if n != name]
    return sorted(others, key=lambda n: (bool(catalog[graph.nodes[n]["kind"]].flow) == bool(component.flow), n))


def _stores(graph: Graph, catalog: Catalog) -> dict[str, list[str]]:
    """The services that are deployed and share a store, by what the store is called."""
    found: dict[str, list[str]] = {}
    for name, node in specs(graph).items():
        if isinstance(node, Service) and not node.url and node.kind in catalog and catalog[node.kind].shares:
            found.setdefault(catalog[node.kind].shares, []).append(name)
    return found


def index_variables(component: Component) -> list[str]:
    """Variables that hold the index, in any of the component's forms."""
    found = (k for form in component.forms.values() for k, v in form.environment.items() if v.startswith(_PLACEHOLDER))
    return list(dict.fromkeys(found))
