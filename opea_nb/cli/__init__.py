"""``opea-nb``: the whole of opea_nb without a notebook.

Exit codes: 0 done; 1 an error; 2 wrong usage; 3 a deployment could not be started, reached or found; 4 a query failed;
130 interrupted.
"""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line."""
    from opea_nb.cli.app import app
    from opea_nb.cli.output import exit_code, print_error
    from opea_nb.errors import OpeaError

    try:
        app(prog_name="opea-nb")
    except OpeaError as error:
        print_error(error)
        sys.exit(exit_code(error))
