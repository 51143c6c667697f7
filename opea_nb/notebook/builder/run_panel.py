"""Deploy, stop and ask, from the Builder: the work goes on in the background, the page stays usable."""

from __future__ import annotations

import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import CancelledError, Future
from typing import Any

import ipywidgets as w

from opea_nb.backends import loop
from opea_nb.backends.protocol import AsyncDeployment, Backend, Progress, ServiceStatus
from opea_nb.backends.runstate import RunState
from opea_nb.errors import OpeaError
from opea_nb.notebook import deploy_shown
from opea_nb.notebook.builder.form import on_enter
from opea_nb.notebook.builder.session import Session
from opea_nb.notebook.coalesce import Latest, pump
from opea_nb.notebook.deploy_view import DeployView
from opea_nb.notebook.run_shown import RunShown
from opea_nb.notebook.run_view import RunView
from opea_nb.pipeline import Pipeline

__all__ = ["RunPanel"]


class RunPanel:
    """The buttons and what they show.

    Parameters
    ----------
    backend
        Where pipelines run.
    """

    def __init__(self, session: Session, backend: Callable[[], Backend]) -> None:
        self._session = session
        self._backend = backend
        self._deployment: AsyncDeployment | None = None
        self._deployed: Pipeline | None = None
        self._work: Future[Any] | None = None
        self.deploy = _button(
            "Deploy", "play", "Start every service on this machine", self._deploy, "opea-deploy-button"
        )
        self.stop = _button("Stop", "stop", "End the deployment, or what is going on", self._stop, "opea-stop-button")
        self.stop.disabled = True
        self._question = w.Text(placeholder="Ask the deployed pipeline …", layout={"flex": "1", "width": "auto"})
        self._question.add_class("opea-ask")
        on_enter(self._question, self._ask)
        self._send = _button("Ask", "paper-plane", "Send the question", self._ask, "opea-ask-button")
        self._shown = w.VBox([])
        self.widget = w.VBox([w.HBox([self._question, self._send]), self._shown])

    @property
    def busy(self) -> bool:
        """Whether something goes on in the background."""
        return self._work is not None and not self._work.done()

    def _deploy(self) -> None:
        session = self._session
        if self.busy or self._deployment is not None:
            session.say("it is deployed already: stop it first", bad=True)
            return
        errors = [p for p in session.pipeline.problems() if p.severity == "error"]
        if errors:
            session.say(f"it cannot run yet: {errors[0].message}{_arrow(errors[0].hint)}", bad=True)
            return
        pipeline = session.pipeline.copy()
        view = DeployView(state=deploy_shown.starting(pipeline.name, Progress("services")))
        self._shown.children = (view,)
        box: Latest[Progress] = Latest()
        seen: tuple[ServiceStatus, ...] = ()

        def progressed(progress: Progress) -> None:
            nonlocal seen
            seen = progress.services or seen
            view.state = deploy_shown.starting(pipeline.name, progress)
            self._mark({s.name: s.state for s in seen})

        def ended(deployment: AsyncDeployment) -> None:
            self._deployment, self._deployed = deployment, pipeline
            view.state = deploy_shown.ready(pipeline.name, seen)
            self._mark({s.name: "ready" for s in seen})
            session.say(f"{pipeline.name} is ready: ask it something below")

        def failed(error: BaseException) -> None:
            stopped = isinstance(error, CancelledError)
            told = deploy_shown.stopped if stopped else None
            view.state = told(pipeline.name, seen) if told else deploy_shown.failed(pipeline.name, seen, error)
            self._mark({})

        session.say(f"starting {pipeline.name} …")
        self._start(self._backend().up(pipeline, on_progress=box.put), box, progressed, ended, failed)

    def _stop(self) -> None:
        if self.busy and self._work is not None:
            self._work.cancel()
            self._session.say("stopping …")
            return
        deployment, self._deployment = self._deployment, None
        if deployment is None:
            return

        def down(_: object) -> None:
            self._mark({})
            self._shown.children = ()
            self._session.say("stopped")

        self._session.say("stopping …")
        self._start(deployment.down(), Latest[None](), lambda _: None, down, self._tell)

    def _ask(self) -> None:
        session, question = self._session, self._question.value.strip()
        if self._deployment is None or self._deployed is None:
            session.say("deploy the pipeline first, then ask", bad=True)
            return
        if not question or self.busy:
            session.say("still busy with the last question" if self.busy else "type a question first", bad=True)
            return
        shown = RunShown(question, self._deployed)
        view, box, last = RunView(), Latest[RunState](), RunState()
        view.show(shown.shown(last), "")
        self._shown.children = (view,)

        def progressed(state: RunState) -> None:
            nonlocal last
            last = state
            view.show(shown.shown(state), state.text)

        def ended(answer: Any) -> None:
            view.show(shown.shown(answer.run.state), answer.text)

        def failed(error: BaseException) -> None:
            if isinstance(error, CancelledError):
                view.show(shown.shown(last, stopped="stopped by you"), last.text)
                return
            hint = error.hint if isinstance(error, OpeaError) else ""
            message = error.message if isinstance(error, OpeaError) else f"{type(error).__name__}: {error}"
            view.show(shown.shown(last, error=message, hint=hint), last.text)

        work = self._deployment.gateway.query(question, on_state=box.put)
        self._start(work, box, progressed, ended, failed)

    def _start(
        self,
        work: Coroutine[Any, Any, Any],
        box: Latest[Any],
        progressed: Callable[[Any], None],
        ended: Callable[[Any], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        """Do `work` on the background loop; a thread carries what it tells to the page, at a bounded rate."""
        self._work = future = loop.submit(work)
        self.deploy.disabled, self.stop.disabled = True, False

        def carry() -> None:
            try:
                for value in pump(future, box):
                    self._guarded(progressed, value)
                try:
                    result = future.result()
                except BaseException as error:  # noqa: BLE001 - whatever it is, the user is told
                    self._tell(error)
                    self._guarded(failed, error)
                else:
                    self._guarded(ended, result)
            finally:
                self.deploy.disabled = self._deployment is not None
                self.stop.disabled = self._deployment is None

        threading.Thread(target=carry, name="opea_nb-builder", daemon=True).start()

    def _guarded(self, show: Callable[[Any], None], value: Any) -> None:
        with self._session.lock:
            try:
                show(value)
            except Exception as error:  # noqa: BLE001 - a thread's error has no cell to appear in
                self._tell(error)

    def _tell(self, error: BaseException) -> None:
        if isinstance(error, CancelledError):
            self._session.say("stopped")
        elif isinstance(error, OpeaError):
            self._session.say(f"{error.message}{_arrow(error.hint)}", bad=True)
        else:
            self._session.say(f"{type(error).__name__}: {error}", bad=True)

    def _mark(self, states: Mapping[str, str]) -> None:
        self._session.mark(states)

    def close(self) -> None:
        """End the deployment that was made here; doing it again changes nothing."""
        if self._work is not None:
            self._work.cancel()
        deployment, self._deployment = self._deployment, None
        if deployment is not None:
            loop.run(deployment.down())


def _button(text: str, icon: str, help: str, act: Callable[[], None], css: str) -> w.Button:  # noqa: A002 - one word
    button = w.Button(description=text, icon=icon, tooltip=help, layout={"width": "auto"})
    button.add_class(css)
    button.on_click(lambda _: act())
    return button


def _arrow(hint: str) -> str:
    return f" → {hint}" if hint else ""
