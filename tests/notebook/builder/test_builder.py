"""The Builder without a page: every edit is the pipeline's own, and nothing that goes wrong is lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import ipywidgets as w
import pytest

from opea_nb.notebook.builder import Builder
from opea_nb.pipeline import Pipeline
from tests.notebook.builder.page import Page
from tests.notebook.builder.panels import inside, of_class


def find(builder: Builder, kind: type[w.Widget], css: str) -> Any:
    for widget in inside(builder.widget):
        if css in getattr(widget, "_dom_classes", ()):
            return next(x for x in inside(widget) if isinstance(x, kind))
    raise AssertionError(f"nothing has the class {css}")


def press(builder: Builder, description: str) -> None:
    next(x for x in inside(builder.widget) if isinstance(x, w.Button) and x.description == description).click()


@pytest.fixture
def builder() -> Iterator[Builder]:
    made = Builder(Pipeline("chatqna"))
    yield made
    made.close()


def test_adding_connecting_renaming_and_undoing_by_widgets(builder: Builder) -> None:
    pipeline = builder.pipeline
    press(builder, "Embedding")
    press(builder, "Retriever")
    find(builder, w.Dropdown, "opea-inspector").value = "embedding"
    find(builder, w.Dropdown, "opea-target").value = "retriever"
    press(builder, "Connect")
    assert list(pipeline.flow().edges) == [("embedding", "retriever")]
    find(builder, w.Text, "opea-rename").value = "vectors"
    assert set(pipeline.services) == {"vectors", "retriever"}
    for _ in range(4):
        find(builder, w.Button, "opea-undo").click()
    assert not pipeline.services


def test_a_parameter_out_of_range_is_refused_with_the_reason(builder: Builder) -> None:
    press(builder, "Reranking")
    field = find(builder, w.Text, "opea-field")
    field.value = "3"
    assert dict(builder.pipeline.services["reranking"].parameters) == {"top_n": 3}
    find(builder, w.Text, "opea-field").value = "1000"
    assert dict(builder.pipeline.services["reranking"].parameters) == {"top_n": 3}
    assert "opea-bad" in builder._status.value
    assert find(builder, w.Text, "opea-field").value == "3"


def test_yaml_that_is_wrong_changes_nothing(builder: Builder) -> None:
    press(builder, "LLM")
    builder._session.call("panel", "YAML")
    text = find(builder, w.Textarea, "opea-yaml")
    text.value += "\nnonsense: ["
    press(builder, "Apply")
    assert "line" in find(builder, w.HTML, "opea-yaml-error").value
    assert list(builder.pipeline.services) == ["llm"]


def test_a_text_that_comes_after_the_click_that_is_about_it_is_applied(builder: Builder) -> None:
    press(builder, "LLM")
    builder._session.call("panel", "YAML")
    text = find(builder, w.Textarea, "opea-yaml")
    good = text.value
    text.value = good.replace("- llm", "- ll")
    press(builder, "Apply")
    text.value = good.replace("port: 9000", "port: 9009")
    assert builder.pipeline.services["llm"].port == 9009


def test_what_cannot_run_is_not_deployed_and_says_why(builder: Builder) -> None:
    press(builder, "Deploy")
    assert "has no services" in builder._status.value


def test_an_error_in_a_callback_is_said_in_the_builder(builder: Builder) -> None:
    assert not builder._session.act(lambda: 1 / 0)
    assert "ZeroDivisionError" in builder._status.value


def test_edits_from_several_threads_leave_canvas_and_pipeline_the_same(builder: Builder) -> None:
    def edit() -> None:
        for _ in range(5):
            builder._session.act(lambda: builder.pipeline.add("llm"))

    threads = [threading.Thread(target=edit) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(builder.pipeline.services) == 15
    assert set(builder._bridge.shown["nodes"]) == set(builder.pipeline.services)


def test_messages_hold_text_only(builder: Builder) -> None:
    attack = '"><img src=x onerror=alert(1)>'
    builder._session.say(attack, bad=True)
    assert "<img" not in builder._status.value


def test_arrange_is_one_edit_that_can_be_undone_where_the_page_has_no_gestures(builder: Builder) -> None:
    pipeline = builder.pipeline
    pipeline.add("embedding", position=(900.0, 900.0)) >> pipeline.add("llm", position=(0.0, 0.0))
    tidy = find(builder, w.Button, "opea-arrange-button")
    tidy.click()
    places = [pipeline.services[name].position for name in ("embedding", "llm")]
    assert places == [(0, 0), (204, 0)]
    assert pipeline.undo() == "arrange"
    assert pipeline.services["llm"].position == (0.0, 0.0)
    builder._bridge.live = True  # a page that arranges itself
    tidy.click()
    assert pipeline.services["embedding"].position == (900.0, 900.0)


REST = ("opea-entry", "opea-yaml", "opea-problems", "opea-files", "opea-history")


def made(builder: Builder) -> list[str]:
    return [css for css in REST if of_class(builder._whole, css)]


def test_palette_and_tabs_come_when_the_page_has_drawn_the_cards(builder: Builder) -> None:
    assert not made(builder)
    Page(bridge=builder._bridge).ask("ready")
    assert made(builder) == [*REST]


def test_palette_and_tabs_come_to_a_page_that_does_not_answer_too(builder: Builder) -> None:
    builder._filling.ask()
    builder._filling.flush()  # what its timer does
    assert made(builder) == [*REST]


def test_among_other_widgets_the_builder_has_palette_and_tabs_at_once(builder: Builder) -> None:
    assert builder.widget is builder._whole
    assert made(builder) == [*REST]


def test_a_tab_that_is_opened_before_it_was_made_is_made_then(builder: Builder) -> None:
    builder.pipeline.add("llm")
    builder._session.call("panel", "yaml")
    assert of_class(builder._whole, "opea-yaml")[0].value == builder.pipeline.to_yaml()
