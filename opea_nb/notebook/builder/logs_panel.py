"""The logs of the deployed services: follows the selection, and the log's end while it is looked at."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from html import escape

from opea_nb.notebook.builder.deploy_part import Deploying
from opea_nb.notebook.builder.job import Job, sentence
from opea_nb.notebook.builder.light import Light
from opea_nb.notebook.builder.session import Session
from opea_nb.notebook.log_view import LogView

__all__ = ["LINES", "LogsPanel"]

LINES = 400
"""How many lines are shown at most."""

_LENGTH = 2_000  # characters of one line
_EVERY = 1.0  # seconds between two looks at a log that is shown


class LogsPanel:
    """One log at a time.

    Parameters
    ----------
    deploying
        Whose services they are.
    """

    def __init__(self, session: Session, light: Light, deploying: Deploying) -> None:
        self._session = session
        self._deploying = deploying
        self._kept: dict[str, tuple[str, ...]] = {}  # of services that are gone: what the error told
        self._selected = ""
        self._job: Job[tuple[str, list[str]], None] = Job(session, rate=5)
        self._light = light
        self.service = light.choice([], None, lambda _: self.show(), css="opea-log-service")
        self.service.tooltip = "Whose log"
        self.again = light.button(
            "Read again", self.show, css="opea-log-again", icon="refresh", hint="Read the log now"
        )
        self.view = LogView(self._follow, title="Log")
        self._plain = light.html(css="opea-plain")
        self._said = light.html()
        whose = light.row(self.service, self.again, self._said)
        self.widget = light.column(whose, self.view, self._plain, css="opea-log-panel")
        session.on_refresh(self._refresh)
        deploying.on_change(self._refresh)
        self._refresh()

    def open(self, service: str, lines: Sequence[str] = ()) -> None:
        """Show a service's log.

        Parameters
        ----------
        lines
            What is known of it, where the service itself is gone.
        """
        with self._session.lock:
            if lines:
                self._kept[service] = tuple(lines)
            self._options()
            if service in self.service.options:
                self.service.value = service
            self.show()

    def show(self) -> None:
        """Read the chosen log, and go on while it is looked at."""
        with self._session.lock:
            service = self.service.value
            if self._deploying.deployment is None:
                self._put(service or "", list(self._kept.get(service or "", ())))
                return
            if service:
                self._job.cancel()
                self._read(service)

    def _read(self, service: str) -> None:
        deployment = self._deploying.deployment
        if deployment is None:
            return

        async def work(tell: Callable[[tuple[str, list[str]]], None]) -> None:
            while True:
                tell((service, (await deployment.logs(service, LINES)).splitlines()))
                if not self.view.seen:
                    return
                await asyncio.sleep(_EVERY)

        def progressed(told: tuple[str, list[str]]) -> None:
            if self.service.value == told[0] and self._deploying.deployment is deployment:
                self._put(*told)

        def failed(error: BaseException) -> None:
            if not isinstance(error, CancelledError):
                self._session.say(sentence(error), bad=True)

        self._job = Job(self._session, rate=5)
        self._job.start(work, progressed=progressed, failed=failed)

    def _follow(self) -> None:
        """A page shows it."""
        if not self._job.busy:
            self.show()

    def _put(self, service: str, lines: list[str]) -> None:
        shown = [line if len(line) <= _LENGTH else f"{line[:_LENGTH]} …" for line in lines[-LINES:]]
        if shown != self.view.lines or service not in self.view.title:
            self.view.title = f"Log of {service}" if service else "Log"
            self.view.lines = shown
            self._plain.value = f"<pre>{escape(chr(10).join(shown[-50:]))}</pre>"
        text = "" if shown else "nothing written yet" if self._deploying.deployment else "deploy to see logs"
        self._said.value = f'<span class="opea-said">{text}</span>'

    def _options(self) -> None:
        names = [s.name for s in self._deploying.statuses]
        names += [name for name in self._kept if name not in names]
        if list(self.service.options) != names:
            chosen = self.service.value
            self.service.options = names
            if chosen in names:
                self.service.value = chosen
        for part in (self.service, self.again, self.view):  # an empty list and a grey field say nothing
            self._light.show(part, bool(names))

    def _refresh(self) -> None:
        if self._deploying.deployment is not None:
            self._kept.clear()
        self._options()
        one = self._session.one
        if one != self._selected:  # only a change: the reader may choose another log meanwhile
            self._selected = one
            if one in self.service.options:
                self.service.value = one
        if self._deploying.deployment is None and not self.service.options:
            self._put("", [])

    def close(self) -> None:
        """Read no more; doing it again changes nothing."""
        self._job.cancel()
