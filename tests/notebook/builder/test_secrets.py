"""No secret is in the state of any widget, which is saved with the notebook; what is no secret is shown as it is."""

from __future__ import annotations

import json
from collections.abc import Iterator

import ipywidgets as w
import pytest

from opea_nb.notebook.builder import Builder
from opea_nb.notebook.builder.static import drawing
from opea_nb.pipeline import Pipeline

VALUE = "hunter2-hunter2"
SECRETS = {
    "HF_TOKEN": VALUE,
    "OPENAI_API_KEY": f"sk-{VALUE}",
    "NEO4J_AUTH": f"neo4j/{VALUE}",
    "DB_PASSWORD": VALUE,
    "MY_SECRET": VALUE,
    "REDIS_URL": f"redis://:{VALUE}@host:6379",
    "ANYTHING": f"sk-{VALUE}{VALUE}",
}
PLAIN = {"LOGFLAG": "plainly-true", "MAX_TOKENS": "6411", "REGION": "eu-plain-1"}


@pytest.fixture
def builder() -> Iterator[Builder]:
    w.Widget.close_all()  # what earlier tests left would be looked through at every step
    made = Builder(Pipeline("chat"))
    made.pipeline.add("embedding") >> made.pipeline.add("llm")
    yield made
    made.close()


def opened(builder: Builder) -> str:
    """The state of all widgets, after each tab was opened with each card selected."""
    told = []
    for tab in range(len(builder._tabs.widget.children)):
        builder._tabs.widget.selected_index = tab
        for name in builder.pipeline.graph:
            builder._session.select(name)
            told.append(json.dumps(w.Widget.get_manager_state(), default=str))
    return "".join(told) + drawing(builder._session)


def test_environment_and_parameters_of_any_sort(builder: Builder) -> None:
    session, pipeline = builder._session, builder.pipeline
    session.act(lambda: pipeline.update("llm", environment={**SECRETS, **PLAIN}), "set")
    session.act(lambda: pipeline.add("tts", environment=SECRETS, url=f"http://me:{VALUE}@host/v1"), "added")
    session.act(lambda: pipeline.update("llm", environment={"LOGFLAG": "plainly-else"}), "set again")
    state = opened(builder)
    assert VALUE not in state
    assert all(value in state for value in ("plainly-else", "6411", "eu-plain-1"))
    assert dict(pipeline.services["llm"].environment) == {**SECRETS, **PLAIN, "LOGFLAG": "plainly-else"}
    assert 'environment={"LOGFLAG": "plainly-else"}' in builder.log[-1].code


def test_a_file_with_secrets(builder: Builder) -> None:
    other = Pipeline("chat")
    other.add("llm", environment={**SECRETS, **PLAIN})
    assert builder._tabs.files.bring("mine.yaml", other.to_yaml().encode())
    assert VALUE not in opened(builder)
    assert builder.pipeline.services["llm"].environment["HF_TOKEN"] == VALUE


def test_a_message_of_the_page(builder: Builder) -> None:
    other = Pipeline("chat")
    other.add("llm", environment=SECRETS)
    builder._bridge._heard(None, {"act": "paste", "n": 1, "view": "v", "text": other.to_yaml()}, None)
    builder._bridge._heard(None, {"act": "duplicate", "n": 2, "view": "v", "names": ["llm"]}, None)
    assert VALUE not in opened(builder)
