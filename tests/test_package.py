"""The package as a whole: what it exports, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys

import opea_nb

HEAVY = (
    "jupyterlab",
    "IPython",
    "ipywidgets",
    "docker",
    "kubernetes",
    "uvicorn",
    "httpx",
    "wordllama",
    "xllamacpp",
    "numpy",
)


def test_every_exported_name_is_there() -> None:
    for name in opea_nb.__all__:
        assert getattr(opea_nb, name) is not None


def test_import_loads_no_web_server_no_model_and_no_jupyter() -> None:
    code = f"import sys, opea_nb; opea_nb.Pipeline; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
