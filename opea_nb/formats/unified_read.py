"""A YAML document of the unified form becomes a pipeline."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import networkx as nx

from opea_nb.catalog import GENERIC, Catalog, Component
from opea_nb.errors import FormatError, PipelineError
from opea_nb.formats.mega_flow import MegaFlow, Rule, parse
from opea_nb.formats.unified_canvas import CANVAS_KEYS, read_canvas
from opea_nb.formats.unified_fields import Fields, near
from opea_nb.formats.yaml_text import Document, Path, Value
from opea_nb.pipeline import MAIN, Engine, Flow, MegaService, Pipeline, Service, when
from opea_nb.pipeline.names import check_name, check_pipeline_name

if TYPE_CHECKING:
    Graph = nx.DiGraph[str]

SERVICES, ENGINES, MEGA, OWN = "opea_micro_services", "opea_engines", "opea_mega_service", "opea_nb"
TOP_KEYS = (SERVICES, ENGINES, MEGA, OWN)
MEGA_KEYS = ("name", "port", "endpoint", "mega_flow")
FLOW_KEYS = ("endpoint", "mega_flow")
ENGINE_KEYS = ("kind", "url", "port", "image", "form", "environment", "parameters", "replicas", "resources")
SERVICE_KEYS = ("endpoint", *(key for key in ENGINE_KEYS if key != "url"), "engines", "api_key")


def read(document: Document, catalog: Catalog, name: str = "", stem: str = "") -> Pipeline:
    """The pipeline that a document describes.

    Parameters
    ----------
    name
        Its name whatever the document says; empty to take the document's.
    stem
        Its name where nothing else tells one.

    Raises
    ------
    FormatError
        As `opea_nb.formats.unified.loads` tells.
    """
    if not isinstance(document.data, dict):
        raise document.error("this is no unified YAML", hint=f"it begins with `{SERVICES}:` and `{MEGA}:`")
    top = Fields(document, (), document.data, "the file")
    for key in (SERVICES, MEGA):
        if key in document.data and document.data[key] is None:
            raise top.error(f"`{key}` is empty", key, "write its entries under it, or `{}`", of_key=True)
        if key not in document.data:
            others = [str(k) for k in document.data if k not in TOP_KEYS]
            close = difflib.get_close_matches(key, others, n=1)
            raise top.error(f"`{key}` is missing", hint=f"is `{close[0]}` a misspelling?" if close else f"add `{key}:`")
    graph: Graph = nx.DiGraph()
    engines = _engines(top.at(ENGINES), catalog, graph)
    services = top.at(SERVICES)
    for service in services.names("service name"):
        _service(services, service, catalog, graph, engines)
    mega = top.at(MEGA)
    _refuse_port_clash(services, mega.port(MegaService("x").port))
    own = top.at(OWN)
    rest = top.rest(TOP_KEYS)
    if kept := own.rest(CANVAS_KEYS):
        rest[OWN] = kept
    graph.graph["mega"] = _mega(mega, name, stem, rest)
    _Flows(mega, services, graph).read()
    read_canvas(own, graph)
    try:
        return Pipeline.from_networkx(graph, catalog=catalog)
    except PipelineError as error:
        raise FormatError(error.message, source=document.source, hint=error.hint) from error


def found_kind(catalog: Catalog, name: str, endpoint: str) -> str:
    """The kind of a service whose entry does not tell: by its name, else its endpoint, else a generic one."""
    component = catalog.find(name=name, endpoint=endpoint)
    return component.kind if component.role == "service" else GENERIC


def _engines(entries: Fields, catalog: Catalog, graph: Graph) -> frozenset[str]:
    for name in entries.names("engine name"):
        _check(entries, name, "engine")
        entry = entries.at(name, f"engine {name}")
        kind = entry.text("kind") or catalog.find(name=name).kind
        component = _component(entry, kind, catalog, "engine")
        node = Engine(name, kind, url=entry.url("url"), **_common(entry, component), extra=entry.rest(ENGINE_KEYS))
        graph.add_node(name, spec=node, flows=())
    return frozenset(graph)


def _service(entries: Fields, name: str, catalog: Catalog, graph: Graph, engines: frozenset[str]) -> None:
    _check(entries, name, "service")
    if name in engines:
        raise entries.error(f"`{name}` is an engine and a service", name, "rename one of them", of_key=True)
    entry = entries.at(name, f"service {name}")
    if "url" in entry.data:
        raise entry.error(
            f"{entry.what}: `url` has no meaning here", "url", "write the absolute URL as its `endpoint`", of_key=True
        )
    url = entry.url("endpoint") if "://" in entry.text("endpoint") else ""
    endpoint = "" if url else entry.path_of_url()
    kind = entry.text("kind") or found_kind(catalog, name, url or endpoint)
    if "endpoint" not in entry.data and kind == GENERIC:
        raise entry.error(f"{entry.what} has no endpoint", hint="add `endpoint: /v1/…`, or a `kind`")
    component = _component(entry, kind, catalog, "service")
    key = entry.text("api_key")
    if key and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key):
        hint = "put the key into an environment variable and write the variable's name here"
        raise entry.error(f"{entry.what}: api_key is no name of a variable", "api_key", hint)
    common = _common(entry, component)
    if not url and common["port"] == component.port:
        common["port"] = 0
    _check_condition(entry)
    node = Service(
        name,
        kind,
        endpoint="" if endpoint == component.endpoint else endpoint,
        url=url,
        api_key=key,
        **common,
        extra=entry.rest(SERVICE_KEYS),
    )
    graph.add_node(name, spec=node, flows=())
    graph.add_edges_from((name, engine) for engine in entry.list_of_names("engines", engines, "engine"))


def _component(entry: Fields, kind: str, catalog: Catalog, role: str) -> Component:
    kinds = [k for k, component in catalog.items() if component.role == role]
    if kind not in kinds:
        hint = near(kind, kinds) or f"kinds: {', '.join(kinds)}; or load the catalogue file that has it"
        where = "kind" if "kind" in entry.data else None
        raise entry.error(f"{entry.what}: the catalogue has no {role} of kind `{kind}`", where, hint)
    return catalog[kind]


def _common(entry: Fields, component: Component) -> dict[str, Any]:
    form = entry.text("form")
    if form and form not in component.forms:
        hint = near(form, component.forms) or f"forms: {', '.join(component.forms) or 'none'}"
        raise entry.error(f"{entry.what}: {component.kind} has no form `{form}`", "form", hint)
    return {
        "port": entry.port(),
        "image": entry.text("image"),
        "form": form,
        "environment": entry.texts("environment"),
        "parameters": entry.parameters(component),
        "replicas": entry.whole("replicas", 1, 1, 1 << 30),
        "resources": entry.texts("resources"),
    }


def _check_condition(entry: Fields) -> None:
    if when.WHEN not in entry.data:
        return
    given = entry.data[when.WHEN]
    parts: list[tuple[Path, Value]] = [((when.WHEN,), given)]
    if isinstance(given, dict):
        parts = [((when.WHEN, path), {path: wanted}) for path, wanted in given.items()]
    for place, part in parts:
        try:
            when.parse(part)
        except PipelineError as error:
            at_key = isinstance(part, dict) and not when.is_path(*part)
            message = f"{entry.what}: {error.message}"
            raise entry.document.error(message, (*entry.path, *place), key=at_key, hint=error.hint) from error


def _check(entries: Fields, name: str, what: str) -> None:
    try:
        check_name(name, what)
    except PipelineError as error:
        raise entries.error(error.message, name, error.hint, of_key=True) from error


def _refuse_port_clash(entries: Fields, port_of_mega: int) -> None:
    owners: dict[int, str] = {}
    for name in entries.names("service name"):
        entry = entries.at(name)
        port = entry.port()
        if not port or "://" in entry.text("endpoint"):
            continue
        if port == port_of_mega:
            hint = f"give {name} or `{MEGA}` another port"
            raise entry.error(f"port {port} is the mega service's own", "port", hint)
        if port in owners:
            line, _ = entries.document.position((*entries.path, owners[port], "port"))
            hint = f"give {name} another port"
            raise entry.error(f"port {port} is taken by {owners[port]} (line {line})", "port", hint)
        owners[port] = name


def _mega(entry: Fields, name: str, stem: str, rest: dict[str, Any]) -> MegaService:
    given = entry.text("name")
    try:
        chosen = check_pipeline_name(name or given or stem or "pipeline")
    except PipelineError as error:
        raise entry.error(error.message, "name" if not name else None, error.hint) from error
    extra = {key: value for key, value in entry.rest(MEGA_KEYS).items() if not _is_flow(value)}
    port, endpoint = entry.port(MegaService("x").port), entry.path_of_url()
    return MegaService(chosen, port, endpoint, extra=extra, document_extra=rest)


def _is_flow(value: Value) -> bool:
    return isinstance(value, dict) and "mega_flow" in value


@dataclass(frozen=True, slots=True)
class _Flows:
    """The flows under ``opea_mega_service``, put into the graph."""

    mega: Fields
    services: Fields
    graph: Graph

    def read(self) -> None:
        flows = {MAIN: Flow(MAIN)}
        for name, value in self.mega.rest(MEGA_KEYS).items():
            if not _is_flow(value):
                continue
            _check(self.mega, name, "flow")
            if name == MAIN:
                hint = f"write its rules as `mega_flow` of `{MEGA}`, or rename it"
                raise self.mega.error(f"`{MAIN}` is the name of the flow above it", name, hint, of_key=True)
            entry = self.mega.at(name, f"flow {name}")
            flows[name] = Flow(name, entry.path_of_url(), entry.rest(FLOW_KEYS))
            self.add(name, self.rules(entry))
        self.graph.graph["flows"] = flows
        if "mega_flow" in self.mega.data:
            self.add(MAIN, self.rules(self.mega))
        else:
            left = [n for n in self.services.names("service name") if not self.graph.nodes[n]["flows"]]
            self.add(MAIN, MegaFlow(tuple(left), ()))
        self.refuse_unused()
        self.refuse_shared_endpoints(flows.values())

    def refuse_shared_endpoints(self, flows: Iterable[Flow]) -> None:
        mega: MegaService = self.graph.graph["mega"]
        used = {flow for _, named in self.graph.nodes(data="flows") for flow in named}
        owners: dict[str, str] = {}
        for flow in flows:
            if flow.name not in used:
                continue
            path = mega.path_of(flow)
            if path in owners:
                entry = self.mega.at(flow.name)
                message = f"flow {flow.name} and flow {owners[path]} are both asked at {path}"
                raise entry.error(message, "endpoint" if flow.endpoint else None, "give it an endpoint of its own")
            owners[path] = flow.name

    def rules(self, entry: Fields) -> MegaFlow:
        document, path = entry.document, (*entry.path, "mega_flow")
        value = entry.data["mega_flow"]
        if not isinstance(value, list):
            rules = [line.strip() for line in value.splitlines() if line.strip()] if isinstance(value, str) else []
            meant = "; ".join(f"`- {rule[:80]}`" for rule in rules[:3]) or "`- a >> b`"
            raise entry.error("mega_flow is not a list of rules", "mega_flow", f"write each rule as an item: {meant}")
        rules_found = [self.rule(document, path, index, item) for index, item in enumerate(value)]
        return parse(rules_found, known=[str(name) for name in self.services.data], source=document.source)

    def rule(self, document: Document, path: Path, index: int, item: Value) -> Rule:
        here = (*path, index)
        if not isinstance(item, str):
            hint = "write it as text: `- a >> (b, c)`"
            raise document.error("a rule of mega_flow is not text", here, hint=hint)
        return Rule(item, lambda offset: document.position(here, offset=offset))

    def add(self, flow: str, content: MegaFlow) -> None:
        for name in content.names:
            node = self.graph.nodes[name]
            node["flows"] = (*node["flows"], flow)
        for edge in content.edges:
            before = self.graph.edges[edge]["flows"] if self.graph.has_edge(*edge) else ()
            self.graph.add_edge(*edge, flows=(*before, flow))

    def refuse_unused(self) -> None:
        for name in self.services.names("service name"):
            if not self.graph.nodes[name]["flows"]:
                hint = f"add it to a rule, write `- {name}` for one without edges, or remove it"
                raise self.services.error(f"service {name} is in no mega_flow", name, hint, of_key=True)
