"""Kubernetes manifests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opea_nb.formats.conversion import Format
from opea_nb.formats.kubernetes.write import write

__all__ = ["FORMAT", "write"]


def _detect(data: Any) -> bool:
    """Whether it is one of the manifests that are written here."""
    return isinstance(data, Mapping) and data.get("kind") == "Deployment" and data.get("apiVersion") == "apps/v1"


FORMAT = Format("kubernetes", "Kubernetes manifests", _detect, None, write)
