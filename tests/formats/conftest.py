"""Sample files for the format tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def _sample_files() -> list[Path]:
    """Our own samples, and upstream's where the maintainers' shared folder is at hand."""
    shared = Path(os.environ.get("OPEA_NB_SHARED", HERE.parents[2] / "shared"))
    return sorted((HERE / "samples").glob("*.yaml")) + sorted((shared / "upstream" / "unified").glob("*.yaml"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes ``sample_file`` on every sample."""
    if "sample_file" in metafunc.fixturenames:
        files = _sample_files()
        metafunc.parametrize("sample_file", files, ids=[f.stem for f in files])
