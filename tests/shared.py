"""Upstream's facts and sample files: they are beside the checkout of the maintainers and of CI, and nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

from tests.required import missing

SHARED = Path(os.environ.get("OPEA_NB_SHARED", Path(__file__).parents[2] / "shared"))


def shared(*parts: str) -> Path:
    """A file of that folder; where it is not, the test is skipped, or fails when ``OPEA_NB_REQUIRE=all``."""
    file = SHARED.joinpath(*parts)
    if not file.exists():
        reason = f"{'/'.join(parts)} is in the maintainers' shared folder, which is not here (set OPEA_NB_SHARED)"
        missing(reason)
    return file
