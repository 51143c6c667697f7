"""What goes to the terminal: text for people, JSON for programs, errors with the next step."""

from __future__ import annotations

import json
import os
import sys
from typing import TextIO

from rich.console import Console
from rich.markup import escape

from opea_nb.errors import DeployError, OpeaError, RunError

__all__ = [
    "EXIT_DEPLOY",
    "EXIT_ERROR",
    "EXIT_RUN",
    "deployments_like",
    "err",
    "exit_code",
    "out",
    "print_error",
    "print_json",
]

EXIT_ERROR = 1
EXIT_DEPLOY = 3
EXIT_RUN = 4

_WIDE = 1000


def _width(stream: TextIO) -> int | None:
    """The terminal's own; beside it, so wide that no table is cut short for what reads it."""
    return None if stream.isatty() or "COLUMNS" in os.environ else _WIDE


# rich itself leaves colours and live displays away when the output is no terminal or NO_COLOR is set
out = Console(highlight=False, width=_width(sys.stdout))
err = Console(stderr=True, highlight=False, width=_width(sys.stderr))


def print_json(data: object) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2) + "\n")


def print_error(error: OpeaError) -> None:
    """What happened, the log if there is one, and the next step, on stderr."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(f"[bold red]Error:[/] {escape(error.message)}")
    for line in getattr(error, "log_tail", ()):
        console.print(f"  | {escape(line)}", style="dim")
    if error.hint:
        console.print(f"  → {escape(error.hint)}")


def exit_code(error: OpeaError) -> int:
    """3 for a deployment, 4 for a query, 1 for anything else."""
    if isinstance(error, DeployError):
        return EXIT_DEPLOY
    return EXIT_RUN if isinstance(error, RunError) else EXIT_ERROR


def deployments_like(incomplete: str) -> list[str]:
    """The deployments whose names begin so, for completion."""
    from opea_nb.backends import deployments

    return [d.name for d in deployments() if d.name.startswith(incomplete)]
