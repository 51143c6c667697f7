"""What gestures ask for: each becomes one step of undo, or is refused with the reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opea_nb import templates
from opea_nb.notebook.builder.editing import EDITS
from opea_nb.notebook.builder.intents import _LARGE, _QUIET, _STEPS
from opea_nb.pipeline import MAIN, Pipeline
from tests.notebook.builder.page import Page

ACTS = (*EDITS, *_LARGE, *_QUIET, *_STEPS)


@pytest.fixture
def page() -> Page:
    """ChatQnA, all but the wire from reranking to the model, with an engine."""
    pipeline = Pipeline("chat")
    emb, ret, rer = (pipeline.add(kind) for kind in ("embedding", "retriever", "reranking"))
    pipeline.add("llm")
    emb >> ret >> rer
    emb.uses(pipeline.add("tei"))
    return Page(pipeline)


def test_a_component_is_added_where_it_was_dropped_and_selected(page: Page) -> None:
    assert page.ask("add", kind="dataprep", x=900, y=700)["ok"]
    assert page.pipeline.services["dataprep"].position == (900.0, 700.0)
    assert page.scene["selected"] == ["dataprep"]
    assert page.told("focus")["id"] == "dataprep"


def test_what_is_dropped_on_a_card_comes_beside_it(page: Page) -> None:
    card = page.scene["nodes"]["embedding"]
    page.ask("add", kind="redis", x=card["x"] + 5, y=card["y"] + 5)
    assert page.scene["nodes"]["redis"]["y"] >= card["y"] + 52


def test_a_wire_into_the_void_adds_and_connects_as_one_step(page: Page) -> None:
    before = page.pipeline.copy()
    assert page.ask("add", kind="llm", **{"from": "reranking"}, x=0, y=900)["ok"]
    assert page.pipeline.graph.has_edge("reranking", "llm_2")
    page.ask("undo")
    assert page.pipeline == before


def test_a_wire_is_drawn_where_it_fits(page: Page) -> None:
    assert page.ask("connect", source="reranking", target="llm")["text"] == "connected reranking to llm"
    assert list(page.patches[0]["edges"]) == ["reranking>>llm"]


@pytest.mark.parametrize(
    ("source", "target", "why"),
    [
        ("reranking", "embedding", "circle"),
        ("embedding", "retriever", "already"),
        ("embedding", "reranking", "put a retriever between"),
        ("embedding", "embedding", "itself"),
        ("embedding", "nobody", "nobody"),
    ],
)
def test_a_wire_that_makes_no_sense_is_refused_with_the_reason(page: Page, source: str, target: str, why: str) -> None:
    before = page.pipeline.copy()
    done = page.ask("connect", source=source, target=target)
    assert (done["ok"], done["bad"]) == (False, True)
    assert why in done["text"]
    assert page.pipeline == before


def test_an_engine_is_used_in_whichever_direction_the_wire_was_drawn(page: Page) -> None:
    page.ask("disconnect", edges=[["embedding", "tei"]])
    assert "embedding>>tei" not in page.scene["edges"]
    page.ask("connect", source="tei", target="embedding")
    assert page.scene["edges"]["embedding>>tei"]["kind"] == "uses"


def test_a_card_in_the_middle_is_deleted_with_its_neighbours_joined(page: Page) -> None:
    page.ask("connect", source="reranking", target="llm")
    done = page.ask("delete", names=["reranking"], edges=[["retriever", "reranking"]], join=True)
    assert done["ok"], done["text"]
    assert "retriever>>llm" in page.scene["edges"]
    assert page.scene["undo"] == "delete reranking and connect retriever to llm"


def test_cards_that_are_moved_together_are_one_step_with_the_gestures_name(page: Page) -> None:
    was = {name: (n["x"], n["y"]) for name, n in page.scene["nodes"].items()}
    page.ask("move", places={"embedding": [10, 500], "llm": [300, 500]}, label="align top")
    assert set(page.patches[0]["nodes"]) == {"embedding", "llm"}
    assert page.scene["undo"] == "align top embedding and llm"
    page.ask("undo")
    assert {name: (n["x"], n["y"]) for name, n in page.scene["nodes"].items()} == was


def test_moving_nothing_is_no_step(page: Page) -> None:
    card, label = page.scene["nodes"]["llm"], page.scene["undo"]
    assert page.ask("move", places={"llm": [card["x"], card["y"]]}, label="move")["ok"]
    assert page.scene["undo"] == label


def test_renaming_tells_the_page_which_card_it_was(page: Page) -> None:
    page.ask("select", names=["llm"])
    page.ask("rename", name="llm", to=" writer ")
    assert page.patches[0]["renamed"] == {"llm": "writer"}
    assert page.scene["selected"] == ["writer"]
    assert not page.ask("rename", name="writer", to="embedding")["ok"]


def test_copies_are_pasted_into_another_builder(page: Page) -> None:
    other = Page(Pipeline("other"))
    page.ask("copy", names=["embedding", "retriever"])
    assert other.ask("paste", text=page.told("clipboard")["text"], x=50, y=60)["ok"]
    assert other.scene["edges"].keys() == {"embedding>>retriever"}
    assert other.scene["selected"] == ["embedding", "retriever"]
    assert other.scene["nodes"]["embedding"]["x"] == 50


@pytest.mark.parametrize("act", ["duplicate", "paste"])
def test_copies_cover_no_card(page: Page, act: str) -> None:
    page.ask("copy", names=["embedding", "retriever"])
    text = page.told("clipboard")["text"]
    for _ in range(3):
        assert page.ask(act, **({"names": ["embedding", "retriever"]} if act == "duplicate" else {"text": text}))["ok"]
    places = [(n["x"], n["y"]) for n in page.scene["nodes"].values()]
    apart = [abs(a[0] - b[0]) >= 148 or abs(a[1] - b[1]) >= 52 for i, a in enumerate(places) for b in places[:i]]
    assert all(apart)


def test_cutting_gives_the_text_and_takes_the_cards(page: Page) -> None:
    page.ask("cut", names=["llm"])
    assert "llm" in page.told("clipboard")["text"]
    assert "llm" not in page.scene["nodes"]


def test_notes_are_written_moved_and_deleted_each_with_its_name(page: Page) -> None:
    page.ask("note", text="mind the index", x=10, y=20)
    (key,) = page.scene["notes"]
    page.ask("note", id=key, x=40, y=50)
    assert page.scene["undo"] == "move a note"
    assert page.scene["notes"][key] == {
        "id": key,
        "text": "mind the index",
        "x": 40,
        "y": 50,
        "width": 200,
        "height": 96,
    }
    page.ask("move", places={f"note:{key}": [0, 0]}, label="move")
    assert page.scene["notes"][key]["x"] == 0
    page.ask("drop_note", id=key)
    assert not page.scene["notes"]


def test_groups_are_made_folded_renamed_and_taken_apart(page: Page) -> None:
    page.ask("group", names=["embedding", "retriever"], name="find")
    page.ask("fold", name="find", folded=True)
    page.ask("rename_group", name="find", to="search")
    assert page.scene["groups"] == {"search": {"name": "search", "members": ["embedding", "retriever"], "folded": True}}
    assert not page.ask("group", names=["llm"], name="search")["ok"]
    page.ask("ungroup", name="search")
    assert page.scene["groups"] == {}


def test_clearing_can_be_undone(page: Page) -> None:
    before = page.pipeline.copy()
    page.ask("clear")
    assert page.scene["nodes"] == {}
    page.ask("undo")
    assert page.pipeline == before
    page.ask("redo")
    assert not page.ask("clear")["ok"]


def test_undo_of_nothing_says_so_and_is_no_error() -> None:
    done = Page().ask("undo")
    assert done == done | {"ok": False, "bad": False, "text": "nothing to undo"}


@pytest.mark.parametrize("name", templates.names())
def test_each_template_opens_in_one_step(name: str) -> None:
    page = Page()
    assert page.ask("template", name=name)["ok"]
    assert page.pipeline == templates.load(name)
    page.ask("undo")
    assert page.pipeline == Pipeline("chat")


def test_a_dropped_file_is_opened_whatever_its_format(page: Page) -> None:
    done = page.ask("import", name="flow.yaml", text=templates.text("docsum"))
    assert (done["ok"], page.scene["undo"]) == (True, "open flow.yaml")
    assert page.pipeline == templates.load("docsum")


def test_a_text_that_is_a_path_opens_no_file_of_this_machine(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "secret.yaml"
    file.write_text(templates.text("docsum"), "utf-8")
    assert not page.ask("import", name="a.yaml", text=str(file))["ok"]
    assert "llm-docsum" not in page.pipeline.services


def test_what_fits_is_told_with_reasons(page: Page) -> None:
    page.ask("fits", source="embedding")
    told = page.told("fits")
    assert told["targets"]["reranking"].endswith("put a retriever between")
    assert told["kinds"][0] == {"kind": "retriever", "why": ""}


def test_new_wires_go_to_the_chosen_flow(page: Page) -> None:
    page.pipeline.add_flow("extra")
    page.ask("flow", name="extra")
    page.ask("add", kind="llm")
    assert page.pipeline.flows_of("llm_2") == ("extra",)
    page.ask("undo")
    page.pipeline.drop_flow("extra")
    assert page.scene["flow"] == MAIN


def test_what_panels_offer_is_called_and_what_nobody_offers_is_refused(page: Page) -> None:
    called: list[str] = []
    page.session.offer("panel", called.append)
    assert page.ask("panel", name="yaml")["ok"]
    assert called == ["yaml"]
    assert "not possible" in page.ask("deploy")["text"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["llm", "note:a"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.sampled_from(
    [
        "kind",
        "from",
        "x",
        "y",
        "source",
        "target",
        "edges",
        "places",
        "label",
        "name",
        "to",
        "names",
        "join",
        "text",
        "id",
        "folded",
        "width",
        "height",
        "n",
        "view",
    ]
)
WRONG = JSON.filter(lambda value: not isinstance(value, str))


@given(content=JSON | st.fixed_dictionaries({"act": st.sampled_from(ACTS) | JSON, "n": JSON}))
def test_no_message_raises_and_each_is_answered(content: object) -> None:
    page = Page()
    page.pipeline.add("llm")
    page.send(content)
    assert page.messages[-1]["type"] == "done"
    assert page.scene == page.state()["scene"]


@given(act=st.sampled_from([*EDITS, *_LARGE]), fields=st.dictionaries(FIELDS, WRONG, min_size=1, max_size=4))
def test_an_edit_with_fields_of_the_wrong_kind_changes_nothing(act: str, fields: dict[str, Any]) -> None:
    page = Page()
    page.pipeline.add("llm")
    before = page.pipeline.to_yaml()
    page.send({"act": act, **fields})
    if act in ("clear", "note"):  # these need no fields
        return
    allowed = act == "group" and fields.get("names") == ["llm"]
    places = fields.get("places")
    moved = act == "move" and isinstance(places, dict) and "llm" in places
    if not (allowed or moved):
        assert page.pipeline.to_yaml() == before


@pytest.mark.parametrize("number", [10**400, float("nan"), float("inf"), True, "1", None, 1e7])
def test_a_place_that_is_none_is_refused(page: Page, number: object) -> None:
    before = page.scene
    assert not page.ask("move", places={"llm": [number, 0]}, label="move")["ok"]
    assert page.scene == before
