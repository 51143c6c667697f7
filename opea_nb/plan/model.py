"""A plan: processes with everything that they need, and the target that it is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from opea_nb.catalog import ACCELERATORS, ContainerOptions, Health
from opea_nb.errors import PlanError

GATEWAY = "gateway"
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

    def __post_init__(self) -> None:
        if self.accelerator not in ACCELERATORS:
            raise PlanError(f"there is no accelerator {self.accelerator!r}", hint=f"use {', '.join(ACCELERATORS)}")

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
    optional
        Those that are handed through where the deployer has them: a token for models that anyone may fetch.
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
    optional: tuple[str, ...] = ()
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
        In an order in which they may start: each after what it needs; the gateway after all but what stands before it.
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


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """What a deployment says about its gateway.

    Parameters
    ----------
    record
        ``bodies``: a run keeps the request and response of each step, up to a limit; ``none``: only what happened when.
    step_timeout
        Seconds that one call of a service may take; ``None`` for the gateway's own limit of 10 minutes.
    """

    record: Literal["bodies", "none"] = "bodies"
    step_timeout: float | None = None

    def configure(self, plan: Plan) -> Plan:
        """The plan with these settings in its gateway's environment.

        Raises
        ------
        PlanError
            When a setting is none of the allowed values.
        """
        if self.record not in ("bodies", "none"):
            raise PlanError(f"record is {self.record!r}", hint="use bodies or none")
        if self.step_timeout is not None and not 0 < self.step_timeout < 1e7:
            raise PlanError(f"step_timeout is {self.step_timeout!r}", hint="give seconds over 0")
        said: dict[str, str] = {} if self.record == "bodies" else {"OPEA_NB_RECORD": self.record}
        if self.step_timeout is not None:
            said["OPEA_NB_TIMEOUT_TOTAL"] = f"{self.step_timeout:g}"
        gateway = plan.process(GATEWAY)
        configured = replace(gateway, environment=dict(sorted({**gateway.environment, **said}.items())))
        return replace(plan, processes=tuple(configured if p is gateway else p for p in plan.processes))
