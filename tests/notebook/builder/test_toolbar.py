"""Toolbar, problems and history."""

from __future__ import annotations

import pytest

from opea_nb.notebook.builder.history_panel import HistoryPanel
from opea_nb.notebook.builder.light import Light
from opea_nb.notebook.builder.problems_panel import ProblemsPanel, headed
from opea_nb.notebook.builder.session import Session
from opea_nb.notebook.builder.toolbar import Toolbar
from opea_nb.pipeline import Flow, Pipeline, wiring
from tests.notebook.builder.panels import ATTACK, button, of_class, words


@pytest.fixture
def session() -> Session:
    return Session(Pipeline("chatqna"))


def test_the_name_is_edited_and_a_bad_one_is_refused(session: Session) -> None:
    name = of_class(Toolbar(session, Light()).widget, "opea-name")[0]
    name.value = "other"
    assert session.pipeline.name == "other"
    name.value = "no name!"
    assert (session.pipeline.name, name.value, session.said[1]) == ("other", "other", True)


def test_undo_and_redo_tell_what_they_would_do(session: Session) -> None:
    bar = Toolbar(session, Light()).widget
    undo, redo = button(bar, "Undo"), button(bar, "Redo")
    assert undo.disabled
    session.pipeline.add("llm")
    assert (undo.disabled, undo.tooltip) == (False, "Undo: add llm")
    undo.click()
    assert (redo.disabled, redo.tooltip) == (False, "Redo: add llm")
    redo.click()
    assert list(session.pipeline.services) == ["llm"]


def test_clear_is_one_edit(session: Session) -> None:
    bar = Toolbar(session, Light()).widget
    assert button(bar, "Clear").disabled
    session.pipeline.add("llm"), session.pipeline.add("redis")
    button(bar, "Clear").click()
    assert not session.pipeline.services
    session.undo()
    assert set(session.pipeline.graph) == {"llm", "redis"}


def test_the_flow_is_chosen_where_there_are_several(session: Session) -> None:
    bar = Toolbar(session, Light()).widget
    flow = of_class(bar, "opea-flow-choice")[0]
    assert flow.layout.display == "none"
    session.pipeline.apply(wiring.PutFlow(Flow("ingest")))
    flow.value = "ingest"
    assert session.flow == "ingest"
    assert flow.layout.display != "none"


def test_the_count_of_problems_opens_their_panel(session: Session) -> None:
    opened: list[object] = []
    session.offer("panel", opened.append)
    session.pipeline.add("reranking")
    bar = Toolbar(session, Light()).widget
    count = of_class(bar, "opea-problems-button")[0]
    assert count.description == "✕ 1"
    count.click()
    assert opened == ["problems"]


def test_an_empty_pipeline_is_not_called_wrong_but_its_panel_tells_how_to_begin(session: Session) -> None:
    count = of_class(Toolbar(session, Light()).widget, "opea-problems-button")[0]
    panel = ProblemsPanel(session, Light())
    assert (count.description, headed(session)) == ("✓", "Problems")
    assert "opea-has-errors" not in count._dom_classes
    assert "→" in words(panel.widget)


def test_a_problem_tells_its_severity_in_words_and_leads_to_its_card(session: Session) -> None:
    session.pipeline.add("llm"), session.pipeline.add("reranking")
    panel = ProblemsPanel(session, Light()).widget
    assert "✕ error" in words(panel)
    of_class(panel, "opea-go")[0].click()
    assert session.one == of_class(panel, "opea-go")[0].description


def test_a_plain_way_out_is_one_click(session: Session) -> None:
    session.pipeline.add("llm", environment={"HF_TOKEN": "hunter2"})
    panel = ProblemsPanel(session, Light())
    of_class(panel.widget, "opea-fix")[0].click()
    assert session.pipeline.services["llm"].environment["HF_TOKEN"] == "${HF_TOKEN}"
    assert headed(session) == "Problems"
    assert "nothing found" in words(panel.widget)
    assert "hunter2" not in words(panel.widget)


def test_many_problems_are_told_by_number_and_rows_that_stay_are_left_alone(session: Session) -> None:
    for _ in range(60):
        session.pipeline.add("reranking")
    panel = ProblemsPanel(session, Light()).widget
    rows = panel.children
    assert len(of_class(panel, "opea-problem")) == 50
    assert f"… and {len(session.problems) - 50} more" in words(panel)
    session.pipeline.move("reranking", (5.0, 5.0))
    session.pipeline.update("reranking", parameters={"top_n": 3})
    assert panel.children[:-1] == rows[:-1]


def test_a_way_out_that_is_none_any_more_says_so(session: Session) -> None:
    session.pipeline.add("llm", environment={"HF_TOKEN": "hunter2"})
    panel = ProblemsPanel(session, Light())
    panel.shown.show(False)
    session.pipeline.update("llm", environment={"HF_TOKEN": None})
    of_class(panel.widget, "opea-fix")[0].click()
    assert session.said[1]
    assert "no single plain way" in session.said[0]


def test_history_is_code_that_does_the_same(session: Session) -> None:
    panel = HistoryPanel(session, Light()).widget
    session.act(lambda: session.pipeline.add("embedding"), "added embedding")
    session.act(lambda: session.pipeline.add("llm"), "added llm")
    session.act(lambda: session.pipeline.connect("embedding", "llm"), "connected")
    code = of_class(panel, "opea-code")[0].value
    again = Pipeline("chatqna")
    exec(code, {"pipeline": again, "__builtins__": __builtins__})
    assert again == session.pipeline


def test_history_names_a_flow_only_where_there_are_several(session: Session) -> None:
    panel = HistoryPanel(session, Light()).widget
    session.pipeline.add("llm", name="first")
    session.pipeline.connect(session.pipeline.add("embedding"), "first")
    session.act(lambda: session.pipeline.disconnect("embedding", "first"), "disconnected")
    assert of_class(panel, "opea-code")[0].value == 'pipeline.disconnect("embedding", "first")'


def test_history_tells_what_was_done(session: Session) -> None:
    panel = HistoryPanel(session, Light()).widget
    session.act(lambda: session.pipeline.add("embedding"), "added embedding")
    assert "added embedding" in words(panel)


def test_hostile_names_stay_text(session: Session) -> None:
    session.act(lambda: session.pipeline.add("llm", name="<b onclick=x", environment={"A_TOKEN": ATTACK}), ATTACK)
    for panel in (
        ProblemsPanel(session, Light()).widget,
        HistoryPanel(session, Light()).widget,
        Toolbar(session, Light()).widget,
    ):
        assert "<img" not in words(panel)
        assert "<b onclick" not in words(panel)
