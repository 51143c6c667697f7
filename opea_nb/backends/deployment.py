"""A running pipeline with plain methods, which work in a script and in a notebook cell alike."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from opea_nb.backends import loop, showing
from opea_nb.backends.answer import Answer, Ingested, Run
from opea_nb.backends.calls import OnState, Question
from opea_nb.backends.protocol import AsyncDeployment, ServiceStatus
from opea_nb.backends.running import RunningQuery
from opea_nb.formats import unified
from opea_nb.pipeline import Pipeline

__all__ = ["Deployment"]


class Deployment:
    """A running pipeline. As a context manager it is ended at the end, unless it was made to stay or attached to.

    Parameters
    ----------
    inner
        The same deployment with async methods; public as `aio`.
    """

    def __init__(self, inner: AsyncDeployment) -> None:
        self.aio = inner

    @property
    def name(self) -> str:
        """Name of the deployment; ``attach`` finds it by that."""
        return self.aio.name

    @property
    def url(self) -> str:
        """Address of the gateway."""
        return self.aio.gateway.url

    @property
    def document(self) -> str:
        """The deployed pipeline as unified YAML."""
        return self.aio.document

    @property
    def pipeline(self) -> Pipeline:
        """The deployed pipeline, as it was when it was deployed."""
        return unified.loads(self.document, source=self.name, catalog=self.aio.catalog)

    def __repr__(self) -> str:
        return f"<deployment {self.name!r}>"

    def status(self) -> tuple[ServiceStatus, ...]:
        """Every process, the gateway last."""
        return loop.run(self.aio.status())

    def logs(self, service: str, lines: int = 100) -> str:
        """The last `lines` lines of a service's log; ``gateway`` names the gateway."""
        return loop.run(self.aio.logs(service, lines))

    def query(self, question: Question, *, show: bool = True, **options: Any) -> Answer:
        """Ask, and wait for the answer. An interrupt cancels the run.

        Parameters
        ----------
        question
            Text, or a list of chat messages.
        show
            Whether the run is shown live, where there is something to show it.
        options
            ``timeout`` in seconds, ``stream``, ``endpoint``, and parameters of the request: ``max_tokens``,
            ``temperature``, ``k``, ``top_n`` …

        Raises
        ------
        StepFailed
            With step, URL, status and the first lines of the body.
        RunError, DeployError
            When the query failed otherwise, or the gateway does not answer.
        """
        display = showing.current() if show else None
        if display is None:
            return self.start_query(question, **options).result()

        def ask(on_state: OnState) -> Coroutine[Any, Any, Answer]:
            return self.aio.gateway.query(question, on_state=on_state, **options)

        return display.query(ask, question=question, pipeline=self.pipeline)

    def start_query(self, question: Question, **options: Any) -> RunningQuery:
        """Ask, and return at once; arguments as of `query`."""
        return RunningQuery(self.aio.gateway, question, **options)

    async def aquery(self, question: Question, **options: Any) -> Answer:
        """`query` for async code."""
        return await self.aio.gateway.query(question, **options)

    def runs(self) -> tuple[Mapping[str, Any], ...]:
        """The runs that the gateway remembers, newest first."""
        return loop.run(self.aio.gateway.runs())

    def run(self, run_id: str) -> Run:
        """A recorded run with its steps."""
        return loop.run(self.aio.gateway.run(run_id))

    def ingest(self, *paths: str | Path, text: Mapping[str, str] | None = None) -> tuple[Ingested, ...]:
        """Put documents into the store that the retriever searches.

        Parameters
        ----------
        paths
            Files, or folders that are searched for text, Markdown, HTML and PDF.
        text
            Name -> text of documents that are in no file.

        Raises
        ------
        RunError
            When a document was refused; it names the document.
        """
        return loop.run(self.aio.gateway.documents.ingest(*paths, text=text))

    def documents(self) -> tuple[str, ...]:
        """Names of the documents in the store."""
        return loop.run(self.aio.gateway.documents.list())

    def delete_document(self, name: str) -> None:
        """Take a document out of the store; ``all`` takes out every one."""
        loop.run(self.aio.gateway.documents.delete(name))

    def down(self, *, volumes: bool = False) -> None:
        """Stop everything; doing it again changes nothing.

        Parameters
        ----------
        volumes
            Whether to delete also the ingested documents. Default: no.
        """
        loop.run(self.aio.down(volumes=volumes))

    def close(self) -> None:
        """End what `deploy` made in this process, leave the rest running; close connections. Idempotent."""
        loop.run(self.aio.down() if self.aio.ends_with_owner else self.aio.aclose())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
