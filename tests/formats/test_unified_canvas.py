"""Notes, groups and conditions in the unified YAML, where upstream's reader does not look."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from opea_nb.errors import FormatError
from opea_nb.formats.unified import dumps, loads
from opea_nb.pipeline import Note, board

RFC = (Path(__file__).parent / "samples" / "rfc.yaml").read_text()


def one(fields: str, more: str = "") -> str:
    """A file with one llm of the given fields."""
    return f"opea_micro_services:\n  llm: {{{fields}}}\nopea_mega_service: {{mega_flow: [llm]}}\n{more}"


def test_notes_and_groups_stand_where_upstream_does_not_look() -> None:
    pipeline = loads(RFC)
    pipeline.note("ask Ann", "ann", position=(0, 120.5))
    pipeline.note("", position=(0, 0))
    pipeline.group("search", ["embedding", "retrieval"], folded=True)
    pipeline.group("rest", ["llm"])
    text = dumps(pipeline)
    own = """opea_nb:
  notes:
    ann:
      text: ask Ann
      at:
        - 0
        - 120.5
      size:
        - 200
        - 96
    note:
      at:
        - 0
        - 0
      size:
        - 200
        - 96
  groups:
    rest:
      members:
        - llm
    search:
      members:
        - embedding
        - retrieval
      folded: true
"""
    assert text.endswith(own)
    before, after = yaml.safe_load(dumps(loads(RFC))), yaml.safe_load(text)
    assert after.pop("opea_nb")
    assert after == before, "what upstream reads is as it was"
    again = loads(text)
    assert (again.notes, again.groups) == (pipeline.notes, pipeline.groups)
    assert again == loads(RFC), "they are no part of equality"


def test_a_group_forgets_what_was_taken_out_by_hand() -> None:
    text = one("", "opea_nb: {groups: {g: {members: [llm, gone, llm]}, empty: {members: [gone]}}}")
    assert {name: group.members for name, group in loads(text).groups.items()} == {"g": ("llm",)}


TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)
IDS = TEXTS.map(lambda text: "".join(c for c in text if c.isprintable())).filter(str.strip)
POINTS = st.tuples(*[st.floats(-1e6, 1e6, width=32)] * 2)
NOTES = st.builds(Note, IDS, TEXTS, POINTS, st.tuples(*[st.floats(1, 1e6, width=32)] * 2))


@given(st.lists(NOTES, max_size=3), st.dictionaries(IDS, st.sets(st.sampled_from(["embedding", "llm"]), min_size=1)))
def test_any_notes_and_groups_come_back_as_they_were(notes: list[Note], groups: dict[str, set[str]]) -> None:
    pipeline = loads(RFC)
    for note in notes:
        pipeline.apply(board.PutNote(note))
    for name, members in groups.items():
        pipeline.group(name, sorted(members), folded=len(members) == 1)
    again = loads(dumps(pipeline))
    assert (again.notes, again.groups) == (pipeline.notes, pipeline.groups)
    assert dumps(again) == dumps(pipeline)


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        (one("", "opea_nb: {notes: {n: {at: 5}}}"), "4:27", r"note n: at is not two numbers\n.*\[x, y\]"),
        (one("", "opea_nb: {notes: {n: {size: [0, 5]}}}"), "4:19", "a note's size is"),
        (one("", "opea_nb: {notes: {n: {tekst: a}}}"), "4:23", r"note n has no key `tekst`\n.*did you mean `text`"),
        (one("", "opea_nb: {notes: {5: {text: a}}}"), "4:19", "a note's id is a number"),
        (one("", "opea_nb: {groups: {g: {members: llm}}}"), "4:33", "members is no list of names"),
        (one("", "opea_nb: {groups: {g: {members: [llm], folded: 1}}}"), "4:48", "folded is neither"),
        (one("", "opea_nb: {groups: {g: {members: [llm]}, h: {members: [llm]}}}"), "4:55", "of the groups g and h"),
        (one("when: {a b: 1}"), "2:16", r"'a b' is no path into a request\n.*dots between"),
        (one("when: {model: {nott: x}}"), "2:23", r"`when` of model: .*nott.*\n.*use \{not: …\}"),
        (one("when: {ok: 1, model: []}"), "2:30", r"`when` of model: \[\] is no value"),
        (one("when: big"), "2:15", r"`when` is 'big'\n.*write `when: \{path: value\}`"),
    ],
)
def test_mistakes_are_told_with_their_place(text: str, place: str, message: str) -> None:
    with pytest.raises(FormatError, match=message) as caught:
        loads(text, "app.yaml")
    assert str(caught.value).startswith(f"app.yaml:{place}:")


def test_a_sound_condition_is_kept_and_written_back() -> None:
    pipeline = loads(one("when: {model: [big, 5], stream: {exists: true}}"))
    assert pipeline.services["llm"].extra == {"when": {"model": ["big", 5], "stream": {"exists": True}}}
    assert loads(dumps(pipeline)) == pipeline
