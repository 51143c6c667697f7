"""The widget that shows a deployment coming up, and the call that shows it in a cell."""

from __future__ import annotations

import threading
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from opea_nb.backends import loop
from opea_nb.backends.protocol import AsyncDeployment, Progress, ServiceStatus
from opea_nb.notebook import deploy_shown
from opea_nb.notebook.coalesce import Latest, pump
from opea_nb.notebook.deploy_static import bundle
from opea_nb.notebook.place import CellOutput, Output

if TYPE_CHECKING:
    from opea_nb.backends.showing import Starting

__all__ = ["DeployView", "show_deploy"]

_STATIC = files("opea_nb.static")
_CLEAN_UP = 30.0  # seconds for an interrupted deployment to end its processes


class DeployView(anywidget.AnyWidget):
    """A deployment in the page: one line a process."""

    _esm = _STATIC.joinpath("deploy-view.js").read_text(encoding="utf-8")
    _css = _STATIC.joinpath("deploy-view.css").read_text(encoding="utf-8")

    state = traitlets.Dict().tag(sync=True)

    def __repr__(self) -> str:  # the inherited one holds a memory address
        state: dict[str, Any] = self.state
        return f"<DeployView {state.get('title', '')}: {state.get('state', 'starting')}>"


def show_deploy(start: Starting, name: str, output: Output | None = None) -> AsyncDeployment:
    """Start a deployment, show it until it is ready, and return it. An interrupt ends what was started.

    Parameters
    ----------
    start
        Starts it on the background loop.
    output
        Where to show it; the running cell when ``None``.
    """
    output = output or CellOutput()
    box: Latest[Progress] = Latest()
    services: tuple[ServiceStatus, ...] = ()
    final = deploy_shown.starting(name, Progress("services"))
    view = DeployView(state=final)
    output.live(view)
    cleaned_up = threading.Event()

    async def started() -> AsyncDeployment:
        try:
            return await start(box.put)
        finally:
            cleaned_up.set()

    work = loop.submit(started())
    try:
        for progress in pump(work, box):
            services = progress.services or services
            view.state = deploy_shown.starting(name, progress)
        deployment = loop.wait(work)
        final = deploy_shown.ready(name, services)
        return deployment
    except KeyboardInterrupt:
        work.cancel()
        cleaned_up.wait(_CLEAN_UP)
        final = deploy_shown.stopped(name, services)
        raise
    except BaseException as error:
        final = deploy_shown.failed(name, services, error)
        raise
    finally:
        view.state = final
        output.settle(bundle(final))
        view.close()
