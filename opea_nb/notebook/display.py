"""What plain calls show in a notebook: `Deployment.query` its run, `Pipeline.deploy` its services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from opea_nb.backends import showing

if TYPE_CHECKING:
    from opea_nb.backends.answer import Answer
    from opea_nb.backends.calls import Question
    from opea_nb.backends.protocol import AsyncDeployment
    from opea_nb.backends.showing import Asking, Starting
    from opea_nb.pipeline import Pipeline

__all__ = ["NotebookDisplay", "install"]


class NotebookDisplay:
    """Shows runs and deployments in the cell that is being run. The widgets are imported when first needed."""

    def deploy(self, starting: Starting, *, pipeline: Pipeline, name: str) -> AsyncDeployment:  # noqa: ARG002 - protocol
        """Start a deployment and show it on its way up."""
        from opea_nb.notebook.deploy_view import show_deploy

        return show_deploy(starting, name)

    def query(self, asking: Asking, *, question: Question, pipeline: Pipeline) -> Answer:
        """Ask and show the run."""
        from opea_nb.notebook.ask import show_run
        from opea_nb.notebook.run_shown import RunShown

        return show_run(asking, RunShown(text_of(question), pipeline))


def text_of(question: str | Sequence[Mapping[str, Any]]) -> str:
    """What was asked, of a text or of a conversation's last turn.

    >>> text_of([{"role": "system", "content": "Be short."}, {"role": "user", "content": "Why?"}])
    'Why?'
    """
    if isinstance(question, str):
        return question
    return str(question[-1].get("content", "")) if question else ""


def install() -> None:
    """Show what plain calls do, when this process is a notebook's kernel; elsewhere nothing changes."""
    from opea_nb.notebook.place import in_notebook

    if showing.current() is None and in_notebook():
        showing.use(NotebookDisplay())
