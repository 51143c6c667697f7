"""A home of its own for each test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from opea_nb.backends.local import launch
from opea_nb.backends.local.state import folders
from opea_nb.pipeline import Pipeline

MODULES = Path(__file__).parent / "modules"
sys.path.insert(0, str(MODULES))  # what the tests import, and what their services run


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Deployments of a test are in its own folder, and none outlives it."""
    monkeypatch.setenv("OPEA_NB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHONPATH", str(MODULES))
    yield tmp_path / "home"
    for folder in folders():
        launch.end(folder)


@pytest.fixture
def small() -> Pipeline:
    """The smallest pipeline: one llm."""
    pipeline = Pipeline("small")
    pipeline.add("llm")
    return pipeline
