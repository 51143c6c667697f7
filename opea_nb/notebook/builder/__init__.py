"""The Builder: a pipeline edited in a notebook cell."""

from opea_nb.notebook.builder.builder import Builder

__all__ = ["Builder"]
