"""Asking a deployment from the Builder: a conversation, the run of each answer, and the trace on the cards."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError
from dataclasses import replace

import ipywidgets as w

from opea_nb.backends.answer import Answer
from opea_nb.backends.runstate import RunState
from opea_nb.errors import OpeaError, StepFailed
from opea_nb.notebook.builder.conversation import Said, history, plain, turn_of
from opea_nb.notebook.builder.deploy_part import Deploying
from opea_nb.notebook.builder.job import Job
from opea_nb.notebook.builder.light import Light, on_enter
from opea_nb.notebook.builder.session import Session
from opea_nb.notebook.builder.trace_marks import Marks
from opea_nb.notebook.chat_view import ChatView
from opea_nb.notebook.run_shown import RunShown
from opea_nb.notebook.run_view import RunView

__all__ = ["Chat"]

_KEPT = 50  # turns
_DEPLOY_FIRST = "Deploy the pipeline, then ask it something here."
_ASK = "Ask something. Drop files here to let the pipeline know them."


class Chat:
    """The conversation and the run view beside it.

    Parameters
    ----------
    deploying
        Where the questions go.
    feed
        Takes a dropped file: its name and content.
    open_log
        Shows the log of a service.
    """

    def __init__(
        self,
        session: Session,
        light: Light,
        deploying: Deploying,
        marks: Marks,
        *,
        feed: Callable[[str, bytes], None],
        open_log: Callable[[str], None],
    ) -> None:
        self._session = session
        self._deploying = deploying
        self._marks = marks
        self._open_log = open_log
        self._job: Job[RunState, Answer] = Job(session, self._refresh)
        self._said: list[Said] = []
        self._next = 1
        self._on_show = 0  # the turn whose run is shown
        self._run: RunView | None = None
        self.view = ChatView(
            self.ask, self.show_run, feed, lambda text: session.say(text, bad=True), hint=_DEPLOY_FIRST
        )
        ask = "Ask the deployed pipeline …"
        self.question = light.text(placeholder=ask, css="opea-ask opea-grow", continuous_update=True)
        on_enter(self.question, self._asked_plainly)
        self.send = light.button("Ask", self._asked_plainly, css="opea-ask-button", icon="paper-plane", hint="Enter")
        self.stop = light.button("Stop", self.cancel, css="opea-cancel-button", icon="stop", hint="Stop this answer")
        self.clear = light.button("Clear", self.forget, css="opea-clear-button", icon="eraser", hint="Begin anew")
        self._plain = light.html(css="opea-plain")
        self.line = light.row(self.question, self.send, self.stop, self.clear)
        self.widget = w.VBox([self.view, self._plain, self.line], layout={"flex": "1 1 340px"})
        self.widget.add_class("opea-chat")
        self.run_widget = w.VBox([], layout=self.widget.layout)
        self.run_widget.add_class("opea-run-box")
        deploying.on_change(self._deployment_changed)
        session.on_refresh(self._refresh)
        self._refresh()

    @property
    def said(self) -> tuple[Said, ...]:
        """The conversation so far."""
        return tuple(self._said)

    @property
    def busy(self) -> bool:
        """Whether an answer is on its way."""
        return self._job.busy

    def _asked_plainly(self) -> None:
        """The page without the chat's own view: the question is what the field holds."""
        question, self.question.value = self.question.value.strip(), ""
        if not question:
            self._session.say("type a question first", bad=True)
            return
        self.ask(question)

    def ask(self, question: str) -> None:
        """Ask, with the conversation so far."""
        session, deploying = self._session, self._deploying
        with session.lock:
            deployment, deployed = deploying.deployment, deploying.deployed
            if deployment is None or deployed is None:
                session.say("deploy the pipeline first, then ask", bad=True)
                return
            if self._job.busy:
                session.say("still answering the last question: stop that first", bad=True)
                return
            messages = history(self._said, question)
            self._said = [*self._said[1 - _KEPT :], Said(self._next, question, RunShown(question, deployed))]
            self._next += 1
            deploying.trouble.hide()
            self._show_last()
            self.show_run(self._said[-1].n)

            async def work(tell: Callable[[RunState], None]) -> Answer:
                return await deployment.gateway.query(messages, on_state=tell)

            self._job.start(work, progressed=self._progressed, ended=self._ended, failed=self._failed)

    def cancel(self) -> None:
        """Stop the answer that is on its way."""
        if self._job.busy:
            self._session.say("stopping the answer …")
            self._job.cancel()

    def forget(self) -> None:
        """Forget the conversation."""
        with self._session.lock:
            self._job.cancel()
            self._said = self._said[-1:] if self._job.busy else []
            self._on_show = 0
            self._marks.run(None)
            self.run_widget.children = ()
            self._run = None
            self._show_last()
            self._session.say("a new conversation")

    def show_run(self, n: int) -> None:
        """Show the steps of a turn, beside the conversation and on the cards."""
        with self._session.lock:
            said = next((s for s in self._said if s.n == n), None)
            if said is None:
                return
            self._on_show = n
            if self._run is None:
                self._run = RunView(self._session.select, state=said.shown())
                self.run_widget.children = (self._run,)
            self._paint(said)
            self._follow_selection()

    def close(self) -> None:
        """End what is on its way; doing it again changes nothing."""
        self._job.cancel()

    def _progressed(self, run: RunState) -> None:
        before = self._said[-1]
        self._said[-1] = said = before.after(run)
        if said.shape != before.shape:  # bodies and bars travel only when something happened but more text
            self._paint(said)
        self.view.answer = run.text

    def _ended(self, answer: Answer) -> None:
        self._over(replace(self._said[-1], run=answer.run.state, state="done", answer=answer.text))

    def _failed(self, error: BaseException) -> None:
        last = self._said[-1]
        so_far = last.run.text
        if isinstance(error, CancelledError):
            self._over(replace(last, state="stopped", answer=so_far))
            self._session.say("stopped")
            return
        message = error.message if isinstance(error, OpeaError) else f"{type(error).__name__}: {error}"
        hint = error.hint if isinstance(error, OpeaError) else ""
        step = error.step if isinstance(error, StepFailed) else last.run.failed_step
        self._over(replace(last, state="failed", answer=so_far, error=message, hint=hint))
        acts: list[tuple[str, Callable[[], object]]] = [("Ask again", lambda: self.ask(last.question))]
        if step:
            self._session.select(step)
            acts.insert(0, (f"Log of {step}", lambda: self._open_log(step)))
        self._deploying.trouble.show(f"{f'{step}: ' if step else ''}{message}", *acts, hint=hint, bad=True)
        self._session.say(f"no answer: {message}", bad=True)

    def _over(self, said: Said) -> None:
        self._said[-1] = said
        self._show_last()
        if self._on_show == said.n:
            self._paint(said)

    def _show_last(self) -> None:
        self.view.show([turn_of(s) for s in self._said])
        self._plain.value = plain(self._said)

    def _paint(self, said: Said) -> None:
        if self._run is None or said.n != self._on_show:
            return
        self._run.show(said.shown(), "")
        self._marks.run(said.run, stopped=said.state == "stopped")

    def _deployment_changed(self) -> None:
        if self._deploying.deployment is None:
            self._job.cancel()
            self._on_show = 0
            self._marks.run(None)
        self.view.hint = _DEPLOY_FIRST if self._deploying.deployment is None else _ASK
        self._refresh()

    def _refresh(self) -> None:
        self.send.disabled = self._deploying.deployment is None or self._job.busy
        self.stop.disabled = not self._job.busy
        self.clear.disabled = not self._said
        self._follow_selection()

    def _follow_selection(self) -> None:
        if self._run is not None and self._session.one:
            self._run.opened = self._session.one
