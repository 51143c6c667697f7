"""Deploying from the Builder: start, attach, stop, and how each service is meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import CancelledError
from html import escape

from opea_nb.backends import BACKENDS, backend_of, loop
from opea_nb.backends.protocol import AsyncDeployment, Backend, DeploymentInfo, Progress, ServiceStatus
from opea_nb.errors import DeployError, OpeaError
from opea_nb.formats import unified
from opea_nb.notebook import deploy_shown
from opea_nb.notebook.builder.drift import drift
from opea_nb.notebook.builder.job import Job, sentence
from opea_nb.notebook.builder.light import Light
from opea_nb.notebook.builder.notice import Notice
from opea_nb.notebook.builder.session import Session
from opea_nb.notebook.builder.trace_marks import Marks
from opea_nb.notebook.look import MARKS
from opea_nb.pipeline import Pipeline

__all__ = ["Deploying"]

_WATCH = 1.5  # seconds between two looks at the services
_CLEAN_UP = 30.0  # seconds for a deployment that is not wanted any more to end its processes
_TITLES = {"local": "this machine"}


class Deploying:
    """The deployment that the Builder talks to, and its widgets: buttons, choice of backend, state, notices.

    Parameters
    ----------
    marks
        Shows how the services are, on the cards.
    backend
        Name of the backend that is chosen first, or a backend.
    open_log
        Shows the log of a service, given its name and the lines that are known.
    """

    def __init__(
        self,
        session: Session,
        light: Light,
        marks: Marks,
        backend: str | Backend,
        open_log: Callable[[str, Sequence[str]], None],
    ) -> None:
        self._session = session
        self._marks = marks
        self._open_log = open_log
        self._given = None if isinstance(backend, str) else backend
        self._job: Job[Progress, AsyncDeployment | None] = Job(session, self._refresh, rate=5)
        self._watch: Job[tuple[ServiceStatus, ...], None] = Job(session, rate=5)
        self._find: Job[None, tuple[DeploymentInfo, ...]] = Job(session)
        self._listeners: list[Callable[[], None]] = []
        self._revision = -1
        self._closed = False
        self.deployment: AsyncDeployment | None = None
        self.deployed: Pipeline | None = None
        self.statuses: tuple[ServiceStatus, ...] = ()
        self.deploy = light.button("Deploy", self.up, css="opea-deploy-button", icon="play", hint="Start every service")
        self.stop = light.button("Stop", self.down, css="opea-stop-button", icon="stop", hint="End the deployment")
        name = backend if isinstance(backend, str) else backend.name
        options = [(_TITLES.get(b, b), b) for b in dict.fromkeys((*BACKENDS, name))]
        self.backend = light.choice(options, name, lambda _: self.find(), css="opea-backend")
        self.backend.tooltip = "Where it runs"
        self.state = light.html(css="opea-deploy-state")
        self.trouble = Notice(light, "opea-trouble")
        self.drift = Notice(light, "opea-drift")
        session.on_refresh(self._refresh)
        self._refresh()
        self.find()

    def on_change(self, changed: Callable[[], None]) -> None:
        """Call `changed` when there is another deployment, or none any more."""
        self._listeners.append(changed)

    @property
    def busy(self) -> bool:
        """Whether one is being started or ended."""
        return self._job.busy

    def up(self) -> None:
        """Start the pipeline as it is now; the one before ends first."""
        session = self._session
        if self._job.busy:
            session.say("still busy: stop that first", bad=True)
            return
        wrong = next((p for p in session.problems if p.severity == "error"), None)
        if wrong is not None:
            if wrong.node:
                session.select(wrong.node)
            session.say(f"it cannot run yet: {wrong.message}{f' → {wrong.hint}' if wrong.hint else ''}", bad=True)
            return
        pipeline, before = session.pipeline.copy(), self.deployment
        backend = self._backend()
        self.trouble.hide()
        seen: tuple[ServiceStatus, ...] = ()

        async def work(tell: Callable[[Progress], None]) -> AsyncDeployment:
            if before is not None:
                await _whole(before.down())
            return await backend.up(pipeline, on_progress=tell)

        def progressed(progress: Progress) -> None:
            nonlocal seen
            seen = progress.services or seen
            self.statuses = seen
            self._marks.services(seen)
            self._tell("starting", deploy_shown.waiting_for(progress))
            session.work(f"deploying {pipeline.name}: {deploy_shown.waiting_for(progress)}")

        def ended(deployment: AsyncDeployment | None) -> None:
            session.work("")
            if deployment is None:
                return
            if self._closed:  # it came up while the builder was being closed
                loop.run(deployment.down())
                return
            self._use(deployment, pipeline, seen)
            session.say(f"{pipeline.name} is ready: ask it something below")

        session.say(f"deploying {pipeline.name} …")
        session.work(f"deploying {pipeline.name}")
        self._tell("starting", "starting")
        with session.lock:  # what the work tells is shown after what is told here
            self._job.start(work, progressed=progressed, ended=ended, failed=self._failed)
            self._drop()

    def down(self) -> None:
        """End the deployment, or what is going on."""
        session = self._session
        if self._job.busy:
            session.say("stopping …")
            self._job.cancel()
            return
        deployment = self.deployment
        if deployment is None:
            session.say("nothing is deployed")
            return

        async def work(_: object) -> None:
            await _whole(deployment.down())

        def ended(_: object) -> None:
            session.work("")
            session.say("stopped")

        session.say("stopping …")
        session.work("stopping")
        self._tell("stopped", "stopping")
        with session.lock:  # its end is shown after what is told here
            self._job.start(work, ended=ended, failed=self._failed)
            self._drop()

    def attach(self, name: str) -> None:
        """Use a deployment that runs already."""
        session, backend = self._session, self._backend()
        if self._job.busy or self.deployment is not None:
            session.say("stop what is deployed first", bad=True)
            return
        catalog = session.pipeline.catalog

        async def work(_: object) -> AsyncDeployment:
            found = await backend.attach(name)
            self.statuses = await found.status()
            return found

        def ended(deployment: AsyncDeployment | None) -> None:
            if deployment is not None:
                self.trouble.hide()
                self._use(deployment, unified.loads(deployment.document, source=name, catalog=catalog), self.statuses)
                session.say(f"attached to {name}, which goes on when this builder closes")

        self._job.start(work, ended=ended, failed=self._failed)

    def find(self) -> None:
        """Look for running deployments of this pipeline, and offer them."""
        if self._find.busy or self.deployment is not None or self._closed:
            return
        backend, name = self._backend(), self._session.pipeline.name

        async def work(_: object) -> tuple[DeploymentInfo, ...]:
            return await backend.list()

        def ended(found: tuple[DeploymentInfo, ...]) -> None:
            same = [d for d in found if d.pipeline == name]
            if not same or self.deployment is not None or self._job.busy:
                return
            acts = [(f"Attach to {d.name}", lambda d=d: self.attach(d.name)) for d in same[:3]]
            told = f"{name} runs already on {_TITLES.get(backend.name, backend.name)}"
            if not self.trouble.text:
                self.trouble.show(told, *acts)

        self._find.start(work, ended=ended, failed=lambda error: self._session.say(sentence(error), bad=True))

    def close(self) -> None:
        """End what was deployed here, leave what was attached to; doing it again changes nothing."""
        self._closed = True
        for job in (self._job, self._watch, self._find):
            job.cancel()
        deployment, self.deployment = self.deployment, None
        if deployment is not None:
            loop.run(deployment.down() if deployment.ends_with_owner else deployment.aclose())
        self._job.join(_CLEAN_UP)

    def _backend(self) -> Backend:
        chosen = str(self.backend.value)
        return self._given if self._given is not None and self._given.name == chosen else backend_of(chosen)

    def _use(self, deployment: AsyncDeployment, pipeline: Pipeline, statuses: tuple[ServiceStatus, ...]) -> None:
        self.deployment, self.deployed, self.statuses, self._revision = deployment, pipeline, statuses, -1
        self._marks.services(statuses)
        self._changed()

        async def work(tell: Callable[[tuple[ServiceStatus, ...]], None]) -> None:
            while True:
                tell(await deployment.status())
                await asyncio.sleep(_WATCH)

        def progressed(now: tuple[ServiceStatus, ...]) -> None:
            if self.deployment is not deployment:
                return
            if now and all(s.state == "stopped" for s in now):
                self._drop()
                self._session.say("the deployment was ended elsewhere", bad=True)
                return
            self.statuses = now
            self._marks.services(now)
            self._refresh()

        def failed(error: BaseException) -> None:
            if not isinstance(error, CancelledError):
                self._session.say(sentence(error), bad=True)

        self._watch.cancel()
        self._watch = Job(self._session, rate=5)
        self._watch.start(work, progressed=progressed, failed=failed)

    def _drop(self) -> None:
        """Know of no deployment any more."""
        self._watch.cancel()
        self.deployment = self.deployed = None
        self.statuses = ()
        self._marks.clear()
        self._changed()

    def _failed(self, error: BaseException) -> None:
        session, seen = self._session, self.statuses
        session.work("")
        self._drop()
        if isinstance(error, CancelledError):
            session.say("stopped")
            return
        message = error.message if isinstance(error, OpeaError) else f"{type(error).__name__}: {error}"
        hint = error.hint if isinstance(error, OpeaError) else ""
        service = error.service if isinstance(error, DeployError) else ""
        service = service or next((s.name for s in seen if s.state == "failed"), "")
        acts: list[tuple[str, Callable[[], object]]] = []
        if service:
            if service in session.pipeline.graph:
                session.select(service)
            self._marks.failed(service)
            log = error.log_tail if isinstance(error, DeployError) else ()
            acts.append((f"Log of {service}", lambda: self._open_log(service, log)))
        self.trouble.show(message, *acts, ("Deploy again", self.up), hint=hint, bad=True)
        session.say(f"not deployed: {sentence(error)}", bad=True)
        if isinstance(error, DeployError) and not service:
            self._offer_running(message, hint)

    def _offer_running(self, message: str, hint: str) -> None:
        """The name may be taken: let the user have the one that has it."""
        name, backend = self._session.pipeline.name, self._backend()

        async def work(_: object) -> tuple[DeploymentInfo, ...]:
            return await backend.list()

        def ended(found: tuple[DeploymentInfo, ...]) -> None:
            if any(d.name == name for d in found) and self.trouble.text == message:
                self.trouble.show(message, (f"Attach to {name}", lambda: self.attach(name)), hint=hint, bad=True)

        Job[None, tuple[DeploymentInfo, ...]](self._session).start(work, ended=ended, failed=lambda _: None)

    def _changed(self) -> None:
        self._refresh()
        for listener in tuple(self._listeners):
            listener()

    def _refresh(self) -> None:
        """Buttons, state, and whether what runs is what is drawn."""
        self.deploy.disabled = self._job.busy
        self.deploy.description = "Redeploy" if self.deployment is not None else "Deploy"
        self.stop.disabled = self.deployment is None and not self._job.busy
        self.backend.disabled = self.deployment is not None or self._job.busy
        if not self._job.busy:
            late = [s for s in self.statuses if s.state != "ready"]
            where = _TITLES.get(str(self.backend.value), str(self.backend.value))
            if self.deployment is None:
                self._tell("waiting", "not deployed")
            elif late:
                self._tell(late[0].state, ", ".join(f"{s.name} {s.state}" for s in late[:3]))
            else:
                self._tell("ready", f"running · {where}")
        self._compare()

    def _compare(self) -> None:
        if self.deployed is None:
            self.drift.hide()
            self._revision = -1
        elif self._revision != self._session.revision:
            self._revision = self._session.revision
            told = drift(self.deployed, self._session.pipeline)
            if told != self.drift.text:
                if told:
                    self.drift.show(told, ("Redeploy", self.up))
                else:
                    self.drift.hide()

    def _tell(self, state: str, text: str) -> None:
        told = f'<span class="opea-state" data-state="{escape(state)}">{MARKS[state]} {escape(text)}</span>'
        if self.state.value != told:
            self.state.value = told


async def _whole(work: Coroutine[None, None, None]) -> None:
    """Do all of it: a cancellation (Stop again, a Builder that closes) is passed on once it is done."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    task.result()
    if cancelled is not None:
        raise cancelled
