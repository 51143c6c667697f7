"""The one look of opea_nb in Python: colours, icons, marks of states. widgets/src/look.css has the same."""

from __future__ import annotations

from collections.abc import Mapping

from opea_nb.catalog import Catalog
from opea_nb.formats.picture import HUES

__all__ = ["ICONS", "MARKS", "colour", "hue", "icon"]

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

ICONS: Mapping[str, str] = {
    "bookmark": "bookmark",
    "box": "box",
    "chat": "message-square",
    "chip": "cpu",
    "database": "database",
    "dumbbell": "dumbbell",
    "eye": "eye",
    "file": "file-text",
    "film": "film",
    "flag": "languages",
    "globe": "globe",
    "grid": "grid-3x3",
    "history": "history",
    "image": "image",
    "microphone": "mic",
    "quote": "quote",
    "robot": "bot",
    "search": "search",
    "share": "share-2",
    "shield": "shield-check",
    "sort": "arrow-down-wide-narrow",
    "split": "split",
    "table": "table-2",
    "thumb": "thumbs-up",
    "upload": "upload",
    "volume": "volume-2",
}
"""What the catalogue calls an icon -> its name in Lucide, the one set of icons that is shown."""

_OF_GROUP: Mapping[str, str] = {
    "Text": "type",
    "Data": "database",
    "Speech": "audio-lines",
    "Image": "image",
    "Agent": "bot",
    "Safety": "shield-check",
    "Custom": "box",
    "Engines": "cpu",
}
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


def icon(catalog: Catalog, kind: str) -> str:
    """Name of a kind's icon in Lucide; its group's where the catalogue names none, that of custom ones when unknown.

    >>> from opea_nb.catalog import load_catalog
    >>> icon(load_catalog(), "embedding"), icon(load_catalog(), "unheard-of")
    ('grid-3x3', 'box')
    """
    component = catalog.get(kind)
    if component is None:
        return _OF_GROUP["Custom"]
    return ICONS.get(component.icon) or _OF_GROUP.get(component.group, _OF_GROUP["Custom"])
