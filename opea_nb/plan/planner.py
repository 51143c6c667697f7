"""From pipeline and target to a plan."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from opea_nb.catalog import Form
from opea_nb.catalog.gated import TOKEN, is_gated
from opea_nb.errors import PlanError
from opea_nb.pipeline import MAIN, Engine, Pipeline, Service
from opea_nb.pipeline.hosts import host_names
from opea_nb.plan.choosing import Choices
from opea_nb.plan.filling import fill
from opea_nb.plan.model import GATEWAY, Address, Plan, Process, Target, Volume

_PORT = 8000
_Near = Mapping[str, Service | Engine]


def plan(pipeline: Pipeline, target: Target, *, name: str = "") -> Plan:
    """Decide everything that a deployment of the pipeline on the target needs.

    Parameters
    ----------
    name
        Name of the deployment; the pipeline's when empty.

    Raises
    ------
    PlanError
        When the pipeline has a problem that keeps it from running, or a service cannot run on the target.
    """
    errors = [p for p in pipeline.problems() if p.severity == "error"]
    if errors:
        more = f" (and {len(errors) - 1} more: see pipeline.problems())" if len(errors) > 1 else ""
        raise PlanError(f"{pipeline.name} cannot run: {errors[0].message}{more}", hint=errors[0].hint)
    return _Planner(pipeline, target).plan(name or pipeline.name)


class _Planner:
    """One planning: what is decided so far."""

    def __init__(self, pipeline: Pipeline, target: Target) -> None:
        self.pipeline = pipeline
        self.target = target
        self.chosen = Choices(pipeline, target)
        self.forms, self.engines = self.chosen.forms, self.chosen.engines
        if GATEWAY in self.forms:
            raise PlanError(
                f"{GATEWAY!r} is the name of the process that runs the pipeline",
                hint=f"give the service another name: pipeline.rename({GATEWAY!r}, …)",
            )
        self.hosts = host_names([GATEWAY, *sorted(self.forms)])

    def plan(self, name: str) -> Plan:
        front = {n for n in self.engines if self._faces_gateway(n)}
        engines = _in_order([self._process(self.engines[n]) for n in sorted(self.engines)])
        deployed = [s for _, s in sorted(self.pipeline.services.items()) if not s.url]
        services = _in_order([self._process(s) for s in deployed])
        routes = {s.name: s.url or self._base(s.name) + self._endpoint(s) for s in self.pipeline.services.values()}
        behind = [p for p in (*engines, *services) if p.name not in front]
        gateway = self._gateway(routes, tuple(p.name for p in behind))
        processes = (*behind, gateway, *(p for p in engines if p.name in front))
        return Plan(name, self.target.name, processes, dict(sorted(routes.items())), self.pipeline.to_yaml())

    def _process(self, node: Service | Engine) -> Process:
        form = self.forms[node.name]
        links = {kind: self._linked(node.name, kind) for kind in form.links}
        near: _Near = links | dict(self.chosen.uses[node.name])

        def filled(value: str) -> str:
            return fill(
                value, lambda what, key: self._meaning(what, key, node, near), f"{node.kind}: form {form.name!r}"
            )

        def words(given: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(map(filled, given))

        environment = {k: filled(v) for k, v in form.environment.items()} | dict(node.environment)
        options, health = form.options, form.health
        optional = self._optional(node, form)
        front = (GATEWAY,) if self._faces_gateway(node.name) else ()
        return Process(
            name=node.name,
            kind=node.kind,
            role="service" if isinstance(node, Service) else "engine",
            address=self._address(node.name),
            module=form.module,
            image=(node.image or form.image) if form.image else self.target.image,
            environment=dict(sorted(environment.items())),
            secrets=tuple(name for name in form.secrets if name not in optional),
            optional=optional,
            health=replace(health, command=words(health.command)),
            needs=(*sorted(n.name for n in near.values() if not n.url), *front),
            volumes=tuple(Volume(filled(v), self._volume(filled(v), path)) for v, path in sorted(form.volumes.items())),
            replicas=node.replicas,
            resources=node.resources,
            options=replace(options, entrypoint=words(options.entrypoint), command=words(options.command)),
            required=form.required,
            accelerator=form.accelerator,
        )

    def _gateway(self, routes: Mapping[str, str], needs: tuple[str, ...]) -> Process:
        keys = sorted({s.api_key for s in self.pipeline.services.values() if s.api_key})
        return Process(
            name=GATEWAY,
            kind=GATEWAY,
            role="gateway",
            address=self._address(GATEWAY),
            module="opea_nb.gateway",
            image=self.target.image,
            environment={"OPEA_NB_ROUTES": json.dumps(dict(sorted(routes.items())))} | self._components(),
            secrets=tuple(keys),
            needs=needs,
        )

    def _components(self) -> dict[str, str]:
        """What the gateway does not know of the pipeline's kinds: those that a user added."""
        kinds = [node.kind for part in (self.pipeline.services, self.pipeline.engines) for node in part.values()]
        found = self.pipeline.catalog.beyond(kinds)
        return {"OPEA_NB_COMPONENTS": json.dumps(found, ensure_ascii=False, default=str)} if found else {}

    def _optional(self, node: Service | Engine, form: Form) -> tuple[str, ...]:
        """The token of the models' hub, where all models that a process is known to use are there for anyone."""
        if TOKEN not in form.secrets:
            return ()
        models = {self.chosen.model_of(n) for n in (node, *self.chosen.uses[node.name].values())} - {""}
        return (TOKEN,) if models and not any(map(is_gated, models)) else ()

    def _linked(self, name: str, kind: str) -> Service:
        """The service of a kind that another one calls: the one that feeds a flow, else the first by name."""
        found = [s for _, s in sorted(self.pipeline.services.items()) if s.kind == kind]
        if not found:
            raise PlanError(f"{name} needs a service of kind {kind!r}", hint=f"pipeline.add({kind!r})")
        main = self.pipeline.flow(MAIN)
        return next((s for s in found if s.name in main and main.out_degree(s.name)), found[0])

    def _address(self, name: str) -> Address:
        if self.target.host:
            return Address(self.target.host, self.target.ports.get(name, 0))
        return Address(self.hosts[name], self.target.ports.get(name) or self._own_port(name))

    def _own_port(self, name: str) -> int:
        if name == GATEWAY:
            return self.pipeline.port
        kind = self.engines[name].kind if name in self.engines else self.pipeline.node(name).kind
        # a form of ours takes any port, and there is no other process in its container
        return self.forms[name].port or self.pipeline.catalog.component(kind).port or _PORT

    def _base(self, name: str) -> str:
        return self._address(name).url

    def _endpoint(self, service: Service) -> str:
        return service.endpoint or self.pipeline.component(service.name).endpoint

    def _volume(self, name: str, path: str) -> str:
        # a folder of this machine in the local target, a path inside a Linux container in all others
        return str(PurePosixPath(self.target.volumes) / name) if self.target.volumes else path

    def _faces_gateway(self, name: str) -> bool:
        """Whether a process stands before the gateway (nginx), so that it waits for it."""
        return any(f"{{host:{GATEWAY}}}" in value for value in self.forms[name].environment.values())

    def _meaning(self, what: str, key: str, node: Service | Engine, near: _Near) -> str:
        match what:
            case "parameter":
                parameter = self.pipeline.catalog.component(node.kind).parameter(key)
                given = node.parameters.get(key, parameter.default if parameter else None)
                return "" if given is None else str(given)
            case "volume":
                return self._volume(key, self.forms[node.name].volumes[key])
            case "pipeline":
                return self.pipeline.name
            case "name":
                return self.hosts[node.name]
            case "model":
                return self.chosen.model_of(near[key] if key else node)
            case "index":
                store = self.chosen.stores.get(node.name)
                return (store.index if store else "") or key
        address = self._address(GATEWAY) if key == GATEWAY else self._where(near[key])
        return {"url": address.url, "host": address.host, "port": str(address.port)}[what]

    def _where(self, node: Service | Engine) -> Address:
        if not node.url:
            return self._address(node.name)
        parts = urlsplit(node.url)
        return Address(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))


def _in_order(processes: list[Process]) -> list[Process]:
    """Each after those that it needs; by name where that leaves a choice."""
    by_name = {p.name: p for p in processes}
    done: dict[str, Process] = {}

    def take(process: Process) -> None:
        for need in process.needs:
            if need in by_name and need not in done:
                take(by_name[need])
        done.setdefault(process.name, process)

    for process in processes:
        take(process)
    return list(done.values())
