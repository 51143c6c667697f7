"""The widget that shows a run while it goes on."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from typing import Any

import anywidget
import traitlets

from opea_nb.notebook.run_shown import Shown

__all__ = ["RunView"]

_STATIC = files("opea_nb.static")


class RunView(anywidget.AnyWidget):
    """A run in the page: graph, timeline, answer, and each step's request and response.

    The answer is a trait of its own because it changes many times a second, and the bodies of all steps need not travel
    again with each word. In a cell the page only shows; where the view is linked, it also tells which step was opened.

    Parameters
    ----------
    on_step
        Told the name of a step that the user opened; ``None`` where nobody wants to know.
    """

    _esm = _STATIC.joinpath("run-view.js").read_text(encoding="utf-8")
    _css = _STATIC.joinpath("run-view.css").read_text(encoding="utf-8")

    state = traitlets.Dict().tag(sync=True)
    answer = traitlets.Unicode().tag(sync=True)
    opened = traitlets.Unicode().tag(sync=True)
    linked = traitlets.Bool().tag(sync=True)

    def __init__(self, on_step: Callable[[str], None] | None = None, **traits: Any) -> None:
        super().__init__(linked=on_step is not None, **traits)
        self._on_step = on_step
        self.on_msg(self._heard)

    def _heard(self, _: object, content: Any, __: object) -> None:
        name = content.get("name") if isinstance(content, dict) and content.get("act") == "step" else None
        if isinstance(name, str) and self._on_step is not None:
            self._on_step(name)

    def show(self, run: Shown, answer: str) -> None:
        """Show the run as it is now; what is the same as before is not sent."""
        with self.hold_sync():
            if _frozen_time(run) != _frozen_time(self.state):
                self.state = run
            self.answer = answer

    def __repr__(self) -> str:  # the inherited one holds a memory address
        state: dict[str, Any] = self.state
        return f"<RunView {state.get('question', '')!r}: {state.get('state', 'waiting')}>"


def _frozen_time(run: Shown) -> Shown:
    """The run without the times of what is still going on: the page's own clock moves those."""
    steps = [{**s, "elapsed": None, "tokens": 0} if s["state"] == "running" else s for s in run.get("steps", ())]
    return {**run, "steps": steps, "elapsed": None if run.get("state") == "running" else run.get("elapsed")}
