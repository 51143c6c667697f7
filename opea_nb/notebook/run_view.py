"""The widget that shows a run while it goes on."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import anywidget
import traitlets

from opea_nb.notebook.run_shown import Shown

__all__ = ["RunView"]

_STATIC = files("opea_nb.static")


class RunView(anywidget.AnyWidget):
    """A run in the page: graph, timeline, answer, and each step's request and response.

    The page only shows; nothing comes back from it. The answer is a trait of its own because it changes many times a
    second, and the bodies of all steps need not travel again with each word.
    """

    _esm = _STATIC.joinpath("run-view.js").read_text(encoding="utf-8")
    _css = _STATIC.joinpath("run-view.css").read_text(encoding="utf-8")

    state = traitlets.Dict().tag(sync=True)
    answer = traitlets.Unicode().tag(sync=True)

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
