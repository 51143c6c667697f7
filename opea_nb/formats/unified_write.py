"""A pipeline becomes the data of a unified YAML document, in canonical order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import networkx as nx

from opea_nb.errors import FormatError
from opea_nb.formats.mega_flow import write
from opea_nb.formats.unified_canvas import CANVAS_KEYS, written_canvas
from opea_nb.formats.unified_read import (
    ENGINE_KEYS,
    ENGINES,
    FLOW_KEYS,
    MEGA,
    MEGA_KEYS,
    OWN,
    SERVICE_KEYS,
    SERVICES,
    TOP_KEYS,
    found_kind,
)
from opea_nb.pipeline import MAIN, Engine, Pipeline, Service

Data = dict[str, Any]


def plain(pipeline: Pipeline) -> Data:
    """The document of a pipeline, as mappings, lists and scalars.

    Raises
    ------
    FormatError
        For an unknown key that has become a known one.
    """
    names, services, engines = _in_flow_order(pipeline), pipeline.services, pipeline.engines
    mega = pipeline.mega
    taken = Counter([mega.port, *(_port(pipeline, service) for service in services.values() if not service.url)])
    settings: Data = {"name": mega.name, "port": mega.port}
    if mega.endpoint:
        settings["endpoint"] = mega.endpoint
    settings["mega_flow"] = _rules(pipeline, MAIN)
    for name in sorted(pipeline.flows):
        if name != MAIN:
            settings[name] = _flow(pipeline, name)
    own = dict(mega.document_extra.get(OWN, {}))
    nodes: list[Service | Engine] = [*map(services.__getitem__, names), *map(engines.__getitem__, sorted(engines))]
    document: Data = {SERVICES: {name: _service(pipeline, services[name], taken) for name in names}}
    if engines:
        document[ENGINES] = {name: _engine(pipeline, engines[name]) for name in sorted(engines)}
    document[MEGA] = _with_rest(settings, mega.extra, (*MEGA_KEYS, *pipeline.flows), MEGA)
    for key, value in mega.extra.items():
        if isinstance(value, Mapping) and "mega_flow" in value:
            raise FormatError(f"{MEGA}: the extra key {key!r} would be read as a flow", hint="remove its `mega_flow`")
    rest = {key: value for key, value in mega.document_extra.items() if key != OWN}
    document = _with_rest(document, rest, TOP_KEYS, "the file")
    canvas = written_canvas(pipeline, nodes)
    if canvas or own:
        document[OWN] = _with_rest(canvas, own, CANVAS_KEYS, OWN)
    return document


def _in_flow_order(pipeline: Pipeline) -> list[str]:
    order: dict[str, None] = {}
    for flow in (MAIN, *sorted(set(pipeline.flows) - {MAIN})):
        graph = nx.DiGraph(pipeline.flow(flow))
        single = [name for name in graph if not graph.degree[name]]
        graph.remove_nodes_from(single)
        order |= dict.fromkeys([*nx.lexicographical_topological_sort(graph), *sorted(single)])
    return [*order, *sorted(set(pipeline.services) - set(order))]


def _rules(pipeline: Pipeline, flow: str) -> list[str]:
    graph = pipeline.flow(flow)
    return list(write(graph.nodes, graph.edges))


def _flow(pipeline: Pipeline, name: str) -> Data:
    if name in MEGA_KEYS:
        raise FormatError(f"a flow called {name!r} cannot be written: {MEGA} has a key of that name", hint="rename it")
    flow = pipeline.flows[name]
    data: Data = {"endpoint": flow.endpoint} if flow.endpoint else {}
    data["mega_flow"] = _rules(pipeline, name)
    return _with_rest(data, flow.extra, FLOW_KEYS, f"flow {name}")


def _service(pipeline: Pipeline, service: Service, taken: Mapping[int, int]) -> Data:
    component = pipeline.catalog.get(service.kind)
    endpoint = service.url or service.endpoint or (component.endpoint if component else "")
    if service.url and service.endpoint not in ("", urlsplit(service.url).path):
        raise FormatError(f"service {service.name} has a url and another endpoint", hint="clear one of the two")
    data: Data = {"endpoint": endpoint} if endpoint else {}
    port = service.port if service.url else _port(pipeline, service)
    # A port that only the catalogue gives is not shown where another service has it too: shown, it would be refused.
    if port and (service.port or taken[port] == 1):
        data["port"] = port
    if found_kind(pipeline.catalog, service.name, endpoint) != service.kind:
        data["kind"] = service.kind
    data |= _common(service)
    if engines := pipeline.engines_of(service.name):
        data["engines"] = list(engines)
    if service.api_key:
        data["api_key"] = service.api_key
    return _with_rest(data, service.extra, SERVICE_KEYS, f"service {service.name}")


def _port(pipeline: Pipeline, service: Service) -> int:
    component = pipeline.catalog.get(service.kind)
    return service.port or (component.port if component else 0)


def _engine(pipeline: Pipeline, engine: Engine) -> Data:
    data: Data = {} if pipeline.catalog.find(name=engine.name).kind == engine.kind else {"kind": engine.kind}
    if engine.url:
        data["url"] = engine.url
    if engine.port:
        data["port"] = engine.port
    return _with_rest(data | _common(engine), engine.extra, ENGINE_KEYS, f"engine {engine.name}")


def _common(node: Service | Engine) -> Data:
    data: Data = {}
    if node.image:
        data["image"] = node.image
    if node.form:
        data["form"] = node.form
    for key in ("environment", "parameters"):
        if value := getattr(node, key):
            data[key] = _sorted(value)
    if node.replicas != 1:
        data["replicas"] = node.replicas
    if node.resources:
        data["resources"] = _sorted(node.resources)
    return data


def _with_rest(data: Data, rest: Mapping[str, Any], known: Iterable[str], what: str) -> Data:
    """The data and then what was kept of unknown keys, which must not stand in the way of known ones."""
    for key in known:
        if key in rest:
            raise FormatError(f"{what}: the extra key {key!r} has a meaning of its own", hint="set that field instead")
    return {**data, **_sorted(rest)}


def _sorted(value: Any) -> Any:
    # Mappings that are equal must give equal text, whatever their order.
    if isinstance(value, Mapping):
        keys = sorted(value, key=lambda key: (type(key).__name__, str(key)))
        return {key: _sorted(value[key]) for key in keys}
    return [_sorted(item) for item in value] if isinstance(value, list | tuple) else value
