"""The container image of this package, which exported files name: how it is built from what is installed."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
import shutil
import subprocess
import zipfile
from importlib.metadata import distribution
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from opea_nb.errors import DeployError
from opea_nb.plan import IMAGE

__all__ = ["build", "write_context"]

_WHEEL = "Wheel-Version: 1.0\nGenerator: opea_nb\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_HINT = "start Docker, or write the context with --context FOLDER and build it elsewhere"


def write_context(folder: Path) -> None:
    """Write what an image is built of: the Dockerfile, and this installation as a wheel, also where it is editable.

    Parameters
    ----------
    folder
        Made if it is not there.

    Notes
    -----
    The wheel's layout is that of
    https://packaging.python.org/en/latest/specifications/binary-distribution-format/
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Dockerfile").write_bytes(files(__name__).joinpath("Dockerfile").read_bytes())
    this = distribution("opea_nb")
    info = f"opea_nb-{this.version}.dist-info"
    texts = {name: this.read_text(name) or "" for name in ("METADATA", "entry_points.txt")} | {"WHEEL": _WHEEL}
    packed = {f"{info}/{name}": text.encode() for name, text in texts.items()}
    package = Path(str(files("opea_nb")))
    for path in sorted(package.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            packed[path.relative_to(package.parent).as_posix()] = path.read_bytes()
    record = io.StringIO()
    rows = csv.writer(record, lineterminator="\n")
    with zipfile.ZipFile(folder / f"opea_nb-{this.version}-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, data in packed.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
            rows.writerow([name, f"sha256={digest}", len(data)])
            wheel.writestr(name, data)
        rows.writerow([f"{info}/RECORD", "", ""])
        wheel.writestr(f"{info}/RECORD", record.getvalue())


def build(tag: str = IMAGE, *, program: str = "docker", quiet: bool = False) -> None:
    """Build the image; what the builder says goes to stderr.

    Parameters
    ----------
    tag
        What it is called; a registry's name in front of it lets it be pushed there.
    program
        ``docker``, or another that has its ``build``, ``podman`` say.
    quiet
        Whether it only says what went wrong.

    Raises
    ------
    DeployError
        When the program is not there or fails.

    Notes
    -----
    ``PIP_INDEX_URL`` is handed on where it is set; it is no part of the image.
    """
    found = shutil.which(program)
    if found is None:
        raise DeployError(f"there is no program {program!r} to build the image {tag} with", hint=_HINT)
    index = ["--build-arg", "PIP_INDEX_URL"] if "PIP_INDEX_URL" in os.environ else []
    with TemporaryDirectory() as context:
        write_context(Path(context))
        command = [found, "build", *(["--quiet"] if quiet else []), "--tag", tag, *index, context]
        done = subprocess.run(command, stdout=subprocess.DEVNULL if quiet else 2, check=False)
    if done.returncode:
        raise DeployError(f"{program} build of the image {tag} ended with {done.returncode}, see above", hint=_HINT)
