"""The command line as a process."""

from __future__ import annotations

import subprocess
import sys


def opea_nb(
    environment: dict[str, str], *arguments: object, code: int = 0, given: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``opea-nb`` with those arguments and that text on stdin; it must end with that exit code."""
    done = subprocess.run(
        [sys.executable, "-m", "opea_nb.cli", *map(str, arguments)],
        env=environment,
        input=given,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done
