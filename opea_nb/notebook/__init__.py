"""What a notebook shows: the Builder, runs, deployments; live in the page and static in a saved notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opea_nb.notebook.display import install

if TYPE_CHECKING:
    from opea_nb.notebook.builder import Builder

__all__ = ["Builder", "install"]


def __getattr__(name: str) -> object:
    if name != "Builder":
        raise AttributeError(f"module 'opea_nb.notebook' has no attribute {name!r}")
    from opea_nb.notebook.builder import Builder  # brings ipywidgets and ipycytoscape, which installing must not

    return Builder
