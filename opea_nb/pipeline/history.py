"""Undo and redo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opea_nb.pipeline.edit import Edit

if TYPE_CHECKING:
    import networkx as nx

    Graph = nx.DiGraph[str]


class History:
    """The edits that lead back, and those that lead forward again, each with the name of what was done."""

    def __init__(self) -> None:
        self._back: list[tuple[str, Edit]] = []
        self._forward: list[tuple[str, Edit]] = []

    @property
    def undo_label(self) -> str | None:
        """What `undo` would take back."""
        return self._back[-1][0] if self._back else None

    @property
    def redo_label(self) -> str | None:
        """What `redo` would do again."""
        return self._forward[-1][0] if self._forward else None

    def do(self, edit: Edit, graph: Graph) -> None:
        """Apply a new edit; what could be redone before is forgotten."""
        self._back.append((edit.label, edit.apply(graph)))
        self._forward.clear()

    def undo(self, graph: Graph) -> tuple[str, Edit] | None:
        """Take the last edit back; gives its label and what was applied."""
        return _step(self._back, self._forward, graph)

    def redo(self, graph: Graph) -> tuple[str, Edit] | None:
        """Do the edit again that was taken back last; gives its label and what was applied."""
        return _step(self._forward, self._back, graph)


def _step(source: list[tuple[str, Edit]], target: list[tuple[str, Edit]], graph: Graph) -> tuple[str, Edit] | None:
    if not source:
        return None
    label, edit = source[-1]
    inverse = edit.apply(graph)
    source.pop()
    target.append((label, inverse))
    return label, edit
