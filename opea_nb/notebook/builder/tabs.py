"""The tabs below the canvas: a place to ask, the YAML, problems, logs, files, and what was done."""

from __future__ import annotations

from functools import cached_property, partial

import ipywidgets as w

from opea_nb.errors import PipelineError
from opea_nb.notebook.builder.files import Workspace
from opea_nb.notebook.builder.files_panel import FilesPanel
from opea_nb.notebook.builder.history_panel import HistoryPanel
from opea_nb.notebook.builder.light import Light
from opea_nb.notebook.builder.problems_panel import ProblemsPanel, headed
from opea_nb.notebook.builder.run_panel import RunPanel
from opea_nb.notebook.builder.session import Session
from opea_nb.notebook.builder.yaml_panel import YamlPanel

__all__ = ["Tabs"]

_TITLES = ("Ask", "YAML", "Problems", "Logs", "Files", "History")


class Tabs:
    """Asking comes first. What the other tabs hold is made by `fill`, or as soon as one is opened or asked for.

    They are half of the Builder's widgets, and the cards need not wait for them. Tabs that nobody sees do no work.
    """

    def __init__(self, session: Session, light: Light, runs: RunPanel) -> None:
        self._session = session
        self._light = light
        self._filled = False
        self.workspace = Workspace(session.pipeline)
        self._places = {title: light.column(css="opea-tab") for title in _TITLES}
        self._places["Ask"].children = (runs.widget,)
        self._places["Logs"].children = (runs.logs,)
        self.widget = w.Tab([*self._places.values()], titles=_TITLES, selected_index=0)
        self.widget.add_class("opea-tabs")
        self.widget.observe(lambda change: self._turned(change["new"]), names=["selected_index"])
        session.offer("panel", self.open)
        session.on_refresh(self._refresh)
        self._refresh()

    @cached_property
    def yaml(self) -> YamlPanel:
        """The text beside the graph."""
        return YamlPanel(self._session, self._light, lambda: self.workspace.saved, shown=False)

    @cached_property
    def problems(self) -> ProblemsPanel:
        """What keeps the pipeline from running."""
        return ProblemsPanel(self._session, self._light, shown=False)

    @cached_property
    def files(self) -> FilesPanel:
        """Where the pipeline comes from and goes to."""
        return FilesPanel(self._session, self._light, self.workspace, shown=False)

    @cached_property
    def history(self) -> HistoryPanel:
        """What was done."""
        return HistoryPanel(self._session, self._light, shown=False)

    def _lazy(self) -> dict[str, YamlPanel | ProblemsPanel | FilesPanel | HistoryPanel]:
        return {"YAML": self.yaml, "Problems": self.problems, "Files": self.files, "History": self.history}

    def fill(self) -> None:
        """Make what the tabs hold; doing it again changes nothing."""
        with self._session.lock:
            if not self._filled:
                self._filled = True
                for title, panel in self._lazy().items():
                    self._places[title].children = (panel.widget,)

    def open(self, name: str) -> None:
        """Bring a tab to the front, by its title in any case.

        Raises
        ------
        PipelineError
            When there is none of that name.
        """
        titles = [title.lower() for title in _TITLES]
        if name.lower() not in titles:
            raise PipelineError(f"there is no panel {name[:40]!r}", hint=f"panels: {', '.join(titles)}")
        self.widget.selected_index = titles.index(name.lower())

    def _turned(self, index: int | None) -> None:
        """Let the panel that can be seen now catch up, and the others rest."""
        self.fill()
        for title, panel in self._lazy().items():
            self._session.attempt(partial(panel.shown.show, index is not None and title == _TITLES[index]))

    def _refresh(self) -> None:
        at, title = _TITLES.index("Problems"), headed(self._session)
        if self.widget.titles[at] != title:
            self.widget.set_title(at, title)

    def close(self) -> None:
        """Write what waits to be written, and follow the pipeline no more; doing it again changes nothing."""
        if self._filled:
            self.files.close()
            for panel in (self.yaml, self.problems, self.history):
                panel.shown.close()
