"""What the cards show of a deployment and of the run that is looked at."""

from __future__ import annotations

from collections.abc import Sequence

from opea_nb.backends.protocol import ServiceStatus
from opea_nb.backends.runstate import RunState
from opea_nb.notebook.builder.session import Session
from opea_nb.notebook.deploy_shown import percent
from opea_nb.notebook.run_words import duration

__all__ = ["Marks"]

_READINESS = {"restarting": "starting"}
_STRONGER = frozenset({"failed", "stopped", "starting"})  # what a service is now matters more than what it did


class Marks:
    """Puts states and times on the cards: readiness of the services, and over it the steps of a run."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._services: dict[str, tuple[str, str]] = {}
        self._steps: dict[str, tuple[str, str]] = {}

    def services(self, statuses: Sequence[ServiceStatus]) -> None:
        """Show how the services are."""
        self._services = {s.name: (_READINESS.get(s.state, s.state), percent(s)) for s in statuses}
        self._show()

    def run(self, state: RunState | None, *, stopped: bool = False) -> None:
        """Show a run; ``None`` for none.

        Parameters
        ----------
        stopped
            Whether the user ended it: steps on their way are ``stopped`` then.
        """
        steps = state.steps if state is not None else ()
        self._steps = {
            s.name: ("stopped", "")
            if stopped and s.state in ("waiting", "running")
            else (s.state, duration(s.elapsed) if s.elapsed is not None and s.state != "skipped" else "")
            for s in steps
        }
        self._show()

    def failed(self, name: str) -> None:
        """Point at the one that failed."""
        self._services[name] = ("failed", "")
        self._show()

    def clear(self) -> None:
        """Show nothing."""
        self._services, self._steps = {}, {}
        self._show()

    def _show(self) -> None:
        shown = self._services | {
            name: told
            for name, told in self._steps.items()
            if self._services.get(name, ("", ""))[0] not in _STRONGER or told[0] == "failed"
        }
        graph = self._session.pipeline.graph
        shown = {name: told for name, told in shown.items() if name in graph}
        self._session.mark({n: state for n, (state, _) in shown.items()}, {n: t for n, (_, t) in shown.items() if t})
