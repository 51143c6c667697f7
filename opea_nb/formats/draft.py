"""A pipeline in the making, out of a file of another format: what does not fit is noted, not fatal."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import networkx as nx

from opea_nb.catalog import GENERIC, Catalog, Component, Parameter
from opea_nb.catalog.values import check_parameters
from opea_nb.errors import CatalogError, FormatError, PipelineError
from opea_nb.formats.conversion import Imported, Note
from opea_nb.formats.yaml_text import Path
from opea_nb.pipeline import MAIN, Engine, Flow, MegaService, Pipeline, Service
from opea_nb.pipeline.names import name_fault
from opea_nb.pipeline.secrets import is_secret

if TYPE_CHECKING:
    Graph = nx.DiGraph[str]

_USER_IN_URL = re.compile(r"(?<=://)[^/@\s:]*:[^/@\s]*(?=@)")
_DEPTH = 32
# More is no pipeline that a human drew; looking for circles takes time that grows with the square.
_NODES, _EDGES = 1000, 4000


def without_secrets(value: Any) -> Any:
    """A copy of any data without secrets' values, and without what YAML cannot carry.

    >>> without_secrets({"HF_TOKEN": "hf_1", "A": ["PASSWORD=x", "b"], "url": "redis://u:p@h"})
    {'HF_TOKEN': '${HF_TOKEN}', 'A': ['PASSWORD=${PASSWORD}', 'b'], 'url': 'redis://***@h'}
    """
    return _plain(value, _DEPTH)


def _plain(value: Any, depth: int) -> Any:
    if not depth:
        return "…"
    if isinstance(value, Mapping):
        found: dict[str, Any] = {}
        for key, inner in value.items():
            name = clean(str(key))
            scalar = isinstance(inner, str | int | float) and not isinstance(inner, bool)
            secret = scalar and inner != "" and is_secret(name) and not _is_reference(inner)
            found[name] = f"${{{name}}}" if secret else _plain(inner, depth - 1)
        return found
    if isinstance(value, list | tuple):
        return [_plain(inner, depth - 1) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    text = _USER_IN_URL.sub("***", clean(str(value)))
    name, equals, rest = text.partition("=")
    if equals and re.fullmatch(r"[\w.-]+", name) and rest and is_secret(name) and not _is_reference(rest):
        return f"{name}=${{{name}}}"
    return text


def _is_reference(value: Any) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"\$\{?\w+\}?", value))


def clean(text: str) -> str:
    """Text without the characters that YAML cannot carry."""
    return re.sub("[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)


def pipeline_name(*wanted: str) -> str:
    """The first of the wanted texts that makes a pipeline's name, made to fit."""
    for text in wanted:
        name = re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-_")[:63]
        if re.match(r"[A-Za-z0-9]", name):
            return name
    return "pipeline"


@dataclass(slots=True)
class Draft:
    """Services, engines and edges that were found so far, and the notes on them.

    Parameters
    ----------
    catalog
        What kinds there are.
    source
        File name for messages.
    place
        Line and column of what stands at a path in the file, for errors.
    """

    catalog: Catalog
    source: str = "<text>"
    place: Callable[[Path], tuple[int, int]] = lambda _: (1, 1)
    notes: list[Note] = field(default_factory=list)
    graph: Graph = field(default_factory=nx.DiGraph)
    flows: dict[str, Flow] = field(default_factory=lambda: {MAIN: Flow(MAIN)})
    ports: set[int] = field(default_factory=set)
    told: set[Note] = field(default_factory=set)
    inside: dict[str, Graph] = field(default_factory=dict)
    edges: int = 0

    def note(self, kind: Literal["lost", "kept", "inferred"], item: str, reason: str, where: str = "") -> None:
        """Add a note, once."""
        note = Note(kind, clean(item), clean(reason), clean(where))
        if note not in self.told:
            self.told.add(note)
            self.notes.append(note)

    def error(self, message: str, hint: str = "", path: Path = ()) -> FormatError:
        """An error about what stands at a path, about all of it when that is empty."""
        line, column = self.place(path)
        return FormatError(message, source=self.source, line=line, column=column, hint=hint)

    def free_name(self, wanted: str) -> str:
        """The wanted name, as a pipeline can carry it and as nothing else here is called."""
        if len(self.graph) >= _NODES:
            raise self.error(f"more than {_NODES} services", "is it the right file?")
        base = re.sub(r"[,()>→⇒»]", "-", clean(wanted).strip()) or "service"
        base = "".join(c if c.isprintable() else "-" for c in base)[:90]
        if name_fault(base):
            base = "service"
        name, number = base, 2
        while name in self.graph:
            name, number = f"{base}_{number}", number + 1
        if name != wanted:
            self.note("inferred", wanted, f"is called {name} here")
        return name

    def service(
        self,
        name: str,
        kind: str,
        *,
        flows: Iterable[str] = (),
        parameters: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> str:
        """Add a service; gives its name. Fields as in `Service`; no flows: the component's own, else the main one."""
        component = self._component(name, kind, "service")
        name = self.free_name(name)
        where = tuple(dict.fromkeys(flows)) or (component.flow or MAIN,)
        for flow in where:
            self.flow(flow)
        good, extra = self._parameters(name, component, parameters or {})
        fields = {k: v for k, v in more.items() if v}
        if kept := {**fields.pop("extra", {}), **({"other_parameters": extra} if extra else {})}:
            fields["extra"] = without_secrets(kept)
        fields["environment"] = self._environment(name, fields.get("environment", {}))
        if fields.get("endpoint") == component.endpoint:
            del fields["endpoint"]
        if not fields.get("url"):
            fields["port"] = self._port(name, fields.get("port", 0), component)
        spec = Service(name, component.kind, parameters=good, **fields)
        self.graph.add_node(name, spec=spec, flows=where)
        return name

    def engine(self, name: str, kind: str, *, parameters: Mapping[str, Any] | None = None, **more: Any) -> str:
        """Add an engine; gives its name. Fields as in `Engine`."""
        component = self._component(name, kind, "engine")
        name = self.free_name(name)
        good, extra = self._parameters(name, component, parameters or {})
        fields = {k: v for k, v in more.items() if v}
        if kept := {**fields.pop("extra", {}), **({"other_parameters": extra} if extra else {})}:
            fields["extra"] = without_secrets(kept)
        fields["environment"] = self._environment(name, fields.get("environment", {}))
        if fields.get("port") == component.port:
            del fields["port"]
        self.graph.add_node(name, spec=Engine(name, component.kind, parameters=good, **fields), flows=())
        return name

    def flow(self, name: str, endpoint: str = "") -> None:
        """Have a named flow."""
        if name not in self.flows:
            self.flows[name] = Flow(name, endpoint)

    def edge(self, source: str, target: str, flow: str = MAIN, where: str = "") -> bool:
        """Draw a flow edge, unless it would close a circle: that is noted. Tells whether it is there now."""
        for name in (source, target):
            data = self.graph.nodes[name]
            if flow not in data["flows"]:
                data["flows"] = (*data["flows"], flow)
        flows = self.graph.edges[source, target]["flows"] if self.graph.has_edge(source, target) else ()
        if flow in flows:
            return True
        self.edges += 1
        if self.edges > _EDGES:
            raise self.error(f"more than {_EDGES} edges", "is it the right file?")
        inside = self.inside.setdefault(flow, nx.DiGraph())
        inside.add_nodes_from((source, target))
        if nx.has_path(inside, target, source):
            self.note("lost", f"{source} >> {target}", "it closes a circle, which a flow cannot have", where)
            return False
        inside.add_edge(source, target)
        self.graph.add_edge(source, target, flows=(*flows, flow))
        return True

    def use(self, service: str, engine: str) -> None:
        """Let a service use an engine."""
        self.graph.add_edge(service, engine)

    def finish(
        self, name: str, *, port: int = 0, endpoint: str = "", document_extra: Mapping[str, Any] | None = None
    ) -> Imported:
        """The pipeline, and all notes."""
        extra = without_secrets(document_extra or {})
        fields: dict[str, Any] = {"port": port} if 0 < port < 65536 else {}
        endpoint = endpoint if re.fullmatch(r"/[^\s?#]*", endpoint) else ""
        name = pipeline_name(name)
        if endpoint == f"/v1/{name}":
            endpoint = ""
        mega = MegaService(name, endpoint=endpoint, document_extra=extra, **fields)
        self._leave(mega.port)
        self.graph.graph["mega"] = mega
        self.graph.graph["flows"] = {
            name: replace(flow, endpoint="") if flow.endpoint == mega.path_of(replace(flow, endpoint="")) else flow
            for name, flow in self.flows.items()
        }
        try:
            pipeline = Pipeline.from_networkx(self.graph, catalog=self.catalog)
        except PipelineError as error:
            raise self.error(error.message, error.hint) from error
        return Imported(pipeline, tuple(self.notes))

    def _component(self, name: str, kind: str, role: str) -> Component:
        component = self.catalog.get(kind)
        if component is None or component.role != role:
            if role == "engine":
                raise self.error(f"the catalogue has no engine {kind!r}, which {name} is")
            self.note("inferred", name, f"the catalogue has no service {kind!r}: taken as a service of JSON")
            component = self.catalog[GENERIC]
        return component

    def _port(self, name: str, wanted: int, component: Component) -> int:
        port = wanted or component.port
        given = port
        while port in self.ports and port < 65535:
            port += 1
        if port != given and wanted:
            self.note("inferred", name, f"port {given} is taken by another: {port} instead")
        self.ports.add(port)
        return 0 if port == component.port else port

    def _leave(self, port: int) -> None:
        """Another port for the service that has the mega service's."""
        for name, node in self.graph.nodes(data="spec"):
            if isinstance(node, Service) and not node.url and (node.port or self.catalog[node.kind].port) == port:
                free = self._port(name, port, self.catalog[node.kind])
                self.graph.nodes[name]["spec"] = replace(node, port=free)

    def _environment(self, name: str, given: Mapping[str, str]) -> dict[str, str]:
        """The variables; a secret's value is not read."""
        found: dict[str, str] = {}
        for key, value in given.items():
            if not key or "=" in key or clean(key) != key:
                self.note("lost", f"{name}: {key}", "is no name of a variable")
                continue
            found[key] = without_secrets({key: str(value)})[key]
            if found[key] != value:
                self.note("lost", f"{name}: {key}", f"a secret's value is not read: set {key} where you deploy")
        return found

    def _parameters(
        self, name: str, component: Component, given: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Those that the component takes, and the others."""
        good: dict[str, Any] = {}
        left: dict[str, Any] = {}
        for key, value in given.items():
            parameter = component.parameter(key)
            if parameter is None and component.parameters:
                left[key] = value
                without = "" if without_secrets(value) == value else ", without the secret in it"
                reason = f"{component.kind} has no such parameter: kept under `other_parameters`{without}"
                self.note("kept", f"{name}.{key}", reason)
                continue
            try:
                found = check_parameters(component, {key: fitted(parameter, value)})
            except CatalogError as error:
                left[key] = value
                self.note("kept", f"{name}.{key}", f"{error.message}: kept, not sent")
                continue
            if parameter is None or found[key] != parameter.default:
                good |= without_secrets(found)
        return good, left


def fitted(parameter: Parameter | None, value: Any) -> Any:
    """A value that was written as text, as what the parameter wants, where it is that.

    >>> fitted(Parameter("top_n", "integer"), "3"), fitted(Parameter("k", "integer"), 4.0)
    (3, 4)
    """
    if parameter is None:
        return value
    if isinstance(value, str) and len(value) < 40:
        text = value.strip()
        if parameter.type in ("integer", "number") and re.fullmatch(r"[+-]?\d+", text):
            return int(text)
        if parameter.type == "number" and re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text):
            return float(text)
        if parameter.type == "boolean" and text.lower() in ("true", "false"):
            return text.lower() == "true"
    if parameter.type == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    return value
