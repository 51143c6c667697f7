"""An environment of its own for each test of the command line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from opea_nb.backends.local import launch
from opea_nb.backends.local.state import folders
from opea_nb.services.models import model_path


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """A home of its own; what still runs in it at the end is ended."""
    monkeypatch.delenv("OPEA_NB_HOME", raising=False)
    model = model_path()
    monkeypatch.setenv("OPEA_NB_HOME", str(tmp_path / "home"))
    if model.exists():
        monkeypatch.setenv("MODEL_PATH", str(model))
    yield dict(os.environ)
    for folder in folders():
        launch.end(folder)
