"""Documents for the deployed pipeline: files from the user's machine go into the store that its retriever searches."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from html import escape
from pathlib import Path, PurePosixPath

import ipywidgets as w

from opea_nb.backends.answer import Ingested
from opea_nb.backends.documents import SUFFIXES
from opea_nb.notebook.builder.deploy_part import Deploying
from opea_nb.notebook.builder.job import Job, sentence
from opea_nb.notebook.builder.light import Light
from opea_nb.notebook.builder.session import Session
from opea_nb.pipeline import Pipeline

__all__ = ["Feeding"]

_INGEST = "/v1/dataprep/"
_TOLD = 4  # names


class Feeding:
    """A button that takes files, and what is in the store."""

    def __init__(self, session: Session, light: Light, deploying: Deploying) -> None:
        self._session = session
        self._deploying = deploying
        self._job: Job[Ingested, tuple[str, ...]] = Job(session, self._refresh, rate=5)
        self._waiting: list[tuple[str, bytes]] = []
        self._stored: tuple[str, ...] = ()
        self.upload = w.FileUpload(
            description="Add documents", multiple=True, accept=",".join(SUFFIXES), layout=light.layout
        )
        self.upload.add_class("opea-feed")
        self.upload.observe(self._uploaded, names="value")
        self._told = light.html()
        self.widget = light.row(self.upload, self._told, css="opea-feeding")
        deploying.on_change(self._changed)
        self._refresh()

    def feed(self, name: str, content: bytes) -> None:
        """Put a file in; those that come meanwhile go after it."""
        deployment = self._deploying.deployment
        if deployment is None or not takes_documents(self._deploying.deployed):
            self._session.say(_why_not(self._deploying.deployed), bad=True)
            return
        with self._session.lock:
            self._waiting.append((PurePosixPath(name.replace("\\", "/")).name or "document.txt", content))
            if not self._job.busy:
                self._begin()

    def _uploaded(self, change: dict[str, Sequence[dict[str, object]]]) -> None:
        files = [(str(f["name"]), bytes(f["content"])) for f in change["new"]]  # type: ignore[call-overload]  # a memoryview
        if files:
            self.upload.value = ()  # contents stay in no widget's state
        for name, content in files:
            self.feed(name, content)

    def _begin(self) -> None:
        deployment, files = self._deploying.deployment, tuple(self._waiting)
        self._waiting.clear()
        if deployment is None or not files:
            return
        documents = deployment.gateway.documents

        async def work(tell: Callable[[Ingested], None]) -> tuple[str, ...]:
            with tempfile.TemporaryDirectory(prefix="opea_nb-") as folder:
                paths = await asyncio.to_thread(_write, Path(folder), files)
                await documents.ingest(*paths, on_document=tell)
            return await documents.list()

        def ended(stored: tuple[str, ...]) -> None:
            self._stored = stored
            self._session.say(f"{', '.join(name for name, _ in files[:_TOLD])}: in the store")
            self._begin()

        def failed(error: BaseException) -> None:
            if isinstance(error, CancelledError):
                self._waiting.clear()
                return
            self._session.say(sentence(error), bad=True)
            self._begin()  # what was given meanwhile is not to blame

        self._session.say(f"reading {', '.join(name for name, _ in files[:_TOLD])} …")
        self._job.start(
            work, progressed=lambda one: self._session.say(f"{one.name} is read"), ended=ended, failed=failed
        )

    def _changed(self) -> None:
        self._stored = ()
        deployment = self._deploying.deployment
        if deployment is not None and takes_documents(self._deploying.deployed) and not self._job.busy:

            async def work(_: object) -> tuple[str, ...]:
                return await deployment.gateway.documents.list()

            def ended(stored: tuple[str, ...]) -> None:
                self._stored = stored
                self._begin()  # with what was given meanwhile

            self._job.start(work, ended=ended, failed=self._not_listed)
        self._refresh()

    def _not_listed(self, error: BaseException) -> None:
        if not isinstance(error, CancelledError):
            self._session.say(f"the documents in the store are not known: {sentence(error)}", bad=True)
            self._begin()

    def _refresh(self) -> None:
        deployed = self._deploying.deployed
        ready = takes_documents(deployed)
        self.upload.disabled = not ready
        if not ready:
            text = _why_not(deployed)
        elif self._job.busy:
            text = "◐ reading documents …"
        elif self._stored:
            more = f" and {len(self._stored) - _TOLD} more" if len(self._stored) > _TOLD else ""
            text = f"in the store: {', '.join(self._stored[:_TOLD])}{more}"
        else:
            text = "the store is empty; files can also be dropped here"
        self._told.value = f"<span>{escape(text)}</span>"

    def close(self) -> None:
        """End what is being put in; doing it again changes nothing."""
        self._waiting.clear()
        self._job.cancel()


def takes_documents(pipeline: Pipeline | None) -> bool:
    """Whether a pipeline has a service that documents can be given to."""
    if pipeline is None:
        return False
    return any(_INGEST in pipeline.component(name).routes for name in pipeline.services)


def _why_not(pipeline: Pipeline | None) -> str:
    return "documents: deploy first" if pipeline is None else "documents: this pipeline has no dataprep service"


def _write(folder: Path, files: Sequence[tuple[str, bytes]]) -> list[Path]:
    paths = []
    for at, (name, content) in enumerate(files):
        path = folder / str(at) / name  # two files of one name are both put in
        path.parent.mkdir()
        path.write_bytes(content)
        paths.append(path)
    return paths
