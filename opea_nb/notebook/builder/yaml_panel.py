"""The unified YAML beside the graph: always what the pipeline is, and editable."""

from __future__ import annotations

import dataclasses
import time
from html import escape

import ipywidgets as w

from opea_nb.errors import FormatError
from opea_nb.formats import unified
from opea_nb.notebook.builder.session import Session
from opea_nb.pipeline import MAIN, Pipeline, edits, wiring
from opea_nb.pipeline.edit import Edit
from opea_nb.pipeline.spec import Node

__all__ = ["YamlPanel", "replace_all"]

_LATE = 2.0  # seconds that a text may come after the click that is about it


class YamlPanel:
    """Text of the pipeline. What is typed counts when it is applied, and only when all of it is sound."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._current = ""
        self._text = w.Textarea(layout={"width": "auto", "height": "232px"}, continuous_update=False)
        self._text.add_class("opea-yaml")
        self._apply = w.Button(description="Apply", icon="check", layout={"width": "auto"})
        self._apply.add_class("opea-apply")
        self._apply.on_click(lambda _: self.apply())
        self._clicked = -_LATE
        self._text.observe(lambda _: self._arrived(), names="value")
        self._revert = w.Button(description="Revert", layout={"width": "auto"})
        self._revert.on_click(lambda _: self._show())
        self._error = w.HTML()
        self._error.add_class("opea-yaml-error")
        self.widget = w.VBox([self._text, w.HBox([self._apply, self._revert, self._error])])
        session.on_refresh(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Follow the pipeline, unless text is being edited that was not applied yet."""
        text = unified.dumps(self._session.pipeline)
        edited = self._text.value != self._current
        if text == self._current:
            return
        self._current = text
        if edited:
            self._error.value = _message("the pipeline has changed meanwhile: apply this text, or revert to it")
        else:
            self._show()

    def _show(self) -> None:
        self._clicked = -_LATE
        self._text.value = self._current
        self._error.value = ""

    def _arrived(self) -> None:
        # ipywidgets holds a text back while the one before is not acknowledged, but never a click: it can come first
        if time.monotonic() - self._clicked < _LATE:
            self.apply()

    def apply(self) -> None:
        """Make the pipeline what the text says, as one edit; where it is wrong, say at which line."""
        session = self._session
        self._clicked = time.monotonic()
        with session.lock:
            try:
                wanted = unified.loads(self._text.value, source="YAML", catalog=session.pipeline.catalog)
            except FormatError as error:
                where = f"line {error.line}, column {error.column}: " if error.line else ""
                self._error.value = _message(f"{where}{error.problem}{f' → {error.hint}' if error.hint else ''}")
                return
            if wanted == session.pipeline:
                self._show()
                session.say("nothing changed")
                return
            self._current = self._text.value  # from here on the pipeline's own text may replace it
            if session.act(lambda: session.pipeline.apply(replace_all(session.pipeline, wanted)), "applied the YAML"):
                self._show()


def replace_all(pipeline: Pipeline, wanted: Pipeline) -> Edit:
    """One edit that makes `pipeline` equal to `wanted`; what keeps its name keeps its place."""
    before: dict[str, Node] = {**pipeline.services, **pipeline.engines}
    after: dict[str, Node] = {**wanted.services, **wanted.engines}
    steps: list[Edit] = [edits.Remove(name) for name in before]
    steps += [wiring.DropFlow(flow) for flow in pipeline.flows if flow != MAIN]
    mega = {f.name: getattr(wanted.mega, f.name) for f in dataclasses.fields(wanted.mega)}
    steps.append(edits.Configure(mega))
    steps += [wiring.PutFlow(flow) for flow in wanted.flows.values()]
    for name, node in after.items():
        place = before[name].position if name in before else None
        kept = dataclasses.replace(node, position=node.position or place)
        steps.append(edits.Add(kept, wanted.graph.nodes[name]["flows"]))
    for source, target, data in wanted.graph.edges(data=True):
        if data["kind"] == "uses":
            steps.append(wiring.Use(source, target))
        else:
            steps += [wiring.Connect(source, target, flow) for flow in data["flows"]]
    return edits.Batch(tuple(steps), "edit the YAML")


def _message(text: str) -> str:
    return f'<div class="opea-bad" role="alert">{escape(text)}</div>'
