"""The catalogue: every component that can be put in a pipeline, found by kind, name or endpoint."""

from __future__ import annotations

import difflib
import functools
import importlib.metadata
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from opea_nb.catalog.model import Component, PortType
from opea_nb.catalog.reading import read_data, read_file
from opea_nb.errors import CatalogError

ENTRY_POINTS = "opea_nb.catalog"
GENERIC = "service"

_DATA = Path(__file__).parent / "data"


class Catalog(Mapping[str, Component]):
    """Components by kind, and the port types that they speak.

    >>> catalog = load_catalog()
    >>> catalog["embedding"].port
    6000
    >>> catalog.find(name="retrieval").kind
    'retriever'
    """

    def __init__(self, components: Iterable[Component], types: Iterable[PortType]) -> None:
        self._types = {t.name: t for t in types}
        self._components: dict[str, Component] = {}
        self._names: dict[str, str] = {}
        self._endpoints: dict[str, str] = {}
        for component in components:
            self._take(component)

    def _take(self, component: Component) -> None:
        for port_type in (component.input, component.output):
            if port_type and port_type not in self._types:
                raise CatalogError(
                    f"component {component.kind!r} speaks {port_type!r}, which is no known port type",
                    hint=f"add it under types:, or use one of {', '.join(sorted(self._types))}",
                )
        self._components[component.kind] = component
        for name in (component.kind, *component.aliases):
            self._names.setdefault(name.casefold(), component.kind)
        if component.role == "service" and component.endpoint and component.kind != GENERIC:
            self._endpoints.setdefault(component.endpoint, component.kind)

    def component(self, kind: str) -> Component:
        """The component of that kind.

        Raises
        ------
        CatalogError
            When there is none; names the nearest ones.
        """
        try:
            return self._components[kind]
        except KeyError:
            near = difflib.get_close_matches(kind, [*self._components, *self._names], n=3)
            hint = (
                f"did you mean {' or '.join(near)}?" if near else f"known kinds: {', '.join(sorted(self._components))}"
            )
            raise CatalogError(f"no component {kind!r} in the catalogue", hint=hint) from None

    def port_type(self, name: str) -> PortType:
        """The port type of that name.

        Raises
        ------
        CatalogError
            When there is none.
        """
        try:
            return self._types[name]
        except KeyError:
            raise CatalogError(f"no port type {name!r}", hint=f"known: {', '.join(sorted(self._types))}") from None

    @property
    def port_types(self) -> Mapping[str, PortType]:
        """All port types by name."""
        return self._types

    def find(self, *, name: str = "", endpoint: str = "") -> Component:
        """The component meant by a service of that name (kind or alias) or endpoint (path or URL).

        The name wins where it is one, as in the RFC's file (``retrieval`` at ``/v1/retrieval``). A service that is
        neither is a generic one that takes and gives JSON.
        """
        path = urlsplit(endpoint).path if "://" in endpoint else endpoint
        by_name = self._names.get(name.casefold(), "")
        by_endpoint = self._endpoints.get(path, "")
        if by_name and by_endpoint and not self._same_contract(by_name, by_endpoint):
            by_name = ""  # the wire contract is what a step depends on; a name is only a name
        return self._components[by_name or by_endpoint or GENERIC]

    def _same_contract(self, one: str, other: str) -> bool:
        a, b = self._components[one], self._components[other]
        return (a.input, a.output) == (b.input, b.output)

    def __getitem__(self, kind: str) -> Component:
        return self._components[kind]

    def __iter__(self) -> Iterator[str]:
        return iter(self._components)

    def __len__(self) -> int:
        return len(self._components)

    def __repr__(self) -> str:
        return f"<Catalog of {len(self)} components>"


def load_catalog(*files: str | Path) -> Catalog:
    """The package's catalogue, with what installed packages add and then the given files.

    A later entry of the same kind replaces an earlier one. A package adds to it with an entry point in the group
    ``opea_nb.catalog`` that names a function without parameters, which returns the path of a catalogue file or the
    file's content as a mapping.

    Raises
    ------
    CatalogError
        When a file or an entry point cannot be read.
    """
    return _load(tuple(Path(f) for f in files)) if files else _default()


@functools.cache
def _default() -> Catalog:
    return _load(())


def _load(files: tuple[Path, ...]) -> Catalog:
    components: dict[str, Component] = {}
    types: dict[str, PortType] = {}
    parts = [read_file(path) for path in sorted(_DATA.glob("*.yaml"))]
    parts += [_from_entry_point(e) for e in importlib.metadata.entry_points(group=ENTRY_POINTS)]
    parts += [read_file(path) for path in files]
    for some_components, some_types in parts:
        components |= {c.kind: c for c in some_components}
        types |= {t.name: t for t in some_types}
    return Catalog(components.values(), types.values())


def _from_entry_point(entry: importlib.metadata.EntryPoint) -> tuple[list[Component], list[PortType]]:
    where = f"entry point {entry.name} ({entry.value})"
    try:
        value = entry.load()()
    except Exception as error:  # a plug-in may raise anything; the reader needs to know which one it was
        raise CatalogError(f"{where}: {error}", hint="upgrade or uninstall that package") from error
    return read_file(Path(value)) if isinstance(value, (str, Path)) else read_data(value, where)
