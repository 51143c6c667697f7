"""Who shows what goes on: a notebook installs its live views here, without this package knowing of notebooks."""

from __future__ import annotations

from typing import Protocol

from opea_nb.backends.protocol import OnProgress
from opea_nb.backends.running import RunningQuery

__all__ = ["Display", "current", "use"]


class Display(Protocol):
    """Shows deployments on their way up, and queries on theirs."""

    def deploying(self, name: str) -> OnProgress:
        """Begin to show a deployment; what is returned is called with its progress, on the background thread."""

    def query(self, query: RunningQuery) -> None:
        """Begin to show a query; return at once."""


_current: Display | None = None


def use(display: Display | None) -> None:
    """Let `display` show what plain calls do from now on; ``None`` shows nothing."""
    global _current  # noqa: PLW0603 - one front end a process
    _current = display


def current() -> Display | None:
    """The display in use."""
    return _current
