"""No secret gets into a widget, and none gets lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opea_nb.formats import unified
from opea_nb.notebook.builder.hiding import hidden, redacted, refusal, restored
from opea_nb.pipeline import Pipeline

SECRET = "hunter2-hunter2"


def kept() -> Pipeline:
    pipeline = Pipeline("p")
    pipeline.add("llm", environment={"HF_TOKEN": SECRET, "LOGFLAG": "true"}, url=f"http://me:{SECRET}@h:1/v1")
    return pipeline


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HF_TOKEN", "x"),
        ("NEO4J_AUTH", "neo4j/test"),
        ("A", "sk-0123456789abcdef"),
        ("A", f"see http://me:{SECRET}@h"),
        ("REDIS_URL", f"redis://:{SECRET}@h"),
    ],
)
def test_a_plain_secret_is_refused_without_being_repeated(name: str, value: str) -> None:
    assert name in refusal(name, value)
    assert SECRET not in refusal(name, value)


@pytest.mark.parametrize(
    ("name", "value"), [("HF_TOKEN", "${MY_TOKEN}"), ("HF_TOKEN", ""), ("MAX_TOKENS", "64"), ("REDIS_URL", "redis://h")]
)
def test_a_reference_and_an_ordinary_value_are_fine(name: str, value: str) -> None:
    assert refusal(name, value) == ""


def test_what_is_shown_has_references_and_what_is_applied_has_the_secrets_again() -> None:
    pipeline = kept()
    text = unified.dumps(hidden(pipeline))
    assert SECRET not in text
    assert "${HF_TOKEN}" in text
    assert restored(unified.loads(text), pipeline) == pipeline
    assert pipeline.services["llm"].environment["HF_TOKEN"] == SECRET


def test_a_reference_that_was_changed_by_hand_stays_changed() -> None:
    pipeline = kept()
    text = unified.dumps(hidden(pipeline)).replace("${HF_TOKEN}", "${OTHER}").replace("'true'", "'false'")
    wanted = restored(unified.loads(text), pipeline)
    assert dict(wanted.services["llm"].environment) == {"HF_TOKEN": "${OTHER}", "LOGFLAG": "false"}


@pytest.mark.parametrize("line", ["HF_TOKEN: {}", '"HF_TOKEN":  "{}"', "- NEO4J_AUTH: '{}'  # mine", "DB_PASSWORD: {}"])
def test_a_secret_typed_into_the_text_is_taken_out(line: str) -> None:
    text, names = redacted(f"a:\n    {line.format(SECRET)}\nb: c\n")
    assert SECRET not in text
    assert len(names) == 1
    assert text.endswith("\nb: c\n")


@given(st.text(max_size=200))
def test_taking_secrets_out_keeps_the_lines_and_ends(text: str) -> None:
    once, _ = redacted(text)
    assert once.count("\n") == text.count("\n")
    assert redacted(once) == (once, ())


def test_ordinary_yaml_is_left_alone() -> None:
    text = (
        "llm:\n  api_key: OPENAI_API_KEY\n  parameters: {max_tokens: 64}\n  environment:\n    HF_TOKEN: ${HF_TOKEN}\n"
    )
    assert redacted(text) == (text, ())
