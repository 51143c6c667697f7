"""Where pipelines run: one interface, and the calls that start and find deployments."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Literal

from opea_nb.backends.answer import Answer, Ingested, Run
from opea_nb.backends.calls import Gateway
from opea_nb.backends.deployment import Deployment
from opea_nb.backends.protocol import (
    AsyncDeployment,
    Backend,
    DeploymentInfo,
    OnProgress,
    Progress,
    ServiceStatus,
)
from opea_nb.backends.running import RunningQuery
from opea_nb.backends.runstate import RunState, StepState, fold
from opea_nb.errors import DeployError

if TYPE_CHECKING:
    from opea_nb.pipeline import Pipeline

BACKENDS = ("local",)
"""Names of the backends that there are."""

__all__ = [
    "BACKENDS",
    "Answer",
    "AsyncDeployment",
    "Backend",
    "Deployment",
    "DeploymentInfo",
    "Gateway",
    "Ingested",
    "OnProgress",
    "Progress",
    "Run",
    "RunState",
    "RunningQuery",
    "ServiceStatus",
    "StepState",
    "attach",
    "backend_of",
    "deploy",
    "deployments",
    "fold",
]


def backend_of(name: str) -> Backend:
    """The backend of that name.

    Raises
    ------
    DeployError
        When there is none.
    """
    if name == "local":
        from opea_nb.backends.local.backend import LocalBackend  # each backend brings its own dependencies

        return LocalBackend()
    raise DeployError(f"there is no backend {name!r}", hint=f"there is: {', '.join(BACKENDS)}")


def deploy(
    pipeline: Pipeline,
    *,
    backend: str | Backend = "local",
    name: str = "",
    keep: bool = False,
    timeout: float | None = None,
    progress: bool | OnProgress = True,
    record: Literal["bodies", "none"] = "bodies",
    step_timeout: float | None = None,
) -> Deployment:
    """Start a pipeline and return when it is ready. An interrupt ends what was started.

    Parameters
    ----------
    pipeline
        What to start.
    backend
        ``local``, or a backend object.
    name
        Name of the deployment; default: the pipeline's.
    keep
        Whether it stays until ``down()`` instead of ending with this process. Default: no.
    timeout
        Seconds for all services to be ready; ``None``: each service's own limit.
    progress
        Whether it is shown, where there is something to show it; or a function to call instead, at most 10 times a
        second, on a background thread.
    record
        ``bodies``: runs keep the request and response of each step, up to a limit; ``none``: only what happened when.
    step_timeout
        Seconds that one call of a service may take; ``None``: the gateway's own limit.

    Raises
    ------
    PlanError
        When the pipeline cannot run there.
    DeployError, NotReady, ServiceCrashed
        When it does not start; nothing is left running then.
    ModelError
        When a model cannot be brought.
    """
    from opea_nb.backends import loop, showing
    from opea_nb.plan import GatewaySettings

    runner = backend_of(backend) if isinstance(backend, str) else backend
    settings = GatewaySettings(record, step_timeout)

    def start(on_progress: OnProgress | None) -> Coroutine[Any, Any, AsyncDeployment]:
        return runner.up(pipeline, name=name, timeout=timeout, keep=keep, on_progress=on_progress, settings=settings)

    display = showing.current()
    if progress is True and display is not None:
        return Deployment(display.deploy(start, pipeline=pipeline, name=name or pipeline.name))
    return Deployment(loop.run(start(progress if callable(progress) else None)))


def attach(name: str, *, backend: str | Backend = "local") -> Deployment:
    """A running deployment, found by name from whatever process.

    Raises
    ------
    DeployError
        When none of that name runs.
    """
    from opea_nb.backends import loop

    runner = backend_of(backend) if isinstance(backend, str) else backend
    return Deployment(loop.run(runner.attach(name)))


def deployments(*, backend: str | Backend = "local") -> tuple[DeploymentInfo, ...]:
    """Every running deployment of this user."""
    from opea_nb.backends import loop

    runner = backend_of(backend) if isinstance(backend, str) else backend
    return loop.run(runner.list())
