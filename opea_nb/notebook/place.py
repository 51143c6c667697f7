"""An output of the running cell that can be replaced: live first, static at the end."""

from __future__ import annotations

import sys
import uuid
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import ipywidgets

__all__ = ["CellOutput", "Output", "in_notebook"]


class Output(Protocol):
    """Where a view is shown."""

    def live(self, widget: ipywidgets.DOMWidget) -> None:
        """Show a widget."""

    def settle(self, bundle: dict[str, str]) -> None:
        """Show this MIME bundle in its place, for good."""


class CellOutput:
    """One output of the cell that is being run."""

    def __init__(self) -> None:
        self._id = uuid.uuid4().hex

    def live(self, widget: ipywidgets.DOMWidget) -> None:
        """Show a widget."""
        from IPython.display import display

        display(widget, display_id=self._id)  # type: ignore[no-untyped-call]  # IPython ships no types for it

    def settle(self, bundle: dict[str, str]) -> None:
        """Replace it by a MIME bundle.

        A widget cannot stay: after the kernel is gone JupyterLab shows "model not found" for it, whatever else the
        output holds.
        """
        from IPython.display import update_display

        update_display(bundle, raw=True, display_id=self._id)  # type: ignore[no-untyped-call]  # as above


def in_notebook() -> bool:
    """Whether the code runs in a kernel that talks to a front end (a plain script or terminal shows no widgets)."""
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    return hasattr(get_ipython(), "kernel")
