"""A component that a user describes in a file is deployed like any other, and what runs is found again without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from opea_nb.backends import attach, deploy
from opea_nb.catalog import load_catalog
from opea_nb.pipeline import Pipeline

pytestmark = pytest.mark.slow

ORACLE = """
types:
  Riddle: {needs: [query]}
components:
  oracle:
    input: ChatCompletionRequest
    output: ChatCompletion
    endpoint: /v1/chat/completions
    port: 8100
    forms: {embedded: {module: stub_service}}
"""


def test_a_users_own_component_is_deployed_asked_and_found_again(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(ORACLE)
    pipeline = Pipeline("mine", catalog=load_catalog(file))
    pipeline.add("oracle", "delphi")
    with deploy(pipeline) as app:
        assert app.query("who am I?").text == "stub answer"
        again = attach("mine")
        assert again.pipeline == pipeline
        assert again.pipeline.component("delphi").port == 8100
        again.close()
