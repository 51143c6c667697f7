"""What a deployment needs, decided once: a pure function of pipeline and target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from opea_nb.catalog.model import Health

_EMPTY: Mapping[str, str] = MappingProxyType({})

GATEWAY = "gateway"


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
        What runs: a Python module (``python -m``) or a container image; one of them is empty.
    arguments
        Command-line arguments after the module, or the container's command.
    environment
        Variables with addresses filled in, sorted by name. Never a secret's value.
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
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    secrets: tuple[str, ...] = ()
    health: Health = Health()
    needs: tuple[str, ...] = ()
    volumes: tuple[Volume, ...] = ()
    replicas: int = 1
    resources: Mapping[str, str] = field(default_factory=lambda: _EMPTY)


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
