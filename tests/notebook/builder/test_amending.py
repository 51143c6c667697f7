"""From one pipeline to another in the fewest steps."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opea_nb.errors import PipelineError
from opea_nb.formats import unified
from opea_nb.notebook.builder.amending import amend
from opea_nb.pipeline import Flow, Pipeline, edits, wiring

SERVICES = ("embedding", "retriever", "reranking", "llm", "dataprep", "tts")
NAMES = st.sampled_from(["a", "b", "c", "d", "e"])
FLOWS = st.sampled_from(["main", "ingest"])
EDITS = st.one_of(
    st.builds(lambda kind, name: lambda p: p.add(kind, name=name), st.sampled_from((*SERVICES, "redis")), NAMES),
    st.builds(lambda a, b, f: lambda p: p.connect(a, b, flow=f), NAMES, NAMES, FLOWS),
    st.builds(lambda a, b: lambda p: p.use(a, b), NAMES, NAMES),
    st.builds(lambda a, f: lambda p: p.apply(wiring.Join(a, f)), NAMES, FLOWS),
    st.builds(lambda a, r: lambda p: p.update(a, replicas=r, environment={"A": str(r)}), NAMES, st.integers(1, 3)),
    st.builds(lambda a, x: lambda p: p.apply(edits.Move(a, (x, 0.0))), NAMES, st.integers(0, 9)),
    st.builds(lambda a, b, g: lambda p: p.group(g, [a, b]), NAMES, NAMES, st.sampled_from(["g", "h"])),
    st.builds(lambda key, text: lambda p: p.note(text, key), st.sampled_from(["n", "m"]), st.sampled_from(["x", "y"])),
    st.builds(lambda port: lambda p: p.configure(port=port), st.integers(8000, 8003)),
)


@st.composite
def pipelines(draw: st.DrawFn) -> Pipeline:
    pipeline = Pipeline(draw(st.sampled_from(["one", "two"])))
    if draw(st.booleans()):
        pipeline.apply(wiring.PutFlow(Flow("ingest", draw(st.sampled_from(["", "/v1/ingest"])))))
    for edit in draw(st.lists(EDITS, max_size=16)):
        try:
            edit(pipeline)
        except PipelineError:  # a name that is taken or not there, a circle …
            continue
    return pipeline


def chatqna(**llm: object) -> Pipeline:
    pipeline = Pipeline("chatqna")
    embedding, retriever = pipeline.add("embedding"), pipeline.add("retriever")
    embedding >> retriever >> pipeline.add("llm", **llm)
    pipeline.use(retriever, pipeline.add("redis"))
    return pipeline


def labels(pipeline: Pipeline, wanted: Pipeline) -> list[str]:
    return [step.label for step in amend(pipeline, wanted).edits]


@given(pipelines(), pipelines())
@settings(max_examples=200)
def test_any_pipeline_becomes_any_other_and_one_undo_brings_it_back(now: Pipeline, wanted: Pipeline) -> None:
    before = now.copy()
    now.apply(amend(now, wanted))
    assert now == wanted
    assert (dict(now.notes), dict(now.groups)) == (dict(wanted.notes), dict(wanted.groups))
    assert unified.dumps(now).split("opea_nb:")[0] == unified.dumps(wanted).split("opea_nb:")[0]
    now.undo()
    assert now == before
    assert {n: s.position for n, s in now.services.items()} == {n: s.position for n, s in before.services.items()}


@given(pipelines())
def test_what_is_the_same_takes_no_step(pipeline: Pipeline) -> None:
    assert not labels(pipeline, pipeline.copy())


@pytest.mark.parametrize(
    ("change", "steps"),
    [
        (lambda p: p.update("llm", port=9009), ["change port of llm"]),
        (lambda p: p.rename("llm", "answer"), ["rename llm to answer"]),
        (lambda p: p.disconnect("embedding", "retriever"), ["disconnect embedding from retriever"]),
        (lambda p: p.remove("redis"), ["delete redis"]),
        (lambda p: p.configure(port=1234), ["change port of the pipeline"]),
    ],
)
def test_one_change_is_one_step(change: object, steps: list[str]) -> None:
    wanted = chatqna()
    change(wanted)  # type: ignore[operator]  # a table of lambdas
    assert labels(chatqna(), wanted) == steps


def test_a_reversed_edge_is_taken_out_before_the_other_is_drawn() -> None:
    wanted = Pipeline("chatqna")
    wanted.add("embedding"), wanted.add("retriever"), wanted.add("llm"), wanted.add("redis")
    wanted.connect_all([("llm", "retriever"), ("retriever", "embedding")])
    wanted.use("retriever", "redis")
    pipeline = chatqna()
    pipeline.apply(amend(pipeline, wanted))
    assert pipeline == wanted


def test_cards_keep_their_places_and_handles_their_services() -> None:
    pipeline = Pipeline("chatqna")
    llm = pipeline.add("llm", position=(40.0, 80.0))
    wanted = Pipeline("chatqna")
    wanted.add("llm", name="answer", parameters={})
    pipeline.apply(amend(pipeline, wanted))
    assert pipeline.services["answer"].position == (40.0, 80.0)
    assert llm.name == "answer"


def test_true_is_not_one() -> None:
    now, wanted = Pipeline("p"), Pipeline("p")
    now.add("service", endpoint="/x", parameters={"flag": 1})
    wanted.add("service", endpoint="/x", parameters={"flag": True})
    assert labels(now, wanted) == ["change parameters of service"]
