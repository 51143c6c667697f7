"""Every edit can be undone and redone: random edits, one after the other, on a random pipeline."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from opea_nb.errors import PipelineError
from opea_nb.pipeline import MAIN, Flow, Pipeline
from opea_nb.pipeline.edits import Add, Batch, Change, Configure, Move, Remove, Rename
from opea_nb.pipeline.spec import Service
from opea_nb.pipeline.wiring import Connect, Disconnect, DropFlow, Join, Leave, PutFlow, Unuse, Use

NAMES = st.sampled_from(["a", "b", "c", "d", "redis"])
FLOWS = st.sampled_from([MAIN, "other"])
EDITS = st.one_of(
    st.builds(lambda n, flow: Add(Service(n, "service"), (flow,)), NAMES, FLOWS),
    st.builds(Remove, NAMES),
    st.builds(Connect, NAMES, NAMES, FLOWS),
    st.builds(Disconnect, NAMES, NAMES, FLOWS),
    st.builds(Use, NAMES, NAMES),
    st.builds(Unuse, NAMES, NAMES),
    st.builds(Rename, NAMES, NAMES),
    st.builds(
        lambda n, port: Change(n, {"port": port, "environment": {"X": str(port)}}), NAMES, st.integers(-1, 70000)
    ),
    st.builds(Move, NAMES, st.one_of(st.none(), st.tuples(st.floats(0, 9), st.floats(0, 9)))),
    st.builds(lambda port: Configure({"port": port}), st.integers(-1, 70000)),
    st.builds(lambda n: PutFlow(Flow(n, "/v1/x")), FLOWS),
    st.builds(DropFlow, FLOWS),
    st.builds(Join, NAMES, FLOWS),
    st.builds(Leave, NAMES, FLOWS),
)


def content(pipeline: Pipeline) -> tuple[object, ...]:
    """Everything there is, positions included."""
    graph = pipeline.graph
    nodes = {n: (d["spec"], d["spec"].position, d["flows"], d["kind"]) for n, d in graph.nodes(data=True)}
    return nodes, {(u, v): dict(d) for u, v, d in graph.edges(data=True)}, pipeline.mega, dict(pipeline.flows)


class Editing(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.pipeline = Pipeline()
        self.pipeline.add("redis")
        self.past = [content(self.pipeline)]
        self.future: list[tuple[object, ...]] = []

    @rule(
        edit=st.one_of(EDITS, st.builds(lambda e: Batch(tuple(e), "several"), st.lists(EDITS, min_size=2, max_size=4)))
    )
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
