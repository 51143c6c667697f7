"""Pipelines of any components of the catalogue, for properties of writers."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from opea_nb.catalog import load_catalog
from opea_nb.errors import PipelineError
from opea_nb.formats.yaml_dump import dump
from opea_nb.pipeline import Pipeline

_KINDS = sorted(kind for kind, component in load_catalog().items() if component.role == "service" and component.forms)
NAMES = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters=",()>→⇒»"), min_size=1, max_size=70)
TEXTS = st.one_of(
    st.sampled_from(["$", "$$x", "a${TOKEN_OF_MINE}b", "1e3", "y", "0o17", "{{x}}", "a: b # c", "${", "$(X)", ""]),
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20),
)


@st.composite
def pipelines(draw: st.DrawFn) -> Pipeline:
    """A pipeline that has services of the catalogue and may or may not be one that can run."""
    pipeline = Pipeline(draw(st.sampled_from(["chatqna", "My_Pipeline", "2nd"])))
    for kind in draw(st.lists(st.sampled_from(_KINDS), min_size=1, max_size=5)):
        fields: dict[str, Any] = {
            "environment": draw(st.dictionaries(st.from_regex(r"[A-Z_]{1,8}", fullmatch=True), TEXTS, max_size=2)),
            "replicas": draw(st.integers(1, 3)),
            "resources": draw(st.sampled_from([{}, {"memory": "2Gi", "cpu": "500m"}, {"gpu": "2"}, {"hpu": "1"}])),
        }
        try:
            dump(fields["environment"])
            pipeline.add(kind, name=draw(NAMES), **fields)
        except PipelineError:  # a name that is taken, say
            continue
    return pipeline
