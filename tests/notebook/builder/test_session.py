"""What the Builder's parts share, without any of them."""

from __future__ import annotations

import pytest

from opea_nb.errors import PipelineError
from opea_nb.notebook.builder.session import Session
from opea_nb.notebook.builder.static import Still, drawing
from opea_nb.pipeline import Pipeline


@pytest.fixture
def session() -> Session:
    pipeline = Pipeline("chat")
    pipeline.connect(pipeline.add("embedding"), pipeline.add("retriever"))
    return Session(pipeline)


def test_what_belongs_to_a_name_follows_it_and_goes_with_it(session: Session) -> None:
    session.select("retriever", "nobody", "embedding")
    session.mark({"retriever": "failed"}, {"retriever": "8 ms"}, {"retriever": "no store"})
    session.pipeline.rename("retriever", "finder")
    assert session.selected == ("finder", "embedding")
    assert (session.states["finder"], session.times["finder"], session.whys["finder"]) == ("failed", "8 ms", "no store")
    session.pipeline.remove("embedding")
    assert session.one == "finder"


def test_parts_are_told_once_after_an_act_of_several_edits(session: Session) -> None:
    told: list[int] = []
    session.on_refresh(lambda: told.append(session.revision))
    session.act(lambda: (session.pipeline.add("llm"), session.pipeline.add("redis"), session.select("llm")))
    assert told == [2]


def test_problems_are_found_once_and_again_only_after_an_edit_that_matters(session: Session) -> None:
    found = session.problems
    session.pipeline.move("embedding", (1, 2))
    session.pipeline.note("mind this")
    assert session.problems is found
    session.pipeline.remove("embedding")
    assert session.problems is not found


def test_an_act_that_fails_is_said_and_leaves_no_trace(session: Session) -> None:
    assert not session.act(lambda: session.pipeline.add("unheard-of"), "added it")
    assert session.said[1]
    assert session.log == ()
    assert session.act(session.undo)
    assert session.log[-1].text


def test_a_part_that_cannot_be_shown_leaves_the_others_alone(session: Session) -> None:
    told: list[str] = []

    def broken() -> None:
        raise ValueError("no room")

    session.on_refresh(broken)
    session.on_refresh(lambda: told.append("other"))
    session.pipeline.add("llm")
    assert told == ["other"]
    assert "no room" in session.said[0]


def test_a_card_stays_where_it_was_shown_and_comes_back_there(session: Session) -> None:
    before = dict(session.places)
    session.pipeline.remove("embedding")
    session.pipeline.add("llm")
    assert session.places["retriever"] == before["retriever"]
    session.pipeline.undo()
    session.pipeline.undo()
    assert dict(session.places) == before


def test_what_comes_back_by_undo_or_redo_is_selected_and_a_change_of_a_name_selects_nothing_else() -> None:
    session = Session(Pipeline("chat"))
    session.act(lambda: session.pipeline.add("embedding") and session.pipeline.add("llm"), "added two")
    session.act(lambda: session.pipeline.remove("llm"), "removed llm")
    session.undo()
    assert session.selected == ("llm",)
    session.select("embedding", "llm")
    session.act(lambda: session.pipeline.rename("llm", "writer"), "renamed llm")
    session.undo()
    assert session.selected == ("embedding", "llm")


def test_what_nobody_offers_is_refused(session: Session) -> None:
    with pytest.raises(PipelineError, match="not possible"):
        session.call("deploy")


def test_the_drawing_of_a_saved_notebook_follows_at_a_bounded_rate_and_only_when_it_changed(session: Session) -> None:
    published: list[tuple[str, bool]] = []
    still = Still(
        lambda: {"image/svg+xml": drawing(session)},
        lambda bundle, _, update: published.append((bundle["image/svg+xml"], update)),
    )
    still.show()
    still.changed()
    still.flush()
    assert len(published) == 1
    for _ in range(5):
        session.pipeline.add("llm")
        still.changed()
    still.close()
    assert [update for _, update in published] == [False, True]
    assert "llm_5" in published[-1][0]
    still.changed()
    still.flush()
    assert len(published) == 2
