"""Opens a gateway for a test."""

from __future__ import annotations

from typing import Any

import pytest

from opea_nb.gateway.config import Config
from opea_nb.pipeline import Pipeline
from tests.gateway.gateways import Open, serving


@pytest.fixture
def open_gateway() -> Open:
    """Opens a gateway: ``async with open_gateway(pipeline, stubs, token=…) as client``."""

    def open_(pipeline: Pipeline, services: dict[str, Any], **settings: Any) -> Any:
        routes = {name: stub.url for name, stub in services.items()}
        settings.setdefault("document", "pipeline: as given\n")
        return serving(Config(pipeline, routes, **settings))

    return open_
