"""Sample files for the format tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.formats import upstream
from tests.shared import SHARED

HERE = Path(__file__).parent


def _sample_files() -> list[Path]:
    """Our own samples, and upstream's where the maintainers' shared folder is at hand."""
    return sorted((HERE / "samples").glob("*.yaml")) + sorted((SHARED / "upstream" / "unified").glob("*.yaml"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes ``sample_file`` on every sample."""
    if "sample_file" in metafunc.fixturenames:
        files = _sample_files()
        metafunc.parametrize("sample_file", files, ids=[f.stem for f in files])


@pytest.fixture(scope="session")
def comps_python_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that holds opea-comps 1.5 and nothing of ours."""
    return upstream.python(tmp_path_factory.mktemp("comps"))


@pytest.fixture(scope="session")
def upstream_reader(comps_python_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[upstream.Reader]:
    """The released opea-comps' own reader of the unified YAML."""
    with (tmp_path_factory.mktemp("reader") / "log").open("wb") as log:
        reader = upstream.Reader(comps_python_path, log)
        yield reader
        reader.end()
