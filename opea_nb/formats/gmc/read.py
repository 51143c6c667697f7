"""A GMConnector becomes a pipeline."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import networkx as nx

from opea_nb.catalog import GENERIC, Catalog, Component
from opea_nb.errors import FormatError, PipelineError
from opea_nb.formats.conversion import Imported
from opea_nb.formats.gmc.faults import faults
from opea_nb.formats.gmc.flow import Call, flow_of
from opea_nb.formats.gmc.names import label, service_name
from opea_nb.formats.gmc.records import Connector, Reading, Record
from opea_nb.formats.gmc.steps import ASIDE, MODEL, PORT, ROUTER, STEPS, WIRES, key_of, plain, wires
from opea_nb.formats.yaml_text import Document, Path
from opea_nb.pipeline import MAIN, Engine, Flow, MegaService, Pipeline, Service
from opea_nb.pipeline import when as when_
from opea_nb.pipeline.names import name_fault

if TYPE_CHECKING:
    Graph = nx.DiGraph[str]

_ADDRESS = re.compile(
    r"(?:[a-z]+://)?(?P<service>[a-z0-9-]+)(?:\.(?P<namespace>[a-z0-9-]+)(?:\.svc(?:\.cluster\.local)?)?)?(?::\d+)?/?"
)

OWN = "gmc"
"""The extra key that holds what only GMC knows."""


def read_connector(document: Document, base: Path, catalog: Catalog) -> Imported:
    """The pipeline of the connector at `base`.

    Raises
    ------
    FormatError
        When it is unsound; points into the file.
    """
    reading = Reading(document, base)
    connector = reading.connector()
    pipeline = _Importing(connector, reading, catalog).pipeline()
    return Imported(pipeline, tuple(reading.notes), tuple(faults(connector, document, base)))


class _Importing:
    def __init__(self, connector: Connector, reading: Reading, catalog: Catalog) -> None:
        self.connector, self.reading, self.catalog = connector, reading, catalog
        self.graph: Graph = nx.DiGraph()
        self.names: dict[Path, str] = {}
        self.records: list[Record] = []
        self.ports: set[int] = {PORT}

    def pipeline(self) -> Pipeline:
        flow = flow_of(self.connector, self.reading)
        called = {call.record.path: call for call in flow.calls}
        reached = {call.record.node for call in flow.calls} | {"root"}
        for node in self.connector.nodes.values():
            reached |= {node.name} if any(r.path in called for r in node.steps) else set()
        self.records = [
            r
            for node in self.connector.nodes.values()
            for r in node.steps
            if r.path in called or (r.downstream and not r.target and node.name in reached)
        ]
        flows = {MAIN: Flow(MAIN)}
        for record in self.records:
            self.add(record, called.get(record.path), flows)
        for record in self.records:
            self.wire(record)
        for a, b in flow.edges:
            ends = (self.names[flow.calls[i].record.path] for i in (a, b))
            self.graph.add_edge(*ends, flows=(MAIN,))
        self.graph.graph.update(mega=self.mega(), flows=flows)
        try:
            return Pipeline.from_networkx(self.graph, catalog=self.catalog)
        except PipelineError as error:
            raise FormatError(error.message, source=self.reading.document.source, hint=error.hint) from error

    def mega(self) -> MegaService:
        given = self.connector
        name = re.sub(r"[^A-Za-z0-9_-]", "-", given.name).lstrip("-_")[:63] or "pipeline"
        kept: dict[str, Any] = {}
        if given.namespace and given.namespace != label(given.name):
            kept["namespace"] = given.namespace
        if given.name != name and given.name:
            kept["name"] = given.name
            self.reading.note("inferred", "metadata.name", f"the pipeline is called {name}", ("metadata", "name"))
        kept |= {k: dict(v) for k, v in (("labels", given.labels), ("annotations", given.annotations)) if v}
        if given.router and given.router != dict(zip(("name", "serviceName"), ROUTER, strict=True)):
            kept["router"] = dict(given.router)
        return MegaService(name, PORT, document_extra={OWN: kept} if kept else {})

    def add(self, record: Record, call: Call | None, flows: dict[str, Flow]) -> None:
        """Put a step into the graph, as a service or an engine."""
        name = self.names[record.path] = self.free(record)
        component, form = self.component(record)
        if record.step not in STEPS:
            meant = "a service of its own" if component.kind == GENERIC else plain(record.step)
            reason = f"GMC has no step of this name; it is read as {meant}"
            self.reading.note("inferred", f"{name}: {record.step}", reason, (*record.path, "name"))
        own: dict[str, Any] = dict(call.extra) if call else {}
        if record.service and record.service != service_name(name):
            own["serviceName"] = record.service
        if component.role == "engine" and call:
            reason = "an engine that is called as a step is read as a service"
            self.reading.note("inferred", name, reason, record.path)
            component, form = self.catalog.component(GENERIC), ""
        default = (component.forms[form].gmc if form else "") or component.gmc
        if record.step != default:
            own["step"] = record.step
        if component.role == "engine":
            node: Service | Engine = self.engine(record, name, component, form, own)
            self.graph.add_node(name, spec=node, flows=())
            return
        flow = MAIN
        if call is None:
            flow = component.flow or label(record.step)
            flows.setdefault(flow, Flow(flow))
            if record.step not in ASIDE:
                own["downstream"] = True
        node = self.service(record, name, component, form, own)
        if call and (tests := self.tests(call)):
            node = replace(node, extra={when_.WHEN: when_.data(tests), **node.extra})
        self.graph.add_node(name, spec=node, flows=(flow,))

    def component(self, record: Record) -> tuple[Component, str]:
        """The catalogue's component, and its form where the step names one that is not for any CPU."""
        component = self.catalog.by_gmc(plain(record.step))
        if component is None:
            return self.catalog.component(GENERIC), ""
        return component, next((f.name for f in component.forms.values() if f.gmc == record.step), "")

    def free(self, record: Record) -> str:
        wanted = record.service or record.step.lower() or "service"
        if name_fault(wanted) or len(wanted) > 90:
            wanted = label(wanted)
            reason = f"the name {record.service[:40]!r} is no DNS label; it is called {wanted}"
            self.reading.note("inferred", wanted, reason, record.path)
        name, number = wanted, 2
        while name in self.graph:
            name, number = f"{wanted}-{number}", number + 1
        return name

    def tests(self, call: Call) -> dict[str, when_.Allowed]:
        never = [path for path, test in call.when.items() if not test.values and not test.negated]
        for path in never:
            reason = f"the conditions on {path} contradict each other, so that it never runs"
            self.reading.note("lost", self.names[call.record.path], reason, call.record.path)
        return {path: test for path, test in call.when.items() if path not in never}

    def engine(self, record: Record, name: str, component: Component, form: str, own: dict[str, Any]) -> Engine:
        parameters = {}
        environment = self.environment(record, name)
        if component.parameter("model"):
            if MODEL in environment:
                parameters["model"] = environment.pop(MODEL)
            else:
                own["model"] = "template"
                self.reading.note("kept", name, "its model is the one that GMC's template names", record.path)
        extra = {OWN: own} if own else {}
        return Engine(name, component.kind, form=form, environment=environment, parameters=parameters, extra=extra)

    def service(self, record: Record, name: str, component: Component, form: str, own: dict[str, Any]) -> Service:
        url = record.external
        if url and record.service:
            self.reading.note("lost", name, "has an internal service as well as an external one", record.path)
            own.pop("serviceName", None)
        if url and not re.match(r"https?://[^/\s]+", url):
            self.reading.note("kept", name, f"{url[:80]!r} is no URL", (*record.path, "externalService"))
            own["externalService"], url = url, ""
        endpoint = "" if url else self.endpoint(record, name, component, own)
        port = component.port
        while port in self.ports and not url:
            port += 1
        if not url:
            self.ports.add(port)
        return Service(
            name,
            component.kind,
            endpoint=endpoint,
            port=0 if url or port == component.port else port,
            url=url,
            form=form,
            environment=self.environment(record, name),
            extra={OWN: own} if own else {},
        )

    def endpoint(self, record: Record, name: str, component: Component, own: dict[str, Any]) -> str:
        given = record.config.get("endpoint", "")
        place = (*record.path, "internalService", "config", "endpoint")
        known = STEPS[record.step].endpoint if record.step in STEPS else ""
        if not given:
            if not record.downstream:
                self.reading.note("inferred", name, f"has no endpoint; it is called at {known or '/'}", record.path)
            return ""
        if not given.startswith("/"):
            self.reading.note("inferred", f"{name}: endpoint", "begins with a slash", place)
            given = f"/{given}"
        if not re.fullmatch(r"/[^\s?#]*", given):
            self.reading.note("lost", f"{name}: endpoint", f"{given[:80]!r} is no URL path", place)
            return ""
        if given == known and component.kind != GENERIC:
            return ""  # what the template's older image has there, the catalogue's image has at its own endpoint
        if given == component.endpoint:
            own["endpoint"] = given  # the catalogue's, but not what GMC takes it for
            return ""
        return given

    def environment(self, record: Record, name: str) -> dict[str, str]:
        """The config without endpoint and without what names another step."""
        result: dict[str, str] = {}
        used = {key for key, _ in self.wired(record)}
        for key, value in record.config.items():
            place = (*record.path, "internalService", "config", key)
            if key == "endpoint" or key in used:
                continue
            if not key or "=" in key or "\0" in key + value:
                self.reading.note("lost", f"{name}: {key!r}", "is no name of an environment variable", place)
                continue
            known = key_of(record.step, key)
            if known in wires(record.step):
                fails = "GMC's controller gives up on it" if key in WIRES else "GMC's controller leaves it as it is"
                self.reading.note("kept", f"{name}: {key}", f"there is no step {value!r}: {fails}", place)
            result[MODEL if known == MODEL else key] = value
        return result

    def wired(self, record: Record) -> list[tuple[str, Record]]:
        """Config keys that name another step, and that step."""
        known = wires(record.step)
        found: list[tuple[str, Record]] = []
        if record.external:
            return found
        for key, value in record.config.items():
            if key_of(record.step, key) in known or (record.step not in STEPS and key != "endpoint"):
                named = self.named(value)
                target = next((r for r in self.records if r.service == named and r is not record), None)
                if target is not None and named:
                    found.append((key, target))
        return found

    def named(self, value: str) -> str:
        """The Service that a value names, also where it is written as an address in the cluster."""
        found = _ADDRESS.fullmatch(value)
        if found is None or (found["namespace"] or self.connector.namespace) != self.connector.namespace:
            return value
        return found["service"]

    def wire(self, record: Record) -> None:
        """Draw which engines a service uses."""
        name = self.names[record.path]
        if not isinstance(self.spec(name), Service) or record.external:
            return
        wired = self.wired(record)
        targets = {key_of(record.step, key): target for key, target in wired}
        for key, target in wired:
            if record.config[key] != target.service:
                reason = f"names {target.service} by its address, which GMC's controller does not make a wire of"
                place = (*record.path, "internalService", "config", key)
                self.reading.note("inferred", f"{name}: {key}", reason, place)
        missing = {k: s for k, s in wires(record.step).items() if k not in targets and k not in record.config}
        for key, step in missing.items():
            near = [r for r in self.records if r.downstream and r.node == record.node and plain(r.step) == step]
            if len(near) == 1:
                targets[key] = near[0]
                reason = f"uses {near[0].label}, the only {step} beside it"
                self.reading.note("inferred", f"{name}: {key}", reason, record.path)
        for key, target in targets.items():
            other = self.names[target.path]
            # An engine of an unlikely kind is drawn as well, but its key must be remembered.
            fits = key in wires(record.step) and plain(target.step) == wires(record.step)[key]
            if isinstance(self.spec(other), Engine) and fits:
                self.graph.add_edge(name, other)
            else:
                self.keep_use(name, key, other)

    def keep_use(self, name: str, key: str, other: str) -> None:
        node = self.spec(name)
        own = {**node.extra.get(OWN, {})}
        own["uses"] = {**own.get("uses", {}), key: other}
        self.graph.nodes[name]["spec"] = replace(node, extra={**node.extra, OWN: own})
        self.reading.note(
            "kept", f"{name}: {key}", f"names {other}, which is no engine that the catalogue knows for it"
        )

    def spec(self, name: str) -> Service | Engine:
        node: Service | Engine = self.graph.nodes[name]["spec"]
        return node


def own_of(node: Service | Engine) -> Mapping[str, Any]:
    """What only GMC knows of a service or engine."""
    own = node.extra.get(OWN)
    return own if isinstance(own, Mapping) else {}
