from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opea_nb.backends.answer import Answer, Run
from opea_nb.backends.runstate import RunState, apply, fold
from opea_nb.gateway import events as ev

STEPS = ("embedding", "retriever", "llm")


def happy() -> list[ev.Event]:
    return [
        ev.RunStarted(seq=1, at=10.0, run="ab", pipeline="p", flow="main", endpoint="/v1/p", steps=STEPS),
        ev.StepStarted(seq=2, at=10.5, step="embedding", url="http://e", request={"input": "q"}),
        ev.StepFinished(seq=3, at=11.0, step="embedding", elapsed=0.5, status=200, response={"data": []}),
        ev.StepSkipped(seq=4, at=11.0, step="retriever", reason="no documents found"),
        ev.StepStarted(seq=5, at=11.0, step="llm", url="http://l"),
        ev.FirstToken(seq=6, at=11.2, step="llm", elapsed=0.2),
        ev.Text(seq=7, at=11.3, step="llm", text="Hel", tokens=1),
        ev.Text(seq=8, at=11.4, step="llm", text="lo", tokens=2),
        ev.StepFinished(seq=9, at=11.5, step="llm", elapsed=0.5, status=200, tokens=3),
        ev.RunFinished(seq=10, at=11.5, elapsed=1.5, answer="Hello"),
    ]


def test_a_finished_run_tells_each_step() -> None:
    state = fold(happy())
    assert state.state == "finished"
    assert state.over
    assert [s.state for s in state.steps] == ["done", "skipped", "done"]
    assert state.step("embedding").offset == pytest.approx(0.5)
    assert state.step("embedding").response == {"data": []}
    assert state.step("retriever").reason == "no documents found"
    assert (state.step("llm").first_token, state.step("llm").tokens) == (0.2, 3)
    assert (state.text, state.elapsed) == ("Hello", 1.5)


def test_the_answer_so_far_is_known_while_it_streams() -> None:
    state = fold(happy()[:7])
    assert (state.text, state.state, state.step("llm").state) == ("Hel", "running", "running")


def test_a_failed_step_leaves_nothing_running() -> None:
    events = [
        *happy()[:5],
        ev.StepFailed(seq=6, at=12.0, step="llm", elapsed=1.0, url="http://l", status=500, error="boom", body="oops"),
        ev.RunFailed(seq=7, at=12.0, elapsed=2.0, error="llm: boom", step="llm"),
    ]
    state = fold(events)
    assert (state.state, state.failed_step, state.error) == ("failed", "llm", "llm: boom")
    failed = state.step("llm")
    assert (failed.state, failed.status, failed.reason, failed.body) == ("failed", 500, "boom", "oops")
    assert not any(s.state in ("running", "waiting") for s in state.steps)


@given(st.data())
def test_events_taken_up_again_after_a_lost_connection_change_nothing(data: st.DataObject) -> None:
    events = happy()
    cut = data.draw(st.integers(0, len(events)))
    back = data.draw(st.integers(0, cut))
    assert fold([*events[:cut], *events[back:]]) == fold(events)


@given(st.integers(0, len(happy())))
def test_folding_goes_on_from_any_state(cut: int) -> None:
    events = happy()
    assert fold(events[cut:], fold(events[:cut])) == fold(events)


def test_a_state_is_never_changed() -> None:
    before = RunState()
    apply(before, happy()[0])
    assert before == RunState()


def test_reprs_are_the_same_every_time() -> None:
    run = Run.of(happy())
    assert repr(run) == "<run finished: embedding done, retriever skipped, llm done>"
    assert repr(Answer("Hello", run)) == "Answer('Hello', 3 steps)"
    assert repr(run.step("llm")) == "<step llm: done>"


def test_an_unknown_step_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        fold(happy()).step("nobody")
