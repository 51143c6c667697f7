"""Asking in a cell: live while it goes on, static at the end, whatever happens."""

from __future__ import annotations

import asyncio
import signal
import threading
from types import ModuleType
from typing import Any

import pytest

from opea_nb.errors import StepFailed
from opea_nb.notebook.ask import show_run
from opea_nb.notebook.run_shown import RunShown
from opea_nb.notebook.run_view import RunView


class Recorded:
    """An output that remembers what it showed."""

    def __init__(self) -> None:
        self.view: RunView | None = None
        self.states: list[dict[str, Any]] = []
        self.answers: list[str] = []
        self.threads: set[threading.Thread] = set()
        self.final: dict[str, str] = {}

    def live(self, widget: RunView) -> None:
        self.view = widget
        widget.observe(self._changed, names=["state", "answer"])

    def _changed(self, change: dict[str, Any]) -> None:
        self.threads.add(threading.current_thread())
        (self.states if change["name"] == "state" else self.answers).append(change["new"])

    def settle(self, bundle: dict[str, str]) -> None:
        self.final = bundle


def shown(stub_run: ModuleType, question: str = "What was the revenue?") -> RunShown:
    return RunShown(question, stub_run.chatqna())


def test_the_answer_is_returned_and_the_static_result_has_every_step(stub_run: ModuleType) -> None:
    output = Recorded()
    answer = show_run(stub_run.asking(text="41 million"), shown(stub_run), output)
    assert answer.text == "41 million"
    assert output.final["text/plain"] == (
        "✓ What was the revenue?\n  ✓ embedding: done\n  ✓ retriever: done\n"
        "  ✓ reranking: done\n  ✓ llm: done\n41 million"
    )
    assert output.final["text/html"].count("<details") == 4


def test_states_reach_the_view_on_the_callers_own_thread(stub_run: ModuleType) -> None:
    """A cell blocks its thread until the answer is there: nothing may wait for a message handled elsewhere."""
    output = Recorded()
    show_run(stub_run.asking(pace=0.1), shown(stub_run), output)
    assert output.threads == {threading.current_thread()}
    running = [s["name"] for state in output.states for s in state["steps"] if s["state"] == "running"]
    assert set(running) == {"embedding", "retriever", "reranking", "llm"}


def test_a_fast_stream_does_not_flood_the_page(stub_run: ModuleType) -> None:
    output = Recorded()
    show_run(stub_run.asking(text="word " * 2000, pace=0.0005), shown(stub_run), output)
    steps = output.states[-1]["steps"]
    seconds = steps[-1]["start"] + 2000 * 0.0005
    assert len(output.answers) < 30 * max(seconds, 3) * 2
    assert output.answers[-1].startswith("word word")
    assert len(output.states) < 60  # words alone do not send the steps again


def test_a_failed_step_is_shown_with_its_reason_and_raised(stub_run: ModuleType) -> None:
    output = Recorded()
    with pytest.raises(StepFailed):
        show_run(stub_run.asking(fails="reranking"), shown(stub_run), output)
    text = output.final["text/plain"]
    assert "✕ reranking: failed (reranking answered 500)" in text
    assert "→ look at its log" in text
    assert "boom" in output.final["text/html"]


def test_an_unexpected_error_is_shown_too(stub_run: ModuleType) -> None:
    async def ask(_on_state: object) -> Any:
        raise ValueError("a mistake")

    output = Recorded()
    with pytest.raises(ValueError, match="a mistake"):
        show_run(ask, shown(stub_run), output)
    assert "ValueError: a mistake" in output.final["text/plain"]


def test_an_interrupt_cancels_the_run_and_the_view_says_so(stub_run: ModuleType) -> None:
    cancelled = threading.Event()
    inner = stub_run.asking(pace=60)

    async def ask(on_state: Any) -> Any:
        try:
            return await inner(on_state)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    output = Recorded()
    main = threading.main_thread().ident
    assert main is not None
    timer = threading.Timer(0.5, signal.pthread_kill, (main, signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        show_run(ask, shown(stub_run), output)
    timer.join()
    assert cancelled.is_set()
    assert output.states[-1]["state"] == "stopped"
    assert "■ embedding: stopped" in output.final["text/plain"]


def test_skipped_steps_say_why(stub_run: ModuleType) -> None:
    output = Recorded()
    show_run(stub_run.asking(skips=("reranking",)), shown(stub_run), output)
    assert "– reranking: skipped (no documents found)" in output.final["text/plain"]
