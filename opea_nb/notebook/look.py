"""The one look of opea_nb in Python: colours of groups, marks of states. widgets/src/look.css has the same."""

from __future__ import annotations

from collections.abc import Mapping

from opea_nb.catalog import Catalog
from opea_nb.formats.picture import HUES

__all__ = ["MARKS", "colour", "hue"]

MARKS: Mapping[str, str] = {
    "waiting": "○",
    "starting": "◌",
    "restarting": "◌",
    "ready": "●",
    "running": "◐",
    "done": "✓",
    "skipped": "–",
    "failed": "✕",
    "stopped": "■",
}
"""State -> its shape; a colour alone never tells a state."""

_GROUPS = tuple(HUES)


def hue(catalog: Catalog, kind: str) -> int:
    """Number of a kind's colour: the place of its group in the palette; that of custom components when unknown.

    >>> from opea_nb.catalog import load_catalog
    >>> hue(load_catalog(), "embedding-tei") == hue(load_catalog(), "embedding")
    True
    """
    component = catalog.get(kind)
    group = component.group if component and component.group in HUES else "Custom"
    return _GROUPS.index(group)


def colour(catalog: Catalog, kind: str) -> str:
    """The same as ``#rrggbb``."""
    return HUES[_GROUPS[hue(catalog, kind)]]
