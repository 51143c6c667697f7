"""The YAML beside the graph."""

from __future__ import annotations

import threading

import pytest

from opea_nb.formats import unified
from opea_nb.notebook.builder.amending import amend
from opea_nb.notebook.builder.light import Light
from opea_nb.notebook.builder.session import Session
from opea_nb.notebook.builder.yaml_panel import YamlPanel
from opea_nb.pipeline import Pipeline
from opea_nb.pipeline.edits import Batch
from tests.notebook.builder.panels import ATTACK, button, inside, of_class, words


@pytest.fixture
def session() -> Session:
    pipeline = Pipeline("chatqna")
    pipeline.add("embedding", position=(10.0, 20.0)) >> pipeline.add("llm")
    return Session(pipeline)


@pytest.fixture
def panel(session: Session) -> YamlPanel:
    return YamlPanel(session, Light())


def edit(panel: YamlPanel, old: str, new: str) -> None:
    area = of_class(panel.widget, "opea-yaml")[0]
    assert old in area.value
    area.value = area.value.replace(old, new)
    button(panel.widget, "Apply").click()


def test_it_is_always_what_the_pipeline_is(session: Session, panel: YamlPanel) -> None:
    session.pipeline.add("tts")
    assert of_class(panel.widget, "opea-yaml")[0].value == unified.dumps(session.pipeline)


def test_a_sound_edit_is_one_edit_that_keeps_places_selection_and_handles(session: Session, panel: YamlPanel) -> None:
    handle = session.pipeline.handle("llm")
    session.select("llm")
    edit(panel, "port: 9000", "port: 9009")
    assert session.pipeline.services["llm"].port == 9009
    assert session.pipeline.services["embedding"].position == (10.0, 20.0)
    assert (session.one, handle.name) == ("llm", "llm")
    assert session.pipeline.undo() == "edit the YAML"
    assert session.pipeline.services["llm"].port == 0


def test_a_wrong_one_is_marked_at_its_line_and_changes_nothing(session: Session, panel: YamlPanel) -> None:
    before = session.pipeline.copy()
    edit(panel, "- embedding >> llm", "- embedding >> lm")
    assert session.pipeline == before
    line = of_class(panel.widget, "opea-yaml")[0].value.splitlines().index("    - embedding >> lm") + 1
    assert f"line {line}" in words(panel.widget)
    assert f'<b class="opea-bad-line">✕ {line}</b>' in of_class(panel.widget, "opea-gutter")[0].value
    assert "embedding &gt;&gt; lm\n" in words(panel.widget)
    row, caret = words(panel.widget).split('<pre class="opea-caret">')[1].split("</pre>")[0].splitlines()
    assert "lm" in row
    assert caret.strip("0123456789 │") == "^"
    button(panel.widget, "Revert").click()
    assert "opea-bad" not in words(panel.widget)


def test_a_text_that_comes_after_the_click_that_is_about_it_is_applied(session: Session, panel: YamlPanel) -> None:
    area = of_class(panel.widget, "opea-yaml")[0]
    good = area.value
    area.value = good.replace("embedding >> llm", "embedding >> lm")
    button(panel.widget, "Apply").click()
    area.value = good.replace("port: 9000", "port: 9009")
    assert session.pipeline.services["llm"].port == 9009


def test_a_late_text_is_applied_though_the_click_found_nothing_changed(session: Session, panel: YamlPanel) -> None:
    area = of_class(panel.widget, "opea-yaml")[0]
    button(panel.widget, "Apply").click()
    assert session.said[0] == "nothing changed"
    area.value = area.value.replace("port: 9000", "port: 9009")
    assert session.pipeline.services["llm"].port == 9009


def test_a_text_that_comes_on_another_thread_while_the_click_is_looked_at_is_applied(
    session: Session, panel: YamlPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    area = of_class(panel.widget, "opea-yaml")[0]
    typed = area.value.replace("port: 9000", "port: 9009")
    arriving = threading.Thread(target=lambda: setattr(area, "value", typed))

    def meanwhile(*given: Pipeline) -> Batch:
        if not arriving.ident:
            arriving.start()
            while area.value != typed:
                pass
        return amend(*given)

    monkeypatch.setattr("opea_nb.notebook.builder.yaml_panel.amend", meanwhile)
    button(panel.widget, "Apply").click()
    arriving.join(10)
    assert session.pipeline.services["llm"].port == 9009


def test_notes_and_groups_are_part_of_the_text(session: Session, panel: YamlPanel) -> None:
    session.pipeline.note("hello", "memo")
    session.pipeline.group("both", ["embedding", "llm"])
    edit(panel, "hello", "good bye")
    assert session.pipeline.notes["memo"].text == "good bye"
    edit(panel, "        - embedding\n        - llm\n", "        - llm\n")
    assert session.pipeline.groups["both"].members == ("llm",)


def test_text_that_is_being_typed_is_not_lost_when_python_edits(session: Session, panel: YamlPanel) -> None:
    area = of_class(panel.widget, "opea-yaml")[0]
    typed = area.value = area.value.replace("port: 9000", "port: 9009")
    session.pipeline.add("tts")
    assert area.value == typed
    assert "meanwhile" in words(panel.widget)
    button(panel.widget, "Revert").click()
    assert "tts" in area.value


def test_the_diff_tells_by_service_what_changed_since_the_file_was_saved(session: Session) -> None:
    saved = session.pipeline.copy()
    panel = YamlPanel(session, Light(), lambda: saved)
    button(panel.widget, "Diff").click()
    assert "as saved" in words(panel.widget)
    session.pipeline.move("llm", (500.0, 500.0))
    assert "as saved" in words(panel.widget)
    session.pipeline.update("llm", parameters={"max_tokens": 64})
    session.pipeline.add("redis")
    session.pipeline.disconnect("embedding", "llm")
    session.pipeline.remove("embedding")
    told = of_class(panel.widget, "opea-changes")[0].value
    assert "parameters.max_tokens: <s>1024</s> → 64" in told
    for row in ("+</span> <b>redis</b>", "−</span> <b>embedding</b>", "−</span> embedding &gt;&gt; llm"):
        assert row in told
    assert "500" not in told


def test_a_secret_is_never_in_the_text_and_never_lost(session: Session) -> None:
    session.pipeline.update("llm", environment={"HF_TOKEN": "hunter2"})
    panel = YamlPanel(session, Light())
    button(panel.widget, "Diff").click()
    button(panel.widget, "Diff").click()
    assert not any("hunter2" in str(getattr(x, "value", "")) for x in inside(panel.widget))
    edit(panel, "port: 9000", "port: 9009")
    assert session.pipeline.services["llm"].environment["HF_TOKEN"] == "hunter2"


def test_a_secret_that_is_typed_is_taken_out_and_said(session: Session, panel: YamlPanel) -> None:
    edit(panel, "    port: 9000\n", "    port: 9000\n    environment:\n      HF_TOKEN: hunter2\n")
    assert not any("hunter2" in str(getattr(x, "value", "")) for x in inside(panel.widget))
    assert session.pipeline.services["llm"].environment["HF_TOKEN"] == "${HF_TOKEN}"


def test_hostile_text_stays_text(session: Session, panel: YamlPanel) -> None:
    edit(panel, "- embedding >> llm", f"- {ATTACK}")
    assert "<img" not in words(panel.widget)
    button(panel.widget, "Revert").click()
    button(panel.widget, "Diff").click()
    session.pipeline.update("llm", environment={"A": ATTACK}, image=ATTACK)
    session.pipeline.add("service", name="<b onclick=x", endpoint="/x")
    assert "<img" not in words(panel.widget)
    assert "<b onclick" not in words(panel.widget)
