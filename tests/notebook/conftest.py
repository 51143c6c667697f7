"""The scripted run that the browser tests also use."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def stub_run() -> ModuleType:
    path = Path(__file__).parents[1] / "browser" / "stub_run.py"
    spec = importlib.util.spec_from_file_location("stub_run", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
