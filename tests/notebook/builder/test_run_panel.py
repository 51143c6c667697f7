"""Deploying and asking from the builder's widgets, against real processes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ipywidgets as w
import pytest

from opea_nb.backends import deploy, deployments, loop
from opea_nb.backends.local import launch
from opea_nb.backends.local.state import folders
from opea_nb.backends.runstate import RunState, StepState
from opea_nb.notebook.builder.conversation import Said, history, plain
from opea_nb.notebook.builder.job import Job
from opea_nb.notebook.builder.light import Light
from opea_nb.notebook.builder.run_panel import RunPanel
from opea_nb.notebook.builder.session import Session
from opea_nb.notebook.run_shown import RunShown
from opea_nb.pipeline import Pipeline
from tests.notebook.builder.answering import Server, answered_by, serving

MODULES = Path(__file__).parents[2] / "backends" / "modules"


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Deployments of a test are in its own folder, and none outlives it."""
    monkeypatch.setenv("OPEA_NB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHONPATH", str(MODULES))
    monkeypatch.syspath_prepend(str(MODULES))
    yield
    for folder in folders():
        launch.end(folder)


@pytest.fixture
def services() -> Iterator[Server]:
    with serving() as server:
        yield server


class Panel:
    """A run panel without a page: its widgets are pressed, and what it says is kept."""

    def __init__(self, pipeline: Pipeline, backend: Any = "local") -> None:
        self.session = Session(pipeline)
        self.heard: list[str] = []
        self.marked: list[dict[str, str]] = []
        self.opened: list[str] = []
        self.session.on_say(lambda text, _: self.heard.append(text))
        self.session.on_refresh(lambda: self.marked.append(dict(self.session.states)))
        self.session.offer("panel", self.opened.append)
        self.panel = RunPanel(self.session, Light(), backend)

    @property
    def turn(self) -> dict[str, Any]:
        return self.panel.chat.view.turns[-1]

    def ask(self, text: str) -> None:
        """What the page sends for Enter in the ask line."""
        self.panel.chat.view._handle_custom_msg({"act": "ask", "text": text}, [])

    def until(self, condition: Callable[[], object]) -> None:
        """Wait for what the background work shows: its lock is held until all of it is shown."""

        def shown() -> object:
            with self.session.lock:
                return condition()

        until(shown)

    def idle(self) -> None:
        self.until(lambda: not self.panel.busy)

    def press(self, box: w.Box, start: str) -> None:
        next(b for b in box.children if isinstance(b, w.Button) and b.description.startswith(start)).click()


def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the awaited condition did not come true"
        time.sleep(0.02)


@contextmanager
def loop_held() -> Iterator[None]:
    """Keep the background loop from taking a step."""
    held, go_on = threading.Event(), threading.Event()

    async def hold() -> None:
        held.set()
        go_on.wait()

    holding = loop.submit(hold())
    held.wait()
    try:
        yield
    finally:
        go_on.set()
        holding.result()


@pytest.fixture
def made() -> Iterator[Callable[..., Panel]]:
    panels: list[Panel] = []

    def make(pipeline: Pipeline, backend: Any = "local", *, deploy: bool = False) -> Panel:
        panels.append(Panel(pipeline, backend))
        if deploy:
            panels[-1].panel.deploy.click()
            panels[-1].idle()
            assert panels[-1].panel.deploying.deployment is not None, panels[-1].heard
        return panels[-1]

    yield make
    for panel in panels:
        panel.panel.close()


def small() -> Pipeline:
    pipeline = Pipeline("small")
    pipeline.add("llm")
    return pipeline


@pytest.mark.slow
def test_readiness_of_each_service_comes_to_its_card_and_stop_takes_it_away(made: Callable[..., Panel]) -> None:
    from stubs import stub_backend

    here = made(small(), stub_backend(), deploy=True)
    states = [m["llm"] for m in here.marked if "llm" in m]
    assert states[-1] == "ready"
    assert {"waiting", "starting"} & set(states)
    assert "running" in here.panel.state.value
    here.panel.stop.click()
    here.idle()
    assert here.session.states == {}
    assert deployments() == ()


@pytest.mark.slow
def test_not_deployed_is_said_only_once_nothing_runs_any_more(made: Callable[..., Panel]) -> None:
    from stubs import stub_backend

    here = made(small(), stub_backend(), deploy=True)
    left: list[object] = []
    told = here.panel.state
    told.observe(lambda change: "not deployed" in change["new"] and left.append(deployments()), names="value")
    here.panel.stop.click()
    here.idle()
    assert left == [()]


@pytest.mark.slow
def test_closing_amid_stopping_leaves_nothing_running(made: Callable[..., Panel]) -> None:
    from stubs import stub_backend

    here = made(small(), stub_backend(), deploy=True)
    here.panel.stop.click()
    here.panel.close()
    assert deployments() == ()


@pytest.mark.slow
def test_closing_before_stopping_has_taken_its_first_step_leaves_nothing_running(made: Callable[..., Panel]) -> None:
    from stubs import stub_backend

    here = made(small(), stub_backend(), deploy=True)
    with loop_held():
        here.panel.stop.click()
        here.panel.deploying._job.cancel()  # as its closing does, which then waits
    here.panel.close()
    assert deployments() == ()


@pytest.mark.slow
def test_stop_pressed_again_and_again_ends_it_all_the_same(made: Callable[..., Panel]) -> None:
    from stubs import stub_backend

    here = made(small(), stub_backend(), deploy=True)
    here.panel.stop.click()
    while here.panel.busy:
        here.panel.deploying._job.cancel()
        time.sleep(0.001)
    assert deployments() == ()


@pytest.mark.slow
def test_a_deploy_that_fails_points_at_the_card_and_offers_its_log(made: Callable[..., Panel]) -> None:
    from stubs import stub_backend

    here = made(small(), stub_backend(llm="crash"))
    here.panel.deploy.click()
    here.idle()
    assert here.session.one == "llm"
    assert here.session.states["llm"] == "failed"
    trouble = here.panel.deploying.trouble
    assert "llm" in trouble.text
    here.press(trouble.widget, "Log of llm")
    assert here.opened == ["logs"]
    assert any("the disk is on fire" in line for line in here.panel.logs_panel.view.lines)
    assert not here.panel.deploy.disabled


@pytest.mark.slow
def test_stop_while_it_starts_ends_what_was_started(made: Callable[..., Panel]) -> None:
    from stubs import stub_backend

    here = made(small(), stub_backend(llm="never_ready"))
    here.panel.deploy.click()
    here.until(lambda: "waits for llm (loading model 40 %)" in here.session.busy)
    assert here.session.states["llm"] == "starting"
    assert here.session.times["llm"] == "40 %"
    here.panel.stop.click()
    here.idle()
    assert here.session.busy == ""
    assert here.heard[-1] == "stopped"
    assert deployments() == ()


@pytest.mark.slow
def test_a_running_deployment_is_offered_and_survives_the_builder(made: Callable[..., Panel]) -> None:
    from stubs import stub_backend

    app = deploy(small(), backend=stub_backend(), progress=False)
    here = made(small(), stub_backend())
    here.until(lambda: here.panel.deploying.trouble.text)
    here.press(here.panel.deploying.trouble.widget, "Attach to small")
    here.until(lambda: here.panel.deploying.deployment is not None)
    assert here.session.states["llm"] == "ready"
    assert here.panel.deploying.drift.text == ""
    here.panel.close()
    assert [d.name for d in deployments()] == ["small"]
    app.down()


@pytest.mark.slow
def test_an_edit_after_the_deployment_says_so_and_redeploying_runs_the_new_one(made: Callable[..., Panel]) -> None:
    from stubs import stub_backend

    here = made(small(), stub_backend(), deploy=True)
    drift = here.panel.deploying.drift
    here.session.pipeline.update("llm", parameters={"max_tokens": 5})
    assert "changed llm" in drift.text
    here.session.pipeline.undo()
    assert drift.text == ""
    here.session.pipeline.update("llm", parameters={"max_tokens": 5})
    here.press(drift.widget, "Redeploy")
    here.idle()
    assert drift.text == ""
    deployment = here.panel.deploying.deployment
    assert deployment is not None
    assert "max_tokens: 5" in deployment.document


@pytest.mark.slow
def test_a_service_that_dies_shows_it_on_its_card(made: Callable[..., Panel]) -> None:
    from stubs import stub_backend

    here = made(small(), stub_backend(gateway=False), deploy=True)
    for _ in range(3):
        here.ask("crash now")
        here.idle()
        time.sleep(0.2)
    here.until(lambda: here.session.states.get("llm") in ("failed", "starting"))


@pytest.mark.slow
def test_a_conversation_keeps_its_turns_and_sends_them(made: Callable[..., Panel], services: Server) -> None:
    here = made(answered_by(services.url), deploy=True)
    here.ask("first")
    here.idle()
    assert (here.turn["answer"], here.turn["state"]) == ("hello world", "done")
    assert here.session.states == {"embedding": "done", "llm": "done"}
    assert set(here.session.times) == {"embedding", "llm"}
    here.ask("second")
    here.idle()
    sent = [m["content"] for m in services.asked[-1]["messages"] if m["role"] != "system"]  # type: ignore[attr-defined]
    assert sent == ["first", "hello world", "second"]
    assert [t["question"] for t in here.panel.chat.view.turns] == ["first", "second"]
    here.panel.chat.clear.click()
    assert here.panel.chat.view.turns == []
    assert "embedding" not in here.session.states


@pytest.mark.slow
def test_the_selected_card_opens_its_step_and_an_opened_step_selects_its_card(
    made: Callable[..., Panel], services: Server
) -> None:
    here = made(answered_by(services.url), deploy=True)
    here.ask("first")
    here.idle()
    view = here.panel.chat.run_widget.children[0]
    here.session.select("llm")
    assert view.opened == "llm"
    assert view.state["steps"][1]["response"]
    view._handle_custom_msg({"act": "step", "name": "embedding"}, [])
    assert here.session.one == "embedding"


@pytest.mark.slow
def test_an_answer_is_stopped_in_flight_and_what_was_said_stays(made: Callable[..., Panel], services: Server) -> None:
    here = made(answered_by(services.url), deploy=True)
    here.ask("200 words slow")
    here.until(lambda: here.panel.chat.view.answer)
    assert here.session.states["llm"] == "running"
    here.panel.chat.stop.click()
    here.idle()
    assert here.turn["state"] == "stopped"
    assert here.turn["answer"].startswith("w0 ")
    assert here.session.states["llm"] == "stopped"
    assert services.left.wait(10)


@pytest.mark.slow
def test_a_run_that_fails_points_at_the_card_and_can_be_asked_again(
    made: Callable[..., Panel], services: Server
) -> None:
    here = made(answered_by(services.url), deploy=True)
    here.ask("fail please")
    here.idle()
    assert here.session.one == "llm"
    assert here.session.states["llm"] == "failed"
    assert here.turn["state"] == "failed"
    assert "500" in here.turn["error"]
    here.press(here.panel.deploying.trouble.widget, "Ask again")
    here.idle()
    assert len(here.panel.chat.said) == 2


@pytest.mark.slow
def test_a_long_answer_at_full_speed_is_few_updates(made: Callable[..., Panel], services: Server) -> None:
    here = made(answered_by(services.url), deploy=True)
    told: list[str] = []
    here.panel.chat.view.observe(lambda change: told.append(change["name"]))
    began = time.monotonic()
    here.ask("2000 words")
    here.idle()
    took = time.monotonic() - began
    assert here.turn["answer"].endswith("w1999 ")
    assert len(told) <= 8 + 30 * took


@pytest.mark.slow
def test_asking_without_the_pages_own_view_takes_the_fields_text(made: Callable[..., Panel], services: Server) -> None:
    here = made(answered_by(services.url), deploy=True)
    here.panel.chat.question.value = "<b>plain</b> echo"
    here.panel.chat.send.click()
    here.idle()
    assert here.turn["question"] == "<b>plain</b> echo"
    assert here.panel.chat.question.value == ""
    assert "<b>plain" not in here.panel.chat._plain.value


def test_asking_before_deploying_says_what_to_do(made: Callable[..., Panel]) -> None:
    here = made(small())
    here.ask("anyone?")
    assert here.heard[-1] == "deploy the pipeline first, then ask"


def test_what_cannot_run_selects_the_service_that_is_wrong(made: Callable[..., Panel]) -> None:
    pipeline = small()
    pipeline.add("retriever")
    here = made(pipeline)
    here.panel.deploy.click()
    assert here.heard[-1].startswith("it cannot run yet:")
    assert here.session.one == "retriever"
    assert not here.panel.busy


def test_history_is_the_answered_turns_that_a_small_model_can_read() -> None:
    def said(n: int, state: Any, answer: str) -> Said:
        return Said(n, f"q{n}", RunShown(""), state=state, answer=answer)

    turns = [said(1, "done", "x" * 5000), said(2, "failed", "half"), said(3, "done", "a3"), said(4, "stopped", "b")]
    assert [m["content"] for m in history(turns, "now")] == ["q3", "a3", "now"]
    assert history([], "now") == [{"role": "user", "content": "now"}]


def test_the_plain_conversation_is_text() -> None:
    attack = "<img src=x onerror=alert(1)>"
    assert "<img" not in plain([Said(1, attack, RunShown(""), answer=attack, error=attack)])


def test_a_step_more_is_told_and_more_text_alone_is_not() -> None:
    step = StepState("llm", "running")
    first = Said(1, "q", RunShown("q"), RunState(state="running", steps=(step,)))
    more = first.after(RunState(state="running", steps=(StepState("llm", "running", text="and more"),)))
    done = first.after(RunState(state="running", steps=(StepState("llm", "done"),)))
    assert first.shape == more.shape
    assert first.shape != done.shape


def test_a_job_that_is_cancelled_ends_only_after_it_has_cleaned_up() -> None:
    import asyncio

    session = Session(Pipeline("p"))
    events: list[str] = []
    started = threading.Event()

    async def work(_: object) -> None:
        started.set()
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)
            events.append("clean")

    job: Job[None, None] = Job(session)
    job.start(work, failed=lambda error: events.append(type(error).__name__))
    started.wait(10)
    job.cancel()
    job.join(10)
    assert events == ["clean", "CancelledError"]


def test_a_job_cancelled_before_it_began_never_begins() -> None:
    session = Session(Pipeline("p"))
    events: list[str] = []

    async def work(_: object) -> None:
        events.append("began")

    job: Job[None, None] = Job(session)
    with session.lock:
        job.start(work, failed=lambda error: events.append(type(error).__name__))
        job.cancel()
    job.join(10)
    assert events[-1] in ("CancelledError", "began")
    assert not job.busy


def test_an_error_while_showing_is_said_to_the_user() -> None:
    session = Session(Pipeline("p"))
    heard: list[str] = []
    session.on_say(lambda text, _: heard.append(text))

    async def work(tell: Callable[[int], None]) -> int:
        tell(1)
        return 2

    job: Job[int, int] = Job(session)
    job.start(work, ended=lambda n: 1 // (n - 2), failed=lambda _: None)  # type: ignore[arg-type, return-value]
    job.join(10)
    assert heard == ["ZeroDivisionError: integer division or modulo by zero"]
