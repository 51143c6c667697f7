"""The palette: what is found, and that it is added."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from opea_nb.catalog import load_catalog
from opea_nb.notebook import look
from opea_nb.notebook.builder.finding import found, grouped
from opea_nb.notebook.builder.light import Light
from opea_nb.notebook.builder.palette import Palette
from opea_nb.notebook.builder.session import Session
from opea_nb.pipeline import Flow, Pipeline, wiring
from tests.notebook.builder.panels import button, enter, of_class, words


@pytest.fixture
def session() -> Session:
    return Session(Pipeline("chatqna"))


def shown(palette: Palette) -> list[str]:
    return [entry.description for entry in of_class(palette.widget, "opea-entry")]


def test_every_component_of_the_catalogue_is_there_with_its_kind_and_icon(session: Session) -> None:
    entries = of_class(Palette(session, Light()).widget, "opea-entry")
    kinds = {css.removeprefix("opea-kind-") for e in entries for css in e._dom_classes if css.startswith("opea-kind-")}
    assert kinds == set(load_catalog())
    assert all(any(css.startswith("opea-icon-") for css in e._dom_classes) for e in entries)


def test_one_that_is_filled_later_shows_what_was_searched_meanwhile(session: Session) -> None:
    palette = Palette(session, Light(), filled=False)
    of_class(palette.widget, "opea-search")[0].value = "rerank"
    assert shown(palette) == []
    palette.fill()
    assert shown(palette)[0] == "Reranking"
    entries = of_class(palette.widget, "opea-entry")
    palette.fill()
    assert of_class(palette.widget, "opea-entry") == entries


def test_services_come_before_own_components_and_engines(session: Session) -> None:
    heads = [b.description.split(" · ")[0] for b in of_class(Palette(session, Light()).widget, "opea-group-button")]
    assert heads == [*list(grouped(load_catalog()))]
    assert heads[0] == "Text"
    assert heads[-2:] == ["My components", "Engines"]


def test_a_catalogue_of_ones_own_stands_under_my_components(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "components:\n  shout: {title: Shout, group: Text, input: Json, output: Json, endpoint: /v1/shout}\n"
    )
    groups = grouped(load_catalog(file))
    assert "shout" in [c.kind for c in groups["My components"]]


def test_the_search_shows_what_matches_best_first_and_enter_adds_it(session: Session) -> None:
    palette = Palette(session, Light())
    search = of_class(palette.widget, "opea-search")[0]
    search.value = "rerank"
    assert shown(palette)[0] == "Reranking"
    assert "Embedding" not in shown(palette)
    enter(search)
    assert list(session.pipeline.services) == ["reranking"]
    assert session.one == "reranking"
    assert search.value == ""
    assert len(shown(palette)) == len(load_catalog())


def test_a_search_without_a_match_says_so_as_text(session: Session) -> None:
    palette = Palette(session, Light())
    of_class(palette.widget, "opea-search")[0].value = "<img src=x>"
    assert shown(palette) == []
    assert "<img" not in words(palette.widget)
    enter(of_class(palette.widget, "opea-search")[0])
    assert session.said[1]


def test_groups_fold(session: Session) -> None:
    palette = Palette(session, Light())
    head = next(b for b in of_class(palette.widget, "opea-group-button") if b.description.startswith("Engines"))
    head.click()
    assert "Redis" not in shown(palette)
    of_class(palette.widget, "opea-search")[0].value = "redis"
    assert "Redis" in shown(palette)


def test_what_is_added_is_part_of_the_chosen_flow(session: Session) -> None:
    session.pipeline.apply(wiring.PutFlow(Flow("ingest")))
    session.use_flow("ingest")
    palette = Palette(session, Light())
    button(palette.widget, "Embedding").click()
    button(palette.widget, "Data preparation").click()
    assert session.pipeline.flows_of("embedding") == ("ingest",)
    assert session.pipeline.flows_of("dataprep") == (load_catalog()["dataprep"].flow,)


@pytest.mark.parametrize(
    ("typed", "first"), [("llm", "llm"), ("retrieval", "retriever"), ("rerank tei", "reranking-tei")]
)
def test_names_and_aliases_find_their_kind_first(typed: str, first: str) -> None:
    assert found(load_catalog(), typed)[0] == first


def test_every_icon_that_is_named_is_drawn() -> None:
    """Lucide renames icons; those of a name that is gone would be empty squares."""
    package = Path(look.__file__).parent
    css = (package.parent / "static" / "builder.css").read_text(encoding="utf-8")
    drawn = set(re.findall(r"\.opea-icon-([a-z0-9-]+)", css))
    sources = "".join(file.read_text(encoding="utf-8") for file in (package / "builder").glob("*.py"))
    named = {*look.ICONS.values(), *re.findall(r"opea-icon-([a-z0-9-]+\w)", sources)}
    assert named <= drawn
    assert {look.icon(load_catalog(), kind) for kind in load_catalog()} <= drawn
