"""What a deployment needs, decided once: a pure function of pipeline and target."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Literal
from urllib.parse import urlsplit

from opea_nb.catalog import Component, ContainerOptions, Form, Health
from opea_nb.errors import PlanError
from opea_nb.pipeline import MAIN, Engine, Pipeline, Service
from opea_nb.pipeline.hosts import host_names

GATEWAY = "gateway"
_PORT = 8000
IMAGE = "opea-nb:latest"
"""The container image that holds this package."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a plan is for.

    Parameters
    ----------
    name
        ``local``, ``docker`` …; shown to people.
    forms
        Names of component forms in order of preference; empty for any form that is a container image.
    ports
        Process name -> port, where the target chooses ports; others keep their own.
    host
        Host name of every process; empty when each is reached by its own name.
    volumes
        Folder that holds the volumes; empty when a volume is mounted at the path that its form names.
    accelerator
        ``cpu``, ``gaudi``, ``rocm`` or ``nvidia``: preferred where a component has a form for it.
    image
        Container image that runs this package's own modules; empty where they run as processes.
    """

    name: str
    forms: tuple[str, ...]
    ports: Mapping[str, int] = field(default_factory=dict)
    host: str = ""
    volumes: str = ""
    accelerator: str = "cpu"
    image: str = ""

    @classmethod
    def containers(cls, name: str, *, accelerator: str = "cpu", embedded: bool = False, image: str = IMAGE) -> Target:
        """Containers that reach each other by name, each on its own port.

        Parameters
        ----------
        embedded
            Whether to run the small embedded services, in this package's image, instead of upstream's images.
        """
        return cls(name, ("embedded",) if embedded else (), accelerator=accelerator, image=image)

    @classmethod
    def local(cls, *, ports: Mapping[str, int] | None = None, volumes: str = "volumes") -> Target:
        """Processes of this machine on loopback; a process without a given port has port 0."""
        return cls("local", ("embedded",), ports or {}, "127.0.0.1", volumes)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a process is reached by the others: host and port."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """``http://host:port``."""
        return f"http://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Volume:
    """A named place that outlives a process, and the path that the process sees it at."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Process:
    """One process (or container, or pod) of a deployment.

    Parameters
    ----------
    name
        Name of the service or engine in the pipeline, or `GATEWAY`.
    kind
        The component's kind.
    module, image
        What runs: a Python module (``python -m``), a container image, or a module in an image.
    options
        What its container needs besides.
    required
        Variables that a human must fill in and that are no secrets.
    accelerator
        ``cpu``, ``gaudi``, ``rocm`` or ``nvidia``: the hardware that it needs.
    environment
        Variables with addresses filled in, sorted by name. Never a secret's value: ``${NAME}`` stands for the
        deployer's own variable of that name.
    secrets
        Names of environment variables to hand through from the deployer's own environment.
    address
        Where the others reach it.
    needs
        Names of the processes that must be ready before this one starts.
    """

    name: str
    kind: str
    role: Literal["service", "engine", "gateway"]
    address: Address
    module: str = ""
    image: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    health: Health = Health()
    needs: tuple[str, ...] = ()
    volumes: tuple[Volume, ...] = ()
    replicas: int = 1
    resources: Mapping[str, str] = field(default_factory=dict)
    options: ContainerOptions = ContainerOptions()
    required: tuple[str, ...] = ()
    accelerator: str = "cpu"


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a deployment of one pipeline needs.

    Parameters
    ----------
    name
        Name of the deployment.
    processes
        In an order in which they may start: each after what it needs; the gateway last.
    routes
        Service name -> URL of its endpoint as the gateway calls it, external services included.
    document
        The pipeline as unified YAML, which the gateway is given.
    """

    name: str
    target: str
    processes: tuple[Process, ...]
    routes: Mapping[str, str]
    document: str

    def process(self, name: str) -> Process:
        """The process of that name.

        Raises
        ------
        KeyError
            When there is none.
        """
        return next(p for p in self.processes if p.name == name)


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
        self.engines: dict[str, Engine] = {n: e for n, e in pipeline.engines.items() if not e.url}
        self.forms = {s.name: self._form(s, pipeline.component(s.name)) for s in self._deployed()}
        self.uses = {name: self._engines_of(name) for name in self.forms}
        self.forms |= {e.name: self._form(e, pipeline.catalog.component(e.kind)) for e in self.engines.values()}
        if GATEWAY in self.forms:
            raise PlanError(
                f"{GATEWAY!r} is the name of the process that runs the pipeline",
                hint=f"give the service another name: pipeline.rename({GATEWAY!r}, …)",
            )
        self.hosts = host_names([GATEWAY, *sorted(self.forms)])

    def plan(self, name: str) -> Plan:
        engines = [self._process(self.engines[n]) for n in sorted(self.engines)]
        services = _in_order([self._process(s) for s in self._deployed()])
        routes = {s.name: s.url or self._base(s.name) + self._endpoint(s) for s in self.pipeline.services.values()}
        gateway = self._gateway(routes, tuple(p.name for p in (*engines, *services)))
        document = self.pipeline.to_yaml()
        return Plan(name, self.target.name, (*engines, *services, gateway), dict(sorted(routes.items())), document)

    def _deployed(self) -> list[Service]:
        return [s for _, s in sorted(self.pipeline.services.items()) if not s.url]

    def _form(self, node: Service | Engine, component: Component) -> Form:
        """The form that the node asks for, else the one that suits the target and the engines that are drawn best."""
        possible = {n: f for n, f in component.forms.items() if self._takes(f)}
        if node.form:
            possible = {n: f for n, f in possible.items() if n == node.form}
        if not possible:
            comes_as = " or ".join(component.forms) or "nothing that opea_nb can start"
            raise PlanError(
                f"{node.name} ({node.kind}) cannot run on {self.target.name}: it comes as {comes_as}",
                hint=f"give {node.name} the url of one that runs elsewhere, or choose another target",
            )
        uses = self.pipeline.engines_of(node.name) if node.name in self.pipeline.services else ()
        own = {self.pipeline.engines[n].kind for n in uses}
        drawn = {e.kind for e in self.pipeline.engines.values()}

        def suits(form: Form) -> tuple[int, int, bool]:
            engines = set(form.engines)
            return len(own & engines), len(drawn & engines), form.accelerator == self.target.accelerator

        return max(possible.values(), key=suits)  # the first of the catalogue where several suit alike

    def _takes(self, form: Form) -> bool:
        if self.target.forms:
            return form.name in self.target.forms
        return bool(form.image) and form.accelerator in ("cpu", self.target.accelerator)

    def _engines_of(self, service: str) -> dict[str, Engine]:
        """Engine kind -> engine, for each that the service's form needs; one that is not drawn is added."""
        drawn = {self.pipeline.engines[n].kind: self.pipeline.engines[n] for n in self.pipeline.engines_of(service)}
        chosen = {}
        for kind in self.forms[service].engines:
            engine = drawn.get(kind) or self.engines.get(kind) or Engine(kind, kind)
            chosen[kind] = engine
            if not engine.url:
                self.engines[engine.name] = engine
        return chosen

    def _process(self, node: Service | Engine) -> Process:
        form = self.forms[node.name]
        links = {kind: self._linked(node.name, kind) for kind in form.links}
        near = links | self.uses.get(node.name, {})
        needs = sorted(n.name for n in near.values() if not n.url)
        volumes = tuple(Volume(v, self._volume(v, path)) for v, path in sorted(form.volumes.items()))
        environment = {k: self._fill(v, node, near) for k, v in form.environment.items()} | dict(node.environment)
        return Process(
            name=node.name,
            kind=node.kind,
            role="service" if isinstance(node, Service) else "engine",
            address=self._address(node.name),
            module=form.module,
            image=(node.image or form.image) if form.image else self.target.image,
            environment=dict(sorted(environment.items())),
            secrets=form.secrets,
            health=form.health,
            needs=tuple(needs),
            volumes=volumes,
            replicas=node.replicas,
            resources=node.resources,
            options=self._options(form, node, near),
            required=form.required,
            accelerator=form.accelerator,
        )

    def _options(self, form: Form, node: Service | Engine, near: Mapping[str, Service | Engine]) -> ContainerOptions:
        given = form.options
        entrypoint, command = (
            tuple(self._fill(word, node, near) for word in words) for words in (given.entrypoint, given.command)
        )
        return replace(given, entrypoint=entrypoint, command=command)

    def _gateway(self, routes: Mapping[str, str], needs: tuple[str, ...]) -> Process:
        keys = sorted({s.api_key for s in self.pipeline.services.values() if s.api_key})
        return Process(
            name=GATEWAY,
            kind=GATEWAY,
            role="gateway",
            address=self._address(GATEWAY),
            module="opea_nb.gateway",
            image=self.target.image,
            environment={"OPEA_NB_ROUTES": json.dumps(dict(sorted(routes.items())))},
            secrets=tuple(keys),
            needs=needs,
        )

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

    def _fill(self, value: str, node: Service | Engine, near: Mapping[str, Service | Engine]) -> str:
        form = self.forms[node.name]

        def filled(match: re.Match[str]) -> str:
            what, key = match.group(1), match.group(2)
            if what == "parameter":
                parameter = self.pipeline.catalog.component(node.kind).parameter(key)
                given = node.parameters.get(key, parameter.default if parameter else None)
                return "" if given is None else str(given)
            if what == "volume":
                return self._volume(key, form.volumes[key])
            if what == "pipeline":
                return self.pipeline.name
            address = self._where(near[key])
            return {"url": address.url, "host": address.host, "port": str(address.port)}[what]

        try:
            return re.sub(r"\{(url|host|port|parameter|volume|pipeline)(?::([\w.-]+))?\}", filled, value)
        except KeyError as error:
            raise PlanError(
                f"{node.kind}: the form {form.name!r} speaks of {error} in {value!r} but does not use it",
                hint="list it under engines:, links: or volumes: in the catalogue",
            ) from error

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
