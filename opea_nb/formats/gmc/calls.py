"""Services and engines as steps of a GMConnector, each refused with a reason where GMC has no such step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opea_nb.errors import PlanError
from opea_nb.formats.conversion import Note
from opea_nb.formats.gmc.read import OWN, own_of
from opea_nb.formats.gmc.steps import ASIDE, MODEL, STEPS, WIRES, plain, wires
from opea_nb.formats.gmc.webhook import text_fault
from opea_nb.pipeline import Engine, Pipeline, Service
from opea_nb.pipeline.naming import taken_ports
from opea_nb.pipeline.when import WHEN

Data = dict[str, Any]


class Calls:
    """Makes steps of a pipeline's services and engines.

    Parameters
    ----------
    accelerator
        ``cpu``, ``gaudi`` or ``nvidia``: which step an engine gets that does not say.
    """

    def __init__(self, pipeline: Pipeline, accelerator: str) -> None:
        self.pipeline, self.accelerator = pipeline, accelerator
        self.notes: list[Note] = []

    def step(self, node: Service | Engine) -> str:
        """The step's name.

        Raises
        ------
        PlanError
            When GMC has none for it.
        """
        given = own_of(node).get("step")
        if given in STEPS and given != "Router":
            return str(given)
        component = self.pipeline.catalog.component(node.kind)
        form = component.forms.get(node.form)
        if form is not None and form.gmc:
            return form.gmc
        if component.gmc in STEPS and component.gmc != "Router":
            if not node.form:
                return self._for_accelerator(component.gmc)
            return component.gmc
        if isinstance(node, Service) and node.url:
            return self._nearest(node)
        raise self._no_step(node)

    def _for_accelerator(self, step: str) -> str:
        for name, known in STEPS.items():
            if known.plain == step and known.accelerator == self.accelerator:
                return name
        return step

    def _nearest(self, node: Service) -> str:
        """A name for a step that runs elsewhere: only a label, but it must be one of the webhook's."""
        catalog = self.pipeline.catalog
        kind = node.kind.split("-")[0]
        step = catalog[kind].gmc if kind in catalog else ""
        if not step:
            step = "Llm"
            self.notes.append(Note("inferred", node.name, "is called a step Llm, which is only a label for its URL"))
        return step

    def _no_step(self, node: Service | Engine) -> PlanError:
        catalog = self.pipeline.catalog
        base, _, engine = node.kind.partition("-")
        where = "docker or kubernetes instead"
        if isinstance(node, Engine):
            users = [s for s in self.pipeline.services if node.name in self.pipeline.engines_of(s)]
            who = f" that {users[0]} uses" if users else ""
            has = [k for k in ("tgi", "tei", "redis") if k in catalog]
            hint = f"use one of the engines that GMC deploys ({', '.join(has)}), or {where}"
            return PlanError(f"{node.name}: GMC has no step for the {node.kind} engine{who}", hint=hint)
        if engine and base in catalog and catalog[base].gmc:
            hint = f"use the service {base!r} with an engine, give {node.name} the url of one that runs elsewhere, "
            message = f"{node.name}: GMC has no step that calls {node.kind} directly"
            return PlanError(message, hint=hint + f"or deploy with {where}")
        hint = f"give {node.name} the url of one that runs elsewhere, or deploy with {where}"
        return PlanError(f"{node.name}: GMC has no step for a service of kind {node.kind!r}", hint=hint)

    def service(self, node: Service, service_name: str, wiring: Mapping[str, str]) -> Data:
        """The step that calls a service, ``own`` being what the pipeline keeps of a GMC file.

        Parameters
        ----------
        wiring
            Environment key -> Service name of the engine.
        """
        own = own_of(node)
        step: Data = {"name": self.step(node), "own": own}
        self._losses(node)
        if node.parameters:
            reason = "GMC knows no settings of a step; send them with each request, under `parameters`"
            self.notes += [Note("lost", f"{node.name}: {key}", reason) for key in sorted(node.parameters)]
        if node.url:
            if node.api_key:
                hint = "let it take requests without a key inside the cluster, or deploy with docker or kubernetes"
                raise PlanError(
                    f"{node.name}: GMC's router sends no credentials, and it needs {node.api_key}", hint=hint
                )
            self._check(node, "url", node.url)
            return {**step, "externalService": node.url}
        known = STEPS[step["name"]].endpoint
        component = self.pipeline.catalog.component(node.kind)
        endpoint = own.get("endpoint") or node.endpoint or known or component.endpoint
        self._check(node, "endpoint", endpoint)
        config = {"endpoint": endpoint, **wiring, **self._environment(node)}
        return {**step, "internalService": {"serviceName": service_name, "config": config}}

    def aside(self, node: Service, service_name: str, wiring: Mapping[str, str]) -> Data:
        """The step of a service that is deployed and not called."""
        step = self.service(node, service_name, wiring)
        step.pop("own")
        if "internalService" not in step:
            hint = "leave it out, or let GMC deploy it"
            raise PlanError(f"{node.name}: GMC cannot pass requests on to a service elsewhere", hint=hint)
        step["internalService"]["isDownstreamService"] = True
        return step

    def engine(self, node: Engine, service_name: str) -> Data:
        """The step that deploys an engine."""
        if node.url:
            hint = "let GMC deploy it, or give the service itself the url of one that runs elsewhere"
            raise PlanError(f"{node.name}: GMC cannot wire services to an engine that runs elsewhere", hint=hint)
        name = self.step(node)
        self._losses(node)
        config = {"endpoint": STEPS[name].endpoint} if STEPS[name].endpoint else {}
        model = self._model(node)
        config |= ({MODEL: model} if model else {}) | self._environment(node)
        for key in sorted(set(node.parameters) - {"model"}):
            self.notes.append(Note("lost", f"{node.name}: {key}", "GMC has no place for it"))
        self._check(node, MODEL, model)
        internal: Data = {"serviceName": service_name}
        if config:
            internal["config"] = config
        return {"name": name, "internalService": {**internal, "isDownstreamService": True}}

    def _model(self, node: Engine) -> str:
        parameter = self.pipeline.catalog.component(node.kind).parameter("model")
        if parameter is None or (own_of(node).get("model") == "template" and "model" not in node.parameters):
            return ""
        return str(node.parameters.get("model", parameter.default) or "")

    def _environment(self, node: Service | Engine) -> dict[str, str]:
        result = {}
        for key, value in sorted(node.environment.items()):
            if "${" in value:
                reason = "GMC fills no variables in; put it into the ConfigMap extra-env-config of the namespace"
                self.notes.append(Note("lost", f"{node.name}: {key}", reason))
                continue
            if key in WIRES:
                hint = "use an engine of the pipeline, or give the service the url of one that runs elsewhere"
                message = f"{node.name}: {key} must name an engine beside it, or GMC's controller gives up"
                raise PlanError(message, hint=hint)
            if key in ("endpoint", "nodes"):
                self.notes.append(Note("lost", f"{node.name}: {key}", "GMC takes a variable of this name for its own"))
                continue
            self._check(node, key, key)
            self._check(node, key, value)
            result[key] = value
        return result

    def _check(self, node: Service | Engine, key: str, value: str) -> None:
        if fault := text_fault(value):
            hint = "change the value, or put it into the ConfigMap extra-env-config of the namespace"
            raise PlanError(f"{node.name}: the value of {key} {fault}", hint=hint)

    def _losses(self, node: Service | Engine) -> None:
        template = "GMC's template of the step decides it"
        for field in ("image", "replicas", "resources"):
            if getattr(node, field) not in ("", 1, {}):
                self.notes.append(Note("lost", f"{node.name}: {field}", template))
        if node.port and not getattr(node, "url", "") and not self._keeps_apart(node):
            self.notes.append(Note("lost", f"{node.name}: port", template))
        for key in sorted(set(map(str, node.extra)) - {OWN, WHEN}):
            self.notes.append(Note("lost", f"{node.name}: {key}", "GMC has no place for it"))

    def _keeps_apart(self, node: Service | Engine) -> bool:
        """Whether its port is only another than its component's because another service has that one."""
        catalog = self.pipeline.catalog
        own = catalog.component(node.kind).port
        return node.port != own and own in taken_ports(self.pipeline.graph, catalog)

    def wanted(self, node: Service) -> Mapping[str, str]:
        """Environment key -> plain engine step that a service needs; none for one that runs elsewhere."""
        return {} if node.url else wires(self.step(node))

    def is_aside(self, node: Service) -> bool:
        """Whether a service is deployed without being called."""
        return bool(own_of(node).get("downstream")) or (not node.url and self.step(node) in ASIDE)

    def plain(self, node: Engine) -> str:
        """The engine's step without accelerator; empty where it has none."""
        try:
            return plain(self.step(node))
        except PlanError:
            return ""
