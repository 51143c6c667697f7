"""opea-comps 1.5 as released, in a virtual environment of its own, and its reader of the unified YAML."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO, Any, cast

_VENV = Path(__file__).parents[2] / "benchmarks" / ".venv-comps"

# Reads texts, a JSON string a line; answers with what upstream's class made of each.
_READER = """
import json, os, sys, tempfile
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # upstream prints
from comps.cores.mega.orchestrator_with_yaml import ServiceOrchestratorWithYaml
for line in sys.stdin:
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
        file.write(json.loads(line))
        file.flush()
        try:
            made = ServiceOrchestratorWithYaml(file.name)
        except Exception as error:
            found = {"error": f"{type(error).__name__}: {error}"}
        else:
            services = made.docs["opea_micro_services"]
            found = {
                "endpoints": {name: services[name]["endpoint"] for name in made.graph},
                "edges": [(a, b) for a, after in made.graph.items() for b in after],
            }
    print(json.dumps(found), file=answers, flush=True)
"""


def python(folder: Path) -> Path:
    """The Python of an environment that holds opea-comps 1.5 and nothing of ours; made in the folder if need be."""
    if not (found := _VENV / "bin" / "python").exists():
        found = folder / "bin" / "python"
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(found), "-m", "pip", "install", "--quiet", "opea-comps==1.5"], check=True)
    return found


class Reader:
    """Upstream's ``ServiceOrchestratorWithYaml``, in a process of its own."""

    def __init__(self, python: Path, log: IO[bytes]) -> None:
        plain = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "OPEA"))}
        self._process = subprocess.Popen(
            [str(python), "-c", _READER],
            env=plain | {"PYTHONUTF8": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )

    def read(self, text: str) -> dict[str, Any]:
        """``endpoints`` and ``edges`` of the nodes that it made, or ``error``."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(text) + "\n")
        self._process.stdin.flush()
        return cast("dict[str, Any]", json.loads(self._process.stdout.readline()))

    def end(self) -> None:
        self._process.communicate()
