"""The catalogue: every component that can be put in a pipeline, found by kind, name or endpoint."""

from __future__ import annotations

import difflib
import functools
import importlib.metadata
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

from opea_nb.catalog.images import bare
from opea_nb.catalog.model import Component, Form, PortType, Role
from opea_nb.catalog.reading import parsed_file, read_data
from opea_nb.errors import CatalogError

ENTRY_POINTS = "opea_nb.catalog"
GENERIC = "service"
_PLATFORM = re.compile(r"[-_](openeuler|openvino|xeon|gaudi|hpu|rocm|cpu|arc)$")

_DATA = Path(__file__).parent / "data"


class Catalog(Mapping[str, Component]):
    """Components by kind, and the port types that they speak.

    >>> catalog = load_catalog()
    >>> catalog["embedding"].port
    6000
    >>> catalog.find(name="retrieval").kind
    'retriever'
    """

    def __init__(
        self,
        components: Iterable[Component],
        types: Iterable[PortType],
        added: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self.added = added
        self._types = {t.name: t for t in types}
        self._components: dict[str, Component] = {}
        self._names: dict[str, str] = {}
        self._endpoints: dict[str, str] = {}
        self._images: dict[str, list[str]] = {}
        self._steps: dict[str, tuple[str, str]] = {}
        self._nodes: dict[str, str] = {}
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
        if component.role == "service" and component.endpoint.strip("/"):
            self._endpoints.setdefault(component.endpoint, component.kind)
        for image in dict.fromkeys(map(bare, (*(f.image for f in component.forms.values()), *component.images))):
            if image:
                self._images.setdefault(image, []).append(component.kind)
        for node in component.studio:
            self._nodes.setdefault(node, component.kind)
        for form in component.forms.values():
            if form.gmc:
                # an engine and the service that calls it directly share their forms: the step is the engine's
                known = self._steps.get(form.gmc)
                if known is None or (component.role == "engine" and self._components[known[0]].role == "service"):
                    self._steps[form.gmc] = (component.kind, form.name)
        if component.gmc:
            plain = next((f.name for f in component.forms.values() if f.image and not f.gmc), "")
            self._steps.setdefault(component.gmc, (component.kind, plain))

    def beyond(self, kinds: Iterable[str]) -> dict[str, Any]:
        """What the given kinds need beyond the package's own catalogue, as `load_catalog` takes it; often nothing."""
        entries = self.added.get("components", {})
        components = {kind: entries[kind] for kind in sorted(set(kinds)) if kind in entries}
        if not components:
            return {}
        spoken = {name for kind in components for name in (self[kind].input, self[kind].output)}
        types = {name: value for name, value in self.added.get("types", {}).items() if name in spoken}
        return {"types": types, "components": components} if types else {"components": components}

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
            close = difflib.get_close_matches(str(kind), [*self._components, *self._names], n=3)
            near = dict.fromkeys(self._names.get(name, name) for name in close)
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

    def find(self, *, name: str = "", endpoint: str = "", image: str = "", role: Role | None = None) -> Component:
        """The component meant by a service of that name (kind or alias), endpoint (path or URL) or container image.

        The image wins where it is a known one (its registry and tag do not matter); of the components that share it,
        the one that name or endpoint speak for, an engine before a service. Otherwise the name wins where it is one,
        as in the RFC's file (``retrieval`` at ``/v1/retrieval``). A service that is neither is a generic one that takes
        and gives JSON.

        Parameters
        ----------
        role
            Only services, or only engines; both when ``None``.

        >>> load_catalog().find(name="tei-reranking-service", image="ghcr.io/huggingface/tei-gaudi:1.5.0").kind
        'tei-rerank'
        """
        path = re.sub(r"^[^/]*://[^/]*", "", endpoint)  # also of what is no URL
        by_name, by_endpoint = self._names.get(name.casefold(), ""), self._endpoints.get(path, "")
        sharing = [c.kind for c in self.by_image(image) if role in (None, c.role)]
        if sharing:
            fitting = [kind for kind in (by_name, by_endpoint) if kind in sharing]
            return self._components[(fitting or sharing)[0]]
        kinds = [k for k in (by_name, by_endpoint) if k and role in (None, self._components[k].role)]
        if len(kinds) == 2 and self._components[by_name].endpoint != path and not self._same_contract(*kinds):
            kinds = [by_endpoint]  # the wire contract is what a step depends on; a name is only a name
        return self._components[kinds[0] if kinds else GENERIC]

    def by_image(self, image: str) -> tuple[Component, ...]:
        """All components that run in a container image, whatever its registry and tag: engines first.

        One that is built for another platform (``opea/vllm-openeuler``) counts as the image that it is built of.
        """
        name = bare(image)
        kinds = self._images.get(name) or self._images.get(_PLATFORM.sub("", name)) or ()
        found = [self._components[kind] for kind in kinds]
        return tuple(sorted(found, key=lambda c: c.role != "engine"))

    def by_gmc(self, step: str) -> Component | None:
        """The component of a GMConnector's step (``Llm``, ``TgiGaudi``), or ``None``."""
        return self._components[self._steps[step][0]] if step in self._steps else None

    def gmc_form(self, step: str) -> Form | None:
        """The form that a GMConnector's step names, or ``None``."""
        kind, form = self._steps.get(step, ("", ""))
        return self._components[kind].forms.get(form) if kind else None

    def by_studio(self, name: str) -> Component | None:
        """The component of a GenAIStudio node (``opea_service@llm_tgi``, also ``opea_service@llm_tgi_0``)."""
        kind = self._nodes.get(name) or self._nodes.get(name.rstrip("0123456789").removesuffix("_"))
        return self._components[kind] if kind else None

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


def load_catalog(*files: str | Path | Mapping[str, Any]) -> Catalog:
    """The package's catalogue, with what installed packages add, then the files of the environment and the given ones.

    A later entry of the same kind replaces an earlier one. A package adds to it with an entry point in the group
    ``opea_nb.catalog`` that names a function without parameters, which returns the path of a catalogue file or the
    file's content as a mapping. ``OPEA_NB_CATALOG`` names files, separated as in ``PATH``.

    Parameters
    ----------
    files
        Paths of catalogue files, or their content.

    Raises
    ------
    CatalogError
        When a file or an entry point cannot be read.
    """
    named = tuple(filter(None, os.environ.get("OPEA_NB_CATALOG", "").split(os.pathsep)))
    return _extended(_built(named), [_content(file) for file in files]) if files else _common(named)


_Content: TypeAlias = tuple[Any, str]  # what a file holds, and what to call it in errors


@functools.cache
def _common(named: tuple[str, ...]) -> Catalog:
    return _built(named)


def _built(named: tuple[str, ...]) -> Catalog:
    own = [read_data(*_content(path)) for path in sorted(_DATA.glob("*.yaml"))]
    catalog = Catalog([c for some, _ in own for c in some], [t for _, some in own for t in some])
    installed = [_from_entry_point(e) for e in importlib.metadata.entry_points(group=ENTRY_POINTS)]
    return _extended(catalog, [*installed, *map(_content, named)])


def _content(file: str | Path | Mapping[str, Any]) -> _Content:
    return (parsed_file(Path(file)), str(file)) if isinstance(file, str | Path) else (file, "<mapping>")


def _extended(catalog: Catalog, contents: Iterable[_Content]) -> Catalog:
    components = dict(catalog)
    types = dict(catalog.port_types)
    added: dict[str, dict[str, Any]] = {key: dict(value) for key, value in catalog.added.items()}
    for data, source in contents:
        some_components, some_types = read_data(data, source)
        components |= {c.kind: c for c in some_components}
        types |= {t.name: t for t in some_types}
        for key, value in (data or {}).items():
            added.setdefault(key, {}).update(value or {})
    return Catalog(components.values(), types.values(), added)


def _from_entry_point(entry: importlib.metadata.EntryPoint) -> _Content:
    where = f"entry point {entry.name} ({entry.value})"
    try:
        value = entry.load()()
    except Exception as error:  # a plug-in may raise anything; the reader needs to know which one it was
        raise CatalogError(f"{where}: {error}", hint="upgrade or uninstall that package") from error
    return _content(value) if isinstance(value, str | Path) else (value, where)
