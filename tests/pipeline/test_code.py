"""An edit as Python: run on a copy, the lines do what the edit does."""

from __future__ import annotations

import datetime
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opea_nb.errors import PipelineError
from opea_nb.pipeline import Pipeline
from opea_nb.pipeline.clipping import duplicate
from opea_nb.pipeline.code import code
from opea_nb.pipeline.edit import Edit
from opea_nb.pipeline.surgery import extended, inserted, without
from tests.pipeline.random_edits import EDITS, content


def run(lines: str, pipeline: Pipeline) -> Pipeline:
    exec(compile(lines, "<code>", "exec"), {"pipeline": pipeline})
    return pipeline


@settings(max_examples=150)
@given(st.lists(EDITS, min_size=8, max_size=25))
def test_the_lines_do_what_the_edit_does(edits: list[Edit]) -> None:
    pipeline = Pipeline()
    pipeline.add("redis")
    for edit in edits:
        before = pipeline.copy()
        try:
            pipeline.apply(edit)
        except PipelineError:
            continue
        assert content(run(code(edit, before=before), before)) == content(pipeline)


def lines_of(pipeline: Pipeline, edit: Edit) -> list[str]:
    return code(edit, before=pipeline).splitlines()


def test_lines_are_those_that_a_person_would_write(chatqna: Pipeline) -> None:
    said: list[str] = []
    chatqna.observe(lambda p: said.append(code(p.last_edit)))  # type: ignore[arg-type]  # there is one after an edit
    chatqna.add("llm", parameters={"max_tokens": 64})
    chatqna.add("dataprep", "prep", flow="second")
    chatqna.connect("reranking", "llm_2")
    chatqna.update("llm_2", url="http://h/v1", api_key="KEY")
    chatqna.note('say "hi"\n', position=(10, 20.5))
    chatqna.group("search", ["embedding", "retriever"])
    chatqna.fold("search")
    chatqna.remove("llm_2")
    chatqna.clear()
    assert said == [
        'pipeline.add("llm", "llm_2", port=9001, parameters={"max_tokens": 64})',
        'pipeline.add("dataprep", "prep", flow="second", port=5001)',
        'pipeline.connect("reranking", "llm_2")',
        'pipeline.update("llm_2", url="http://h/v1", api_key="KEY")',
        'pipeline.note(\'say "hi"\\n\', "note", position=(10, 20.5), size=(200, 96))',
        'pipeline.group("search", ["embedding", "retriever"])',
        'pipeline.fold("search")',
        'pipeline.remove("llm_2")',
        "pipeline.clear()",
    ]


def test_only_what_changes_of_a_mapping_is_said(chatqna: Pipeline) -> None:
    chatqna.update("llm", parameters={"max_tokens": 64, "seed": 1})
    before = chatqna.copy()
    chatqna.update("llm", parameters={"max_tokens": 65, "seed": None})
    assert chatqna.last_edit is not None
    assert lines_of(before, chatqna.last_edit) == [
        'pipeline.update("llm", parameters={"max_tokens": 65, "seed": None})'
    ]
    assert code(chatqna.last_edit) == 'pipeline.update("llm", parameters={"max_tokens": 65}, merge=False)'


def test_long_lines_are_broken_at_the_arguments(chatqna: Pipeline) -> None:
    chatqna.add("llm", "writer", parameters={"chat_template": "x" * 60}, environment={"A": "b" * 20})
    assert chatqna.last_edit is not None
    assert code(chatqna.last_edit, "chat").splitlines()[:2] == ["chat.add(", '    "llm",']


@pytest.mark.parametrize("value", [math.inf, -math.inf, datetime.date(2026, 1, 2), b"\0", (1,), [{}], {1: None}, -0.0])
def test_any_value_that_yaml_has_can_be_written(chatqna: Pipeline, value: Any) -> None:
    before = chatqna.copy()
    chatqna.add("service", "x", extra={"mine": value})
    assert chatqna.last_edit is not None
    assert run(code(chatqna.last_edit), before) == chatqna


@pytest.mark.parametrize("act", ["extended", "inserted", "without", "duplicate"])
def test_acts_of_the_builder_can_be_told(chatqna: Pipeline, act: str) -> None:
    edit: Edit = {
        "extended": lambda: extended(chatqna, "guardrails", "llm")[0],
        "inserted": lambda: inserted(chatqna, "guardrails", "embedding", "retriever")[0],
        "without": lambda: without(chatqna, ["reranking"], join=True),
        "duplicate": lambda: duplicate(chatqna, ["embedding", "retriever"])[0],
    }[act]()
    lines, copy = code(edit, before=chatqna), chatqna.copy()
    chatqna.apply(edit)
    assert "apply" not in lines
    assert content(run(lines, copy)) == content(chatqna)


def test_a_foreign_edit_is_refused() -> None:
    class Foreign:
        label = "?"

        def apply(self, graph: Any) -> Edit:
            return self

    with pytest.raises(PipelineError, match="a Foreign cannot be written as Python"):
        code(Foreign())
