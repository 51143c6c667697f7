"""``completion``: what a shell reads to complete commands, options, and names of formats and templates."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import PurePath
from typing import Annotated

import typer

from opea_nb.cli.convert import Json
from opea_nb.cli.output import print_json

__all__ = ["SHELLS", "completion"]

SHELLS = ("bash", "zsh", "fish", "powershell")
_ALSO = {"pwsh": "powershell", "pwsh.exe": "powershell", "powershell.exe": "powershell"}


def completion(
    shell: Annotated[
        str,
        typer.Argument(
            help="bash, zsh, fish or powershell; default: the one that $SHELL names.",
            autocompletion=lambda incomplete: [s for s in SHELLS if s.startswith(incomplete)],
        ),
    ] = "",
    json: Json = False,
) -> None:
    """Print what a shell reads to complete commands: `source <(opea-nb completion bash)`, in fish `… | source`."""
    wanted = shell or PurePath(os.environ.get("SHELL", "")).name
    wanted = _ALSO.get(wanted, wanted)
    if wanted not in SHELLS:
        known = f"use one of {', '.join(SHELLS)}"
        raise typer.BadParameter(f"no completion for the shell {wanted!r}: {known}" if wanted else known)
    # what Typer's own --show-completion prints, without its guess at the shell that runs
    environment = {**os.environ, "_OPEA_NB_COMPLETE": f"source_{wanted}"}
    command = [sys.executable, "-m", "opea_nb.cli"]
    script = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    if json:
        print_json({"shell": wanted, "script": script})
    else:
        sys.stdout.write(script)
