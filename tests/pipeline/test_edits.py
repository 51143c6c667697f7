"""Every edit can be undone and redone: random edits, one after the other, on a random pipeline."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from opea_nb.errors import PipelineError
from opea_nb.pipeline import Pipeline
from opea_nb.pipeline.edit import Edit
from opea_nb.pipeline.edits import Batch, Remove
from tests.pipeline.random_edits import EDITS, content


class Editing(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.pipeline = Pipeline()
        self.pipeline.add("redis")
        self.past = [content(self.pipeline)]
        self.future: list[tuple[object, ...]] = []

    @rule(edit=EDITS)
    def edit(self, edit: object) -> None:
        try:
            self.pipeline.apply(edit)  # type: ignore[arg-type]
        except PipelineError:
            assert content(self.pipeline) == self.past[-1], "a refused edit changes nothing"
        else:
            self.past.append(content(self.pipeline))
            self.future.clear()

    @precondition(lambda self: len(self.past) > 1)
    @rule()
    def undo(self) -> None:
        label = self.pipeline.undo_label
        assert self.pipeline.undo() == label
        self.future.append(self.past.pop())

    @precondition(lambda self: self.future)
    @rule()
    def redo(self) -> None:
        assert self.pipeline.redo() is not None
        self.past.append(self.future.pop())

    @invariant()
    def state_is_the_expected_one(self) -> None:
        assert content(self.pipeline) == self.past[-1]

    @invariant()
    def no_flow_has_a_cycle(self) -> None:
        import networkx as nx

        assert all(nx.is_directed_acyclic_graph(self.pipeline.flow(f)) for f in self.pipeline.flows)


TestEditing = pytest.mark.timeout(120)(Editing.TestCase)
TestEditing.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_undo_to_empty_and_redo_to_the_end_gives_the_same(chatqna: Pipeline) -> None:
    chatqna.update("llm", parameters={"max_tokens": 7})
    chatqna.rename("llm", "writer")
    chatqna.remove("retriever")
    end = chatqna.copy()
    while chatqna.undo():
        pass
    assert chatqna == Pipeline("chatqna")
    assert chatqna.undo() is None
    while chatqna.redo():
        pass
    assert chatqna == end


def test_labels_tell_what_is_undone(chatqna: Pipeline) -> None:
    chatqna.rename("llm", "writer")
    assert chatqna.undo_label == "rename llm to writer"
    assert chatqna.redo_label is None
    chatqna.undo()
    assert chatqna.redo_label == "rename llm to writer"


def test_a_new_edit_forgets_what_could_be_redone(chatqna: Pipeline) -> None:
    chatqna.undo()
    chatqna.add("service", "x")
    assert chatqna.redo() is None


def test_clearing_takes_all_of_it_out_and_can_be_undone(chatqna: Pipeline) -> None:
    chatqna.use("retriever", chatqna.add("redis"))
    chatqna.note("hello")
    chatqna.group("search", ["embedding", "retriever"])
    before = content(chatqna)
    chatqna.clear()
    assert content(chatqna) == content(Pipeline("chatqna"))
    assert chatqna.undo() == "clear the pipeline"
    assert content(chatqna) == before
    chatqna.redo()
    assert not chatqna.graph


def test_a_batch_that_breaks_off_for_any_reason_leaves_nothing_behind(chatqna: Pipeline) -> None:
    class Broken:
        label = "break"

        def apply(self, graph: object) -> Edit:
            raise ZeroDivisionError

    before = content(chatqna)
    with pytest.raises(ZeroDivisionError):
        chatqna.apply(Batch((Remove("llm"), Broken())))
    assert content(chatqna) == before
    assert chatqna.undo_label == "add dataprep"
