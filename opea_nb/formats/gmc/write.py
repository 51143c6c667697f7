"""A pipeline becomes a GMConnector that GMC's webhook takes and its controller and router can work with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opea_nb.errors import PipelineError, PlanError
from opea_nb.formats import yaml_text
from opea_nb.formats.blocks import blocks
from opea_nb.formats.conversion import Exported, Note
from opea_nb.formats.gmc.calls import Calls
from opea_nb.formats.gmc.names import LABEL, label, service_names
from opea_nb.formats.gmc.nodes import Nodes
from opea_nb.formats.gmc.read import OWN, own_of
from opea_nb.formats.gmc.steps import PORT, ROUTER
from opea_nb.formats.gmc.webhook import complaints
from opea_nb.pipeline import MAIN, Engine, Pipeline, Service
from opea_nb.pipeline import when as when_

Data = dict[str, Any]


def resource(
    pipeline: Pipeline, *, namespace: str = "", accelerator: str = "cpu"
) -> tuple[dict[str, Any], tuple[Note, ...]]:
    """The GMConnector as data; parameters and errors as in `write`."""
    return _Exporting(pipeline, accelerator).resource(namespace)


def write(pipeline: Pipeline, *, namespace: str = "", accelerator: str = "cpu") -> Exported:
    """Write a GMConnector v1alpha3.

    Parameters
    ----------
    namespace
        Where it goes: one of its own, as two of them in one namespace break each other. The pipeline's name when empty,
        or the one that it was read with.
    accelerator
        ``cpu``, ``gaudi`` or ``nvidia``: what engines run on that do not say.

    Raises
    ------
    PlanError
        For what GMC cannot express: names the service, and says what to do instead.
    """
    data, notes = resource(pipeline, namespace=namespace, accelerator=accelerator)
    return Exported({f"{data['metadata']['name']}.gmc.yaml": yaml_text.dump(data)}, notes)


class _Exporting:
    def __init__(self, pipeline: Pipeline, accelerator: str) -> None:
        self.pipeline = pipeline
        self.calls = Calls(pipeline, accelerator)
        self.notes: list[Note] = []
        self.engines: dict[str, Engine] = dict(sorted(pipeline.engines.items()))
        kept = pipeline.mega.document_extra.get(OWN)
        self.kept: Mapping[str, Any] = kept if isinstance(kept, Mapping) else {}
        unknown = [n for n in (*pipeline.services, *pipeline.engines) if pipeline.node(n).kind not in pipeline.catalog]
        if unknown:
            raise PlanError(f"{unknown[0]}: its kind is not in the catalogue", hint="load the file that has it")
        self.wiring: dict[str, dict[str, str]] = {}  # service -> environment key -> engine
        self.aside, main = self._split()
        order = sorted(main)  # equal pipelines give equal files, in whatever order they were made
        block = blocks(pipeline.flow(MAIN).subgraph(main), order)
        whens = {name: self._when(pipeline.services[name]) for name in main}
        self.nodes = Nodes(whens, self._call)
        self.names: dict[str, str] = {}
        self.nodes.root(block)  # once to see which node each service is in, as an engine must be in the same
        self.home = {**self.nodes.home, **{name: self._aside_home(name) for name in self.aside}}
        for name in (*order, *self.aside):
            self.wiring[name] = self._wire(pipeline.services[name])
        router = self.router()
        wanted = {n: str(own_of(self._node(n)).get("serviceName", "")) for n in (*order, *self.aside, *self.engines)}
        self.names = service_names(wanted, {router["serviceName"], router["name"]})
        self.calls.notes.clear()
        self.nodes = Nodes(whens, self._call)
        self.nodes.root(block)

    def resource(self, namespace: str) -> tuple[dict[str, Any], tuple[Note, ...]]:
        name = label(str(self.kept.get("name") or self.pipeline.name))
        metadata: Data = {"name": name, "namespace": label(namespace or str(self.kept.get("namespace") or name))}
        for key in ("labels", "annotations"):
            if kept := _texts(self.kept.get(key)):
                metadata[key] = dict(sorted(kept.items()))
        nodes = self.nodes.nodes
        self._deploy(nodes)
        spec = {"routerConfig": self.router(), "nodes": nodes}
        data = {"apiVersion": "gmc.opea.io/v1alpha3", "kind": "GMConnector", "metadata": metadata, "spec": spec}
        found = complaints(data)
        if found:
            hint = "deploy with docker or kubernetes instead"
            raise PlanError(f"{self.pipeline.name} as a GMConnector would fail: {found[0]}", hint=hint)
        self._losses()
        return data, (*self.notes, *dict.fromkeys(self.calls.notes), *self.nodes.notes)

    def router(self) -> Data:
        given = self.kept.get("router")
        given = given if isinstance(given, Mapping) else {}
        name, service = str(given.get("name") or ROUTER[0]), str(given.get("serviceName") or ROUTER[1])
        router: Data = {"name": name, "serviceName": service if LABEL.fullmatch(service) else ROUTER[1]}
        if config := _texts(given.get("config")):
            router["config"] = dict(sorted(config.items()))
        return router

    def _split(self) -> tuple[list[str], list[str]]:
        """The services that are only deployed, and those of the main flow."""
        pipeline = self.pipeline
        main = list(pipeline.flow(MAIN))
        aside = []
        for name, service in sorted(pipeline.services.items()):
            if name in main:
                continue
            if not self.calls.is_aside(service):
                flow = pipeline.graph.nodes[name]["flows"][0]
                hint = "write each flow to a GMConnector of its own, in a namespace of its own"
                raise PlanError(f"{name} is in the flow {flow!r}: a GMConnector has one flow", hint=hint)
            aside.append(name)
        if not main:
            raise PlanError(
                f"{pipeline.name} has no step to call: GMC's router would crash", hint="add a service to it"
            )
        return aside, main

    def _when(self, service: Service) -> when_.When:
        if when_.WHEN not in service.extra:
            return {}
        try:
            return when_.parse(service.extra[when_.WHEN])
        except PipelineError as error:
            raise PlanError(f"{service.name}: {error.message}", hint=error.hint) from error

    def _call(self, name: str) -> Data:
        names = self.names
        wiring = {key: names.get(engine, "") for key, engine in self.wiring.get(name, {}).items()}
        return self.calls.service(self.pipeline.services[name], names.get(name, ""), wiring)

    def _aside_home(self, name: str) -> str:
        users = [s for s in self.nodes.home if name in _texts(own_of(self.pipeline.services[s]).get("uses")).values()]
        return self.nodes.home[users[0]] if users else "root"

    def _wire(self, service: Service) -> dict[str, str]:
        wanted = self.calls.wanted(service)
        drawn = [self.engines[n] for n in self.pipeline.engines_of(service.name)]
        result: dict[str, str] = {}
        for key, step in wanted.items():
            engine = next((e for e in drawn if self.calls.plain(e) == step), None)
            result[key] = engine.name if engine else self._engine_for(service, key, step)
        kept = _texts(own_of(service).get("uses"))
        result |= {k: n for k, n in kept.items() if n in self.pipeline.services or n in self.engines}
        for engine in drawn:
            if engine.name not in result.values() and not service.url:
                self.calls.step(engine)  # refuses an engine that GMC does not know at all
                steps = " and ".join(sorted(set(wanted.values()))) or "no engine"
                hint = f"connect it to an engine that is a {steps}, or give it the url of a service that runs elsewhere"
                message = f"{service.name}: GMC's step {self.calls.step(service)} works with {steps}"
                raise PlanError(f"{message}, not with {engine.name} ({engine.kind})", hint=hint)
        return result

    def _engine_for(self, service: Service, key: str, step: str) -> str:
        """An engine that is not drawn: the only one of its step in the pipeline, else a new one in the same node."""
        home = self.home[service.name]
        drawn = self.pipeline.engines
        near = [n for n in drawn if self.calls.plain(drawn[n]) == step]
        users = {self.home[s] for s in self.home if near and near[0] in self.pipeline.engines_of(s)}
        if len(near) == 1 and users <= {home}:
            self.notes.append(Note("inferred", f"{service.name}: {key}", f"uses {near[0]}, the only {step}"))
            return near[0]
        component = self.pipeline.catalog.by_gmc(step)
        if component is None:
            hint = f"draw an engine for {service.name}"
            raise PlanError(f"{service.name}: the catalogue has no engine for GMC's step {step}", hint=hint)
        name = component.kind if home == "root" else f"{component.kind}-{home}"
        while name in self.pipeline.services or name in drawn:
            name += "-engine"
        if name not in self.engines:
            self.engines[name] = Engine(name, component.kind)
            self.notes.append(Note("inferred", name, f"{service.name} needs a {step}, which is not drawn: it is added"))
        return name

    def _deploy(self, nodes: Mapping[str, Data]) -> None:
        """Put engines and what is only deployed behind the first step that needs them."""
        places: dict[str, str] = {}
        for name, wiring in self.wiring.items():
            for engine in wiring.values():
                self._same(places, engine, name)
        for name in sorted(set(self.engines) - set(places)):
            places[name] = "root"
            if self.calls.plain(self.engines[name]) != "UI":
                self.notes.append(Note("inferred", name, "is deployed although no service uses it"))
        for name in self.aside:
            wiring = {key: self.names[engine] for key, engine in self.wiring[name].items()}
            step = self.calls.aside(self.pipeline.services[name], self.names[name], wiring)
            nodes[self.home[name]]["steps"].append(step)
        placed: set[str] = set()
        for node in nodes.values():
            for step in list(node["steps"]):
                config = step.get("internalService", {}).get("config", {})
                behind = [e for e in self.engines if self.names[e] in config.values() and e not in placed]
                for engine in behind:
                    placed.add(engine)
                    at = node["steps"].index(step) + 1 + behind.index(engine)
                    node["steps"].insert(at, self.calls.engine(self.engines[engine], self.names[engine]))
        for engine in sorted(set(self.engines) - placed):
            nodes[places[engine]]["steps"].append(self.calls.engine(self.engines[engine], self.names[engine]))

    def _same(self, places: dict[str, str], engine: str, user: str) -> None:
        home = self.home[user]
        if places.setdefault(engine, home) != home:
            other = next(n for n, w in self.wiring.items() if engine in w.values() and self.home[n] != home)
            message = f"{engine}: {other} and {user} are in different branches, and GMC wires engines within one node"
            raise PlanError(message, hint=f"give {user} an engine of its own")

    def _losses(self) -> None:
        pipeline = self.pipeline
        if pipeline.port != PORT:
            self.notes.append(Note("lost", "port", f"GMC's router listens on {PORT}, not on {pipeline.port}"))
        for name in self.aside:
            step = self.calls.step(pipeline.services[name])
            path = {"DataPrep": "/dataprep", "UI": "/ui"}.get(step)
            if path:
                self.notes.append(Note("inferred", name, f"is reached at {path} of GMC's router"))
        mega = pipeline.mega
        for key in (*map(str, mega.extra), *(str(k) for k in mega.document_extra if k not in (OWN, "opea_nb"))):
            self.notes.append(Note("lost", key, "GMC has no place for it"))
        for flow in pipeline.flows.values():
            for key in (*(("endpoint",) if flow.endpoint else ()), *map(str, flow.extra)):
                self.notes.append(Note("lost", f"flow {flow.name}: {key}", "GMC has no place for it"))

    def _node(self, name: str) -> Service | Engine:
        return self.pipeline.services.get(name) or self.engines[name]


def _texts(value: object) -> dict[str, str]:
    """The texts of a mapping; what a file says there may be anything."""
    if not isinstance(value, Mapping):
        return {}
    return {k: v for k, v in value.items() if isinstance(k, str) and isinstance(v, str)}
