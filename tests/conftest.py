"""Shared by all tests: the embedded ChatQnA as a pipeline, and hypothesis settings."""

from __future__ import annotations

import signal

import hypothesis
import pytest

from opea_nb.pipeline import Pipeline

# Example counts are bounded per test where it matters; a slow, loaded machine is not a failure of the code. The same
# examples each time: whether a change passes depends on the change alone. `make search` looks elsewhere.
_common = hypothesis.settings(deadline=None, print_blob=True, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.register_profile("opea_nb", _common, derandomize=True)
hypothesis.settings.register_profile("search", _common, database=None)
hypothesis.settings.load_profile("opea_nb")


# A shell starts background jobs with Ctrl-C ignored, and what they start inherits that; tests send it on purpose.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def chatqna() -> Pipeline:
    """ChatQnA with data preparation, all of it in embedded form."""
    pipeline = Pipeline("chatqna")
    embedding, retriever = pipeline.add("embedding"), pipeline.add("retriever")
    embedding >> retriever >> pipeline.add("reranking") >> pipeline.add("llm")
    pipeline.add("dataprep")
    return pipeline
