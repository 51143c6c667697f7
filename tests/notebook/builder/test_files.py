"""The file of a builder, and the panel that opens and saves it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from opea_nb import templates
from opea_nb.formats import registry, unified
from opea_nb.notebook.builder.files import Changed, Workspace, listing
from opea_nb.notebook.builder.files_panel import FilesPanel
from opea_nb.notebook.builder.light import Light
from opea_nb.notebook.builder.session import Session
from opea_nb.pipeline import Pipeline
from tests.notebook.builder.panels import ATTACK, button, of_class, words


@pytest.fixture
def session() -> Session:
    pipeline = Pipeline("chatqna")
    pipeline.add("embedding") >> pipeline.add("llm")
    return Session(pipeline)


@pytest.fixture
def panel(session: Session, tmp_path: Path) -> Iterator[FilesPanel]:
    made = FilesPanel(session, Light(), Workspace(session.pipeline, tmp_path), wait=60)
    yield made
    made.close()


def test_the_latest_file_is_listed_first_and_hidden_ones_are_not(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.json", ".c.yaml", "d.txt"):
        (tmp_path / name).write_text("x")
    assert set(listing(tmp_path)) == {"a.yaml", "b.json"}
    assert listing(tmp_path / "none") == ()


def test_what_is_saved_is_opened_again_as_one_edit(session: Session, panel: FilesPanel, tmp_path: Path) -> None:
    assert panel.save()
    assert unified.load(tmp_path / "chatqna.yaml") == session.pipeline
    before = session.pipeline.copy()
    panel.new()
    assert not session.pipeline.services
    assert panel.workspace.path is None
    assert panel.open("chatqna.yaml")
    assert session.pipeline == before
    assert session.pipeline.undo() == "open chatqna.yaml"
    assert not session.pipeline.services


def test_a_file_that_someone_else_changed_is_not_written_over_before_it_is_said(
    session: Session, panel: FilesPanel, tmp_path: Path
) -> None:
    panel.save()
    (tmp_path / "chatqna.yaml").write_text("theirs")
    session.pipeline.add("tts")
    assert not panel.save()
    assert "someone else" in session.said[0]
    assert (tmp_path / "chatqna.yaml").read_text() == "theirs"
    assert panel.save()
    assert "tts" in (tmp_path / "chatqna.yaml").read_text()


def test_saving_as_an_existing_file_asks_first(session: Session, panel: FilesPanel, tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("theirs")
    path = of_class(panel.widget, "opea-file-path")[0]
    path.value = "other"
    button(panel.widget, "Save as").click()
    assert session.said[1]
    button(panel.widget, "Save as").click()
    assert panel.workspace.name == "other.yaml"


def test_a_path_that_comes_after_the_click_is_opened(session: Session, panel: FilesPanel) -> None:
    panel.save()
    panel.new()
    button(panel.widget, "Open").click()
    of_class(panel.widget, "opea-file-path")[0].value = "chatqna.yaml"
    assert set(session.pipeline.services) == {"embedding", "llm"}


def test_autosave_writes_each_change_and_leaves_the_base_of_the_diff(session: Session, panel: FilesPanel) -> None:
    box = of_class(panel.widget, "opea-autosave")[0]
    box.value = True
    session.pipeline.add("tts")
    assert panel._autosave.waiting
    panel._autosave.flush()
    assert panel.workspace.path is not None
    assert "tts" in panel.workspace.path.read_text()
    assert "tts" not in panel.workspace.saved.services
    assert "change" in words(panel.widget)


def test_autosave_stops_where_someone_else_wrote_and_says_so(session: Session, panel: FilesPanel) -> None:
    box = of_class(panel.widget, "opea-autosave")[0]
    box.value = True
    assert panel.workspace.path is not None
    panel.workspace.path.write_text("theirs")
    session.pipeline.add("tts")
    panel._autosave.flush()
    assert panel.workspace.path.read_text() == "theirs"
    assert not box.value
    assert "autosave is off" in session.said[0]


def test_closing_writes_what_waits(session: Session, panel: FilesPanel) -> None:
    of_class(panel.widget, "opea-autosave")[0].value = True
    session.pipeline.add("tts")
    panel.close()
    panel.close()
    assert panel.workspace.path is not None
    assert "tts" in panel.workspace.path.read_text()


def test_every_template_is_there_with_a_picture_and_opens_with_one_click(session: Session, panel: FilesPanel) -> None:
    button(panel.widget, "Templates").click()
    assert len(of_class(panel.widget, "opea-template")) == len(templates.names())
    assert words(panel.widget).count("data:image/svg+xml,") == len(templates.names())
    of_class(panel.widget, "opea-template-audioqna")[0].click()
    assert session.pipeline == templates.load("audioqna")
    assert session.pipeline.undo() == "open the template audioqna"


def test_another_format_is_brought_in_with_its_losses_listed(session: Session, panel: FilesPanel) -> None:
    text = registry.convert(templates.load("chatqna-engines"), "compose").text
    upload = of_class(panel.widget, "opea-import")[0]
    file = {"name": "compose.yaml", "type": "", "size": len(text), "content": text.encode(), "last_modified": 0}
    panel._brought({"new": (file,)})
    assert "retriever" in "".join(session.pipeline.services)
    notes = registry.read(text.encode()).notes
    assert words(panel.widget).count("<li ") == len(notes)
    assert upload.value == ()


def test_what_cannot_be_read_changes_nothing_and_is_shown_as_text(session: Session, panel: FilesPanel) -> None:
    before = session.pipeline.copy()
    assert not panel.bring(ATTACK, b"\x00\xff")
    assert not panel.open("nowhere.yaml")
    assert not panel.open("\0")
    assert session.pipeline == before
    assert session.said[1]
    assert "<img src=x" not in words(panel.widget)


def test_a_file_of_another_format_is_not_saved_over(session: Session, panel: FilesPanel, tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(registry.convert(templates.load("chatqna"), "compose").text)
    assert panel.open("compose.yaml")
    assert panel.workspace.path is None


def test_the_workspace_refuses_what_is_there_already(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("x")
    with pytest.raises(Changed, match="already"):
        Workspace(Pipeline("p"), tmp_path).save(Pipeline("p"))


def test_import_promises_only_what_can_be_read(panel: FilesPanel) -> None:
    promised = of_class(panel.widget, "opea-import")[0].tooltip.removeprefix("Import: ").split(", ")
    assert promised == [f.title for f in map(registry.find, registry.names()) if f.read is not None]
    assert "Docker Compose" in promised
    assert "Kubernetes manifests" not in promised
