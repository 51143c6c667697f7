"""What some tests need of the machine."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing(reason: str) -> NoReturn:
    """Skip the test for want of something, or fail it when ``OPEA_NB_REQUIRE=all``, as in CI."""
    if os.environ.get("OPEA_NB_REQUIRE") == "all":
        pytest.fail(f"{reason} (OPEA_NB_REQUIRE=all)")
    pytest.skip(reason)
