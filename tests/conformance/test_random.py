"""Pipelines of any components, in any shape: what a two-way format writes, it reads back the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from opea_nb.catalog import load_catalog
from opea_nb.errors import FormatError, PipelineError, PlanError
from opea_nb.formats import registry
from opea_nb.formats.compare import differences
from opea_nb.formats.conversion import Exported
from opea_nb.pipeline import Pipeline

pytestmark = pytest.mark.slow

CATALOG = load_catalog()
SERVICES = sorted(c.kind for c in CATALOG.values() if c.role == "service" and c.forms)
ENGINES = sorted(c.kind for c in CATALOG.values() if c.role == "engine")
CHAINS = [
    ("embedding", "retriever", "reranking", "llm"),
    ("embedding", "web-retriever", "reranking", "llm"),
    ("asr", "llm", "tts"),
    ("llm",),
    ("llm-docsum",),
]
"""Chains whose steps all formats have."""
names = st.from_regex(r"[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,6})?", fullmatch=True)
values = st.one_of(st.integers(-5, 10**6), st.booleans(), st.text("abc ${}:#'\"\\é😀-", max_size=12))


@st.composite
def any_pipelines(draw: st.DrawFn) -> Pipeline:
    """Services and engines of any kind, edges wherever the pipeline takes them, settings of all sorts."""
    pipeline = Pipeline(draw(names), port=draw(st.integers(1024, 60000)))
    for name in draw(st.lists(names, min_size=1, max_size=6, unique=True)):
        kind = draw(st.sampled_from(SERVICES))
        fields: dict[str, Any] = {"replicas": draw(st.integers(1, 3))}
        if draw(st.booleans()):
            fields["environment"] = draw(
                st.dictionaries(
                    st.from_regex(r"[A-Z][A-Z_]{0,6}", fullmatch=True), st.text("ab c${}:#é", max_size=9), max_size=2
                )
            )
        if draw(st.integers(0, 5)) == 0:
            fields["url"] = f"https://{draw(names)}.example.org/v1/{draw(names)}"
        _try(lambda: pipeline.add(kind, name=name, **fields))  # noqa: B023  called at once
    for name in draw(st.lists(names, max_size=2, unique=True)):
        _try(lambda: pipeline.add(draw(st.sampled_from(ENGINES)), name=name))  # noqa: B023  called at once
    members = [*pipeline.services, *pipeline.engines]
    for a, b in (
        draw(st.lists(st.tuples(st.sampled_from(members), st.sampled_from(members)), max_size=8)) if members else []
    ):
        _try(lambda: pipeline.use(a, b) if b in pipeline.engines else pipeline.connect(a, b))  # noqa: B023  called at once
    assume(pipeline.services)
    return pipeline


@st.composite
def chains(draw: st.DrawFn) -> Pipeline:
    """A chain that every format has steps for."""
    pipeline = Pipeline(draw(names), port=8080)
    before = None
    for kind in draw(st.sampled_from(CHAINS)):
        name = draw(names.filter(lambda n: n not in pipeline.services))
        service = pipeline.add(kind, name=name)
        if before is not None:
            pipeline.connect(before, service)
        before = service
    return pipeline


def _try(edit: Any) -> None:
    try:
        edit()
    except PipelineError:  # an edge that the types or a circle forbid, a name that is taken
        pass


quick = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


@given(any_pipelines())
@quick
def test_unified_yaml_holds_everything(pipeline: Pipeline) -> None:
    written = registry.convert(pipeline, to="unified").text
    again = registry.read(written, "unified").pipeline
    assert not differences(pipeline, again)
    assert registry.convert(again, to="unified").text == written
    assert registry.detect(written).name == "unified"


@given(any_pipelines())
@quick
def test_a_compose_file_that_is_written_is_read_back(pipeline: Pipeline) -> None:
    _there_and_back(pipeline, "compose")


@given(st.one_of(chains(), any_pipelines()))
@quick
@pytest.mark.parametrize("target", ["gmc", "kserve", "python"])
def test_what_is_not_read_back_was_told(target: str, pipeline: Pipeline) -> None:
    _there_and_back(pipeline, target, told=True)


def _there_and_back(pipeline: Pipeline, target: str, *, told: bool = False) -> None:
    written = _written(pipeline, target)
    event("written" if written else "refused")
    if written is None:
        return
    found = differences(pipeline, registry.read(written.text, target).pipeline)
    assert not found or (told and written.notes), "\n".join(map(str, found))


@given(any_pipelines(), st.sampled_from(["kubernetes", "mermaid", "svg"]))
@quick
def test_writers_refuse_in_our_words_or_write(pipeline: Pipeline, target: str) -> None:
    written = _written(pipeline, target)
    assert written is None or written.text


def _written(pipeline: Pipeline, target: str) -> Exported | None:
    """What is written; nothing where the format refuses it, which is to come with the next step."""
    refusal: PlanError | FormatError | None = None
    try:
        return registry.convert(pipeline, to=target)
    except (PlanError, FormatError) as error:
        refusal = error
    assert refusal.hint
    return None
