"""Facts about upstream that the catalogue is compared with; only the maintainers' machines have them."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from tests.shared import shared


@pytest.fixture(scope="session")
def facts() -> dict[str, Any]:
    """Components and engines of OPEA 1.5."""
    loaded: dict[str, Any] = yaml.safe_load(shared("facts", "catalogue.yaml").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="session")
def routes() -> list[dict[str, Any]]:
    """The addresses that OPEA's services answer."""
    loaded: list[dict[str, Any]] = yaml.safe_load(shared("facts", "routes.yaml").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="session")
def types() -> dict[str, Any]:
    """Fields of OPEA's request models."""
    loaded: dict[str, Any] = json.loads(shared("facts", "types.json").read_text(encoding="utf-8"))
    return loaded
