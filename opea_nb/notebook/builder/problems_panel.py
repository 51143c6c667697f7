"""What keeps the pipeline from running: each with the card it is about, and a button where the way out is plain."""

from __future__ import annotations

from html import escape

import ipywidgets as w

from opea_nb.errors import PipelineError
from opea_nb.notebook.builder.light import Light, closed
from opea_nb.notebook.builder.session import Act, Session
from opea_nb.notebook.builder.when_shown import LARGE, WhenShown
from opea_nb.pipeline.fixes import fix, may_fix
from opea_nb.pipeline.problems import Problem

__all__ = ["ProblemsPanel", "headed"]

_SHOWN = 50
_WORDS = {"error": ("✕", "error"), "warning": ("⚠", "warning")}
_NOTHING = '<div class="opea-said">✓ nothing found</div>'

_Key = tuple[Problem, str]
"""A problem, and what the button that ends it says."""


class ProblemsPanel:
    """The list, errors first.

    Parameters
    ----------
    shown
        Whether it can be seen from the start: rows and ways out are made when somebody sees them.
    """

    def __init__(self, session: Session, light: Light, *, shown: bool = True) -> None:
        self._session = session
        self._light = light
        self._followed: object = None
        self._rows: dict[_Key, w.Widget] = {}
        self._rest = light.html(css="opea-rest")
        self.widget = light.column(css="opea-problems")
        self.shown = WhenShown(session, self.refresh, shown=shown)

    def refresh(self) -> None:
        """Show the problems as they are; rows that are still right are left alone."""
        problems = self._session.problems
        if problems is self._followed:
            return
        self._followed = problems
        found = sorted(problems, key=lambda p: p.severity != "error")
        keys = [(problem, self._way(problem)) for problem in dict.fromkeys(found[:_SHOWN])]
        before, self._rows = self._rows, {key: self._rows.get(key) or self._row(*key) for key in keys}
        more = len(found) - _SHOWN
        self._rest.value = f'<div class="opea-said">… and {more} more</div>' if more > 0 else "" if found else _NOTHING
        self.widget.children = (*self._rows.values(), self._rest)
        closed(row for key, row in before.items() if key not in self._rows)

    def _way(self, problem: Problem) -> str:
        """What the button says; nothing where there is no plain way out.

        In a large pipeline that is not looked for in advance: it takes as long as an act.
        """
        pipeline = self._session.pipeline
        if not may_fix(problem):
            return ""
        if len(pipeline.graph) >= LARGE:
            return "Fix"
        way = fix(pipeline, problem)
        return f"Fix: {way.label}" if way else ""

    def _row(self, problem: Problem, way: str) -> w.Widget:
        session, light = self._session, self._light
        mark, word = _WORDS[problem.severity]
        hint = f'<div class="opea-help">→ {escape(problem.hint)}</div>' if problem.hint else ""
        text = f'<div class="opea-{word}"><b>{mark} {word}</b> {escape(problem.message)}{hint}</div>'
        parts: list[w.Widget] = [light.html(text, "opea-grow")]
        if problem.node and problem.node in session.pipeline.graph:
            node = problem.node
            go = light.button(node, lambda: session.select(node), css="opea-plain opea-go", hint=f"Select {node}")
            parts.append(go)
        if way:
            css = "opea-plain opea-fix opea-icon-wrench opea-word"
            hint = way.removeprefix("Fix: ")
            parts.append(light.button(way, lambda: session.act(lambda: self._fixed(problem)), css=css, hint=hint))
        return light.row(*parts, css="opea-problem")

    def _fixed(self, problem: Problem) -> Act:
        pipeline = self._session.pipeline
        way = fix(pipeline, problem) if problem in self._session.problems else None
        if way is None:
            raise PipelineError(f"there is no single plain way out of this: {problem.message}", hint=problem.hint)
        pipeline.apply(way.edit)
        return Act(f"fixed: {way.label}", "")


def headed(session: Session) -> str:
    """``Problems``, and how many there are."""
    found = len(session.problems) if session.pipeline.services else 0  # nothing is wrong with an empty one yet
    return f"Problems ({found})" if found else "Problems"
