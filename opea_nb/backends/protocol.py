"""What a backend is: where a pipeline runs, and what can be done with it there.

A backend says only how to start, watch, reach and stop; `opea_nb.backends.calls` talks to the gateway for all of them.
Every backend passes ``tests/backends/modules/compliance.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from opea_nb.plan import GatewaySettings

if TYPE_CHECKING:
    from opea_nb.backends.calls import Gateway
    from opea_nb.catalog import Catalog
    from opea_nb.pipeline import Pipeline

__all__ = ["AsyncDeployment", "Backend", "DeploymentInfo", "OnProgress", "Progress", "ServiceState", "ServiceStatus"]

ServiceState = Literal["waiting", "starting", "ready", "restarting", "failed", "stopped"]


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """One process of a deployment at one moment.

    Parameters
    ----------
    name
        Name of the service or engine in the pipeline, or ``gateway``.
    kind
        The component's kind.
    state
        ``waiting`` (for what it needs), ``starting``, ``ready``, ``restarting`` (after a crash), ``failed`` (it is not
        started again) or ``stopped``.
    detail
        What it is busy with, or what went wrong; empty when there is nothing to say.
    restarts
        How often it was started again after a crash.
    address
        ``http://host:port``.
    """

    name: str
    kind: str
    state: ServiceState
    detail: str = ""
    restarts: int = 0
    address: str = ""

    def __repr__(self) -> str:  # no port and no times: the same every time
        extra = f", {self.restarts} restarts" if self.restarts else ""
        return f"<{self.name}: {self.state}{extra}{f' ({self.detail})' if self.detail else ''}>"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a deployment is on its way up.

    Parameters
    ----------
    phase
        ``model`` (a model is being brought), ``services`` (processes start) or ``ready``.
    detail
        One line for people.
    done, total
        Bytes while a model is brought, services otherwise; a total of 0 is not known.
    services
        Every process of the deployment; empty while a model is brought.
    """

    phase: Literal["model", "services", "ready"]
    detail: str = ""
    done: int = 0
    total: int = 0
    services: tuple[ServiceStatus, ...] = ()


OnProgress = Callable[[Progress], None]
"""Called at most 10 times a second, on the thread that runs the deployment's event loop."""


@dataclass(frozen=True, slots=True)
class DeploymentInfo:
    """A deployment as `Backend.list` shows it.

    Parameters
    ----------
    keep
        Whether it outlives the process that made it.
    created
        Unix time, in seconds.
    """

    name: str
    backend: str
    pipeline: str
    url: str
    keep: bool
    created: float
    services: tuple[ServiceStatus, ...] = ()

    @property
    def state(self) -> str:
        """``ready`` when every service is, else the states that are not."""
        return ", ".join(sorted({s.state for s in self.services if s.state != "ready"})) or "ready"


@runtime_checkable
class AsyncDeployment(Protocol):
    """A running pipeline."""

    @property
    def name(self) -> str:
        """Name of the deployment; `Backend.attach` finds it by that."""

    @property
    def document(self) -> str:
        """The deployed pipeline as unified YAML."""

    @property
    def catalog(self) -> Catalog:
        """What its pipeline's kinds are: the package's and those that a user added."""

    @property
    def gateway(self) -> Gateway:
        """The calls to its gateway: queries, runs, documents."""

    @property
    def ends_with_owner(self) -> bool:
        """Whether leaving its context manager ends it: true for its maker unless made with ``keep=True``."""

    async def status(self) -> tuple[ServiceStatus, ...]:
        """Every process of the deployment, the gateway last. Works also when nothing runs any more."""

    async def logs(self, service: str, lines: int = 100) -> str:
        """The last `lines` lines of a service's log.

        Raises
        ------
        DeployError
            When the deployment has no such service.
        """

    async def down(self, *, volumes: bool = False) -> None:
        """Stop everything and forget the deployment; doing it again changes nothing.

        Parameters
        ----------
        volumes
            Whether to delete also what was stored (the ingested documents). Default: no.
        """

    async def aclose(self) -> None:
        """Close connections; the deployment goes on."""


@runtime_checkable
class Backend(Protocol):
    """Somewhere that pipelines run."""

    @property
    def name(self) -> str:
        """What it is called: ``local``, ``docker``."""

    async def up(
        self,
        pipeline: Pipeline,
        *,
        name: str = "",
        timeout: float | None = None,  # noqa: ASYNC109 - a limit that callers give
        keep: bool = False,
        on_progress: OnProgress | None = None,
        settings: GatewaySettings = GatewaySettings(),  # noqa: B008 - a frozen value
    ) -> AsyncDeployment:
        """Start a pipeline and return when all its services are ready. When that fails, nothing is left running.

        Parameters
        ----------
        name
            Name of the deployment; default: the pipeline's.
        timeout
            Seconds for everything to be ready; ``None``: only each service's own limit counts.
        keep
            Whether it outlives the calling process.
        settings
            What the gateway records, and how long a step may take.

        Raises
        ------
        PlanError
            When the pipeline cannot run here.
        NotReady, ServiceCrashed
            With the log's last lines.
        DeployError
            When the name is taken, or anything else.
        """

    async def attach(self, name: str) -> AsyncDeployment:
        """A running deployment by name.

        Raises
        ------
        DeployError
            When there is none of that name.
        """

    async def list(self) -> tuple[DeploymentInfo, ...]:
        """Every running deployment of this user, by name."""
