"""Live displays: a deployment coming up, a model being brought, a run going through its steps."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group
from rich.filesize import decimal
from rich.live import Live
from rich.table import Table
from rich.text import Text

from opea_nb.cli.output import out

if TYPE_CHECKING:
    from opea_nb.backends import Answer, Progress, RunningQuery, ServiceStatus, StepState

__all__ = ["Deploying", "service_table", "show_query", "step_table"]

_MARKS = {
    "waiting": ("○", "dim"),
    "starting": ("◌", "yellow"),
    "restarting": ("◌", "yellow"),
    "running": ("◐", "cyan"),
    "ready": ("●", "green"),
    "done": ("✓", "green"),
    "skipped": ("–", "dim"),
    "failed": ("✕", "red"),
    "stopped": ("○", "dim"),
}
_FRAME = 0.08  # seconds between two frames of a live run


class Deploying:
    """Shows a deployment on its way up; call it with each `Progress`, from any thread.

    Where there is no terminal it writes a line whenever the state of a service changes.
    """

    def __init__(self, console: Console = out) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._lock = threading.Lock()
        self._said: dict[str, str] = {}

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def __call__(self, progress: Progress) -> None:
        with self._lock:
            if self._console.is_terminal:
                self._live.update(_progress(progress), refresh=True)
            else:
                self._say(progress)

    def _say(self, progress: Progress) -> None:
        if progress.phase == "model":
            self._once("model", progress.detail)
        for service in progress.services:
            self._once(service.name, service.state)

    def _once(self, name: str, state: str) -> None:
        if self._said.get(name) != state:
            self._said[name] = state
            self._console.print(Text(f"{name}: {state}"))


def _progress(progress: Progress) -> Table | Text:
    if progress.services:
        return service_table(progress.services)
    total = f" of {decimal(progress.total)}" if progress.total else ""
    return Text(f"{progress.detail}: {decimal(progress.done)}{total}" if progress.done else progress.detail)


def service_table(services: Iterable[ServiceStatus]) -> Table:
    """The processes of a deployment."""
    table = Table.grid(padding=(0, 2))
    for s in services:
        restarts = f"{s.restarts} restarts" if s.restarts else ""
        table.add_row(_mark(s.state), Text(s.name), Text(s.state), Text(restarts), Text(s.detail, style="dim"))
    return table


def step_table(steps: Iterable[StepState]) -> Table:
    """The steps of a run."""
    table = Table.grid(padding=(0, 2))
    for s in steps:
        elapsed = "" if s.elapsed is None else f"{s.elapsed * 1000:.0f} ms"
        first = "" if s.first_token is None else f"first token {s.first_token * 1000:.0f} ms"
        note = s.reason or " · ".join(x for x in (first, f"{s.tokens} tokens" if s.tokens else "") if x)
        table.add_row(_mark(s.state), Text(s.name), Text(s.state), Text(elapsed, justify="right"), Text(note, "dim"))
    return table


def show_query(start: Callable[[], RunningQuery], console: Console = out) -> Answer:
    """Start a query, show its steps and the answer as it comes, and return the answer. An interrupt cancels it."""
    query = start()
    try:
        if console.is_terminal:
            with Live(console=console, auto_refresh=False, vertical_overflow="visible") as live:
                while not query.done:
                    live.update(Group(step_table(query.state.steps), Text(query.state.text)), refresh=True)
                    time.sleep(_FRAME)
                live.update(Group(step_table(query.state.steps), Text(query.state.text)), refresh=True)
            return query.result()
        try:
            answer = query.result()
        finally:
            console.print(step_table(query.state.steps))
    except KeyboardInterrupt:
        query.cancel()
        raise
    console.print(Text(answer.text))
    return answer


def _mark(state: str) -> Text:
    mark, style = _MARKS.get(state, ("?", ""))
    return Text(mark, style=style)
