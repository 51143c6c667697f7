"""Panels that nobody sees do no work, and are right as soon as somebody does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from opea_nb.notebook.builder import Builder
from opea_nb.notebook.builder.later import Later
from opea_nb.notebook.builder.session import Session
from opea_nb.notebook.builder.when_shown import LARGE, WhenShown
from opea_nb.pipeline import Pipeline
from tests.notebook.builder.panels import of_class, words


@pytest.fixture
def builder() -> Iterator[Builder]:
    made = Builder(Pipeline("chatqna"))
    yield made
    made.close()


def test_what_is_asked_for_later_is_done_once_by_itself() -> None:
    done = threading.Event()
    later = Later(done.set, wait=0.01)
    later.ask()
    later.ask()
    assert done.wait(10)
    assert not later.waiting


def test_the_text_is_made_when_its_tab_is_opened(builder: Builder) -> None:
    area: Any = of_class(builder.widget, "opea-yaml")[0]
    builder.pipeline.add("llm")
    assert area.value == ""
    builder._tabs.widget.selected_index = 1
    assert area.value == builder.pipeline.to_yaml()
    builder.pipeline.add("embedding")
    assert area.value == builder.pipeline.to_yaml()


def test_problems_files_and_history_are_right_when_they_are_opened(builder: Builder) -> None:
    builder._session.act(lambda: builder.pipeline.add("reranking"), "added reranking")
    for index, (css, text) in {
        2: ("opea-problems", "error"),
        4: ("opea-files", "not in a file yet"),
        5: ("opea-history-panel", "added reranking"),
    }.items():
        panel = of_class(builder.widget, css)[0]
        assert text not in words(panel)
        builder._tabs.widget.selected_index = index
        assert text in words(panel)


def test_no_act_waits_for_the_text_of_a_large_pipeline() -> None:
    pipeline = Pipeline("large")
    for _ in range(LARGE):
        pipeline.add("llm")
    session, seen, told = Session(pipeline), list[int](), threading.Event()

    def refresh() -> None:
        seen.append(session.revision)
        if len(seen) > 1:
            told.set()

    part = WhenShown(session, refresh)
    with session.lock:
        pipeline.add("tts")
        pipeline.add("asr")
        assert seen == [0]
    assert told.wait(10)
    assert seen == [0, 2]
    part.close()
