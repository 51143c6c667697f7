"""``opea-nb``: the whole of opea_nb without a notebook.

Exit codes: 0 done; 1 an error; 2 wrong usage; 3 a deployment could not be started, reached or found; 4 a query failed;
130 interrupted.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["main"]


def main() -> None:
    """Run the command line."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by who started it
            setattr(sys, name, Path(os.devnull).open("r" if name == "stdin" else "w", encoding="utf-8"))  # noqa: SIM115
    from opea_nb.cli.app import app
    from opea_nb.cli.output import EXIT_ERROR, exit_code, print_error
    from opea_nb.errors import OpeaError

    try:
        app(prog_name="opea-nb")
    except OpeaError as error:
        print_error(error)
        sys.exit(exit_code(error))
    except OSError as error:  # a full disk, say: what was asked for is not there, and the words are the system's
        print_error(
            OpeaError(f"{error.filename or 'output'}: {error.strerror or error}", hint="see to that, then try again")
        )
        sys.exit(EXIT_ERROR)
