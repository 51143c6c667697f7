"""The SVG drawing: escaped, deterministic, well-formed."""

from __future__ import annotations

import random
from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st

from opea_nb.errors import PipelineError
from opea_nb.formats.layout import CARD, positions
from opea_nb.formats.picture import svg
from opea_nb.pipeline import Pipeline
from opea_nb.pipeline.edits import Move


def test_the_same_pipeline_gives_the_same_bytes_in_any_order() -> None:
    names = [f"s{i}" for i in range(12)]
    edges = [(a, b) for i, a in enumerate(names) for b in names[i + 1 : i + 3]]
    drawings = set()
    for seed in range(3):
        p = Pipeline()
        for name in random.Random(seed).sample(names, len(names)):
            p.add("service", name, port=8000 + int(name[1:]))
        p.connect_all(random.Random(seed).sample(edges, len(edges)))
        drawings.add(svg(p))
    assert len(drawings) == 1


@given(st.text(min_size=1, max_size=40))
@settings(max_examples=200)
def test_any_name_is_shown_as_text(name: str) -> None:
    p = Pipeline()
    try:
        p.add("service", name)
    except PipelineError:
        return
    tree = ElementTree.fromstring(svg(p))
    tags = {element.tag.rpartition("}")[2] for element in tree.iter()}
    assert tags <= {"svg", "title", "defs", "marker", "path", "g", "rect", "text"}
    shown = name if len(name) <= 15 else name[:14] + "…"
    assert shown in [t.text for t in tree.iter("{http://www.w3.org/2000/svg}text")]


def test_a_script_in_a_note_stays_text(chatqna: Pipeline) -> None:
    drawing = svg(chatqna, notes={"llm": "<script>x</script>"})
    assert "<script" not in drawing
    assert "&lt;script&gt;" in drawing


def test_states_are_told_by_a_mark_and_not_by_colour_alone(chatqna: Pipeline) -> None:
    drawing = svg(chatqna, states={"llm": "failed", "embedding": "done"}, notes={"embedding": "12 ms"})
    assert "✕" in drawing
    assert "✓" in drawing
    assert "12 ms" in drawing


def test_nothing_overlaps(chatqna: Pipeline) -> None:
    retriever = chatqna.handle("retriever")
    for _ in range(4):
        retriever >> chatqna.add("llm")
    for kind in ("redis", "tei", "vllm"):
        chatqna.use(retriever, chatqna.add(kind))
    places = list(positions(chatqna).values())
    for i, (x, y) in enumerate(places):
        for other_x, other_y in places[:i]:
            assert abs(x - other_x) >= CARD[0] or abs(y - other_y) >= CARD[1]


def test_a_card_that_was_moved_stands_where_it_was_put(chatqna: Pipeline) -> None:
    before = positions(chatqna)
    chatqna.apply(Move("llm", (900.0, -40.0)))
    assert positions(chatqna) == before | {"llm": (900.0, -40.0)}


def board() -> Pipeline:
    p = Pipeline("chat")
    p.add("embedding") >> p.add("retriever") >> p.add("llm")
    p.note("ask <Ann> & 'Bob'\nwhat a rather long line of words becomes in a note", "memo", position=(-300.0, 40.0))
    return p


def test_notes_are_drawn_with_their_text_in_lines() -> None:
    drawing = svg(board())
    tree = ElementTree.fromstring(drawing)
    lines = [t.text for t in tree.iter("{http://www.w3.org/2000/svg}tspan")]
    assert lines[0] == "ask <Ann> & 'Bob'"
    assert len(lines) > 2
    assert drawing == svg(board())
    assert float(tree.attrib["width"]) > 300 + 3 * CARD[0]


def test_an_open_group_is_a_frame_and_a_folded_one_a_card_in_place_of_its_members() -> None:
    p = board()
    p.group("search", ["embedding", "retriever"])
    names = [t.text for t in ElementTree.fromstring(svg(p)).iter("{http://www.w3.org/2000/svg}text")]
    assert {"search", "embedding", "retriever", "llm"} <= set(names)
    p.fold("search")
    drawing = svg(p)
    names = [t.text for t in ElementTree.fromstring(drawing).iter("{http://www.w3.org/2000/svg}text")]
    assert {"search", "2 folded", "llm"} <= set(names)
    assert not {"embedding", "retriever"} & set(names)
    assert drawing.count("marker-end") == 1


def test_a_pipeline_without_notes_and_groups_is_drawn_as_ever() -> None:
    p = board()
    with_note = svg(p)
    p.drop_note("memo")
    assert "tspan" not in svg(p)
    assert svg(p) != with_note
