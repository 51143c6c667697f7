"""Facts about upstream that the catalogue is compared with; only the maintainers' machines have them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

_FACTS = Path(os.environ.get("OPEA_NB_SHARED", Path(__file__).parents[3] / "shared")) / "facts"


def _file(name: str) -> Path:
    file = _FACTS / name
    if not file.exists():
        pytest.skip(f"{name} is in the maintainers' shared folder, which is not here (set OPEA_NB_SHARED)")
    return file


@pytest.fixture(scope="session")
def facts() -> dict[str, Any]:
    """Components and engines of OPEA 1.5."""
    loaded: dict[str, Any] = yaml.safe_load(_file("catalogue.yaml").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="session")
def routes() -> list[dict[str, Any]]:
    """The addresses that OPEA's services answer."""
    loaded: list[dict[str, Any]] = yaml.safe_load(_file("routes.yaml").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="session")
def types() -> dict[str, Any]:
    """Fields of OPEA's request models."""
    loaded: dict[str, Any] = json.loads(_file("types.json").read_text(encoding="utf-8"))
    return loaded
