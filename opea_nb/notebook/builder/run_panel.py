"""Deploying, asking, feeding documents and reading logs: the Builder's parts that have to do with what runs."""

from __future__ import annotations

from collections.abc import Sequence

from opea_nb.backends.protocol import Backend
from opea_nb.errors import PipelineError
from opea_nb.notebook.builder.chat import Chat
from opea_nb.notebook.builder.deploy_part import Deploying
from opea_nb.notebook.builder.feeding import Feeding
from opea_nb.notebook.builder.light import Light
from opea_nb.notebook.builder.logs_panel import LogsPanel
from opea_nb.notebook.builder.session import Session
from opea_nb.notebook.builder.trace_marks import Marks

__all__ = ["RunPanel"]


class RunPanel:
    """What the Builder shows of the deployment: put `deploy`, `stop`, `backend` and `state` in the toolbar, `notices`
    where they are always seen, `widget` and `logs` in tabs of their own.

    Parameters
    ----------
    backend
        Name of the backend that is chosen first, or a backend.
    """

    def __init__(self, session: Session, light: Light, backend: str | Backend = "local") -> None:
        self._session = session
        marks = Marks(session)
        self.deploying = deploying = Deploying(session, light, marks, backend, self.open_log)
        self.feeding = Feeding(session, light, deploying)
        self.chat = Chat(session, light, deploying, marks, feed=self.feeding.feed, open_log=self.open_log)
        self.logs_panel = LogsPanel(session, light, deploying)
        self.deploy, self.stop = deploying.deploy, deploying.stop
        self.backend, self.state = deploying.backend, deploying.state
        self.notices = light.column(deploying.trouble.widget, deploying.drift.widget, css="opea-notices")
        self.chat.widget.children = (*self.chat.widget.children, self.feeding.widget)
        self.widget = light.row(self.chat.widget, self.chat.run_widget, css="opea-run-panel")
        self.logs = self.logs_panel.widget
        session.offer("deploy", deploying.up)
        session.offer("stop", deploying.down)

    @property
    def busy(self) -> bool:
        """Whether something is being started, ended or asked."""
        return self.deploying.busy or self.chat.busy

    def open_log(self, service: str, lines: Sequence[str] = ()) -> None:
        """Bring the log of a service to the front."""
        self.logs_panel.open(service, lines)
        try:
            self._session.call("panel", "logs")
        except PipelineError:  # a builder without tabs
            self._session.say(f"the log of {service} is in the logs panel")

    def close(self) -> None:
        """End what was deployed here, and what is going on; doing it again changes nothing."""
        self.logs_panel.close()
        self.feeding.close()
        self.chat.close()
        self.deploying.close()
