from __future__ import annotations

import pytest
from compliance import BackendCompliance
from stubs import stub_backend

from opea_nb.backends.local.backend import LocalBackend
from opea_nb.pipeline import Pipeline

pytestmark = pytest.mark.slow


class TestLocalBackend(BackendCompliance):
    """The local backend with a real gateway and a stub for the llm."""

    @pytest.fixture
    def backend(self) -> LocalBackend:
        return stub_backend(gateway=False)

    @pytest.fixture
    def pipeline(self, small: Pipeline) -> Pipeline:
        return small
