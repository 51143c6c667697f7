"""What the image of this package is built of, and what is said when it cannot be built."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import opea_nb
from opea_nb.errors import DeployError
from opea_nb.formats.image import build, write_context


def test_the_context_holds_this_installation_as_a_wheel_that_pip_takes(tmp_path: Path) -> None:
    write_context(tmp_path / "context")
    (wheel,) = (tmp_path / "context").glob("*.whl")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(tmp_path / "to"),
    ]
    subprocess.run([*pip, str(wheel)], check=True)
    package = Path(opea_nb.__file__).parent
    ours = {p.relative_to(package) for p in package.rglob("*") if p.is_file() and "__pycache__" not in p.parts}
    installed = tmp_path / "to" / "opea_nb"
    assert {p.relative_to(installed) for p in installed.rglob("*") if p.suffix != ".pyc" and p.is_file()} == ours
    assert (tmp_path / "to" / "bin" / "opea-nb").exists()
    assert (tmp_path / "context" / "Dockerfile").read_text().count("FROM ") == 2


def test_the_wheels_record_names_every_file_in_it(tmp_path: Path) -> None:
    write_context(tmp_path)
    (path,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(path) as wheel:
        (record,) = (name for name in wheel.namelist() if name.endswith("/RECORD"))
        rows = [line.split(",")[0] for line in wheel.read(record).decode().splitlines()]
        assert sorted(rows) == sorted(wheel.namelist())


def test_a_program_that_is_not_there_is_named_with_another_way() -> None:
    with pytest.raises(DeployError, match="no program 'no-such-docker'") as told:
        build(program="no-such-docker")
    assert "--context" in told.value.hint


def test_a_build_that_fails_is_an_error() -> None:
    with pytest.raises(DeployError, match="false build of the image x:1 ended with 1"):
        build("x:1", program="false")
