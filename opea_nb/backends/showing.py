"""Who shows what goes on: a notebook installs its live views here, without this package knowing of notebooks."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Protocol

from opea_nb.backends.answer import Answer
from opea_nb.backends.calls import OnState, Question
from opea_nb.backends.protocol import AsyncDeployment, OnProgress

if TYPE_CHECKING:
    from opea_nb.pipeline import Pipeline

__all__ = ["Asking", "Display", "Starting", "current", "use"]

Asking = Callable[[OnState], Coroutine[Any, Any, Answer]]
"""Makes the work of a query, which tells each of its states to the given callback."""

Starting = Callable[[OnProgress], Coroutine[Any, Any, AsyncDeployment]]
"""Makes the work of starting a deployment, which tells its progress to the given callback."""


class Display(Protocol):
    """Does the work of plain calls on `opea_nb.backends.loop` and shows it meanwhile."""

    def deploy(self, starting: Starting, *, pipeline: Pipeline, name: str) -> AsyncDeployment:
        """Start a deployment, show it on its way up, and return it, or raise what it raised."""

    def query(self, asking: Asking, *, question: Question, pipeline: Pipeline) -> Answer:
        """Ask, show the run, and return the answer, or raise what it raised."""


_current: Display | None = None


def use(display: Display | None) -> None:
    """Let `display` show what plain calls do from now on; ``None`` shows nothing."""
    global _current  # noqa: PLW0603 - one front end a process
    _current = display


def current() -> Display | None:
    """The display in use."""
    return _current
