"""What keeps the pipeline from running: each with the card it is about, and a button where the way out is plain."""

from __future__ import annotations

from html import escape

import ipywidgets as w

from opea_nb.notebook.builder.light import Light, closed
from opea_nb.notebook.builder.session import Session
from opea_nb.pipeline.fixes import Fix, fix
from opea_nb.pipeline.problems import Problem

__all__ = ["ProblemsPanel"]

_SHOWN = 100
_WORDS = {"error": ("✕", "error"), "warning": ("⚠", "warning")}


class ProblemsPanel:
    """The list, errors first."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._light = light = Light()
        self._shown: object = None
        self.widget = light.column(css="opea-problems")
        session.on_refresh(self.refresh)
        self.refresh()

    @property
    def title(self) -> str:
        """``Problems``, and how many there are."""
        found = len(self._session.problems)
        return f"Problems ({found})" if found else "Problems"

    def refresh(self) -> None:
        """Show the problems as they are."""
        session = self._session
        key = (session.problems, session.revision if session.problems else 0)
        if key == self._shown:
            return
        self._shown = key
        before = self.widget.children
        found = sorted(session.problems, key=lambda p: p.severity != "error")
        rows = [self._row(problem) for problem in found[:_SHOWN]]
        if len(found) > _SHOWN:
            rows.append(self._light.html(f'<div class="opea-said">and {len(found) - _SHOWN} more</div>'))
        self.widget.children = rows or [self._light.html('<div class="opea-said">✓ nothing found</div>')]
        closed(before)

    def _row(self, problem: Problem) -> w.Widget:
        session, light = self._session, self._light
        mark, word = _WORDS[problem.severity]
        hint = f'<div class="opea-help">→ {escape(problem.hint)}</div>' if problem.hint else ""
        text = f'<div class="opea-{word}"><b>{mark} {word}</b> {escape(problem.message)}{hint}</div>'
        parts: list[w.Widget] = [light.html(text, "opea-grow")]
        if problem.node and problem.node in session.pipeline.graph:
            node = problem.node
            go = light.button(node, lambda: session.select(node), css="opea-plain opea-go", hint=f"Select {node}")
            parts.append(go)
        way = fix(session.pipeline, problem)
        if way is not None:
            parts.append(self._fix(way))
        return light.row(*parts, css="opea-problem")

    def _fix(self, way: Fix) -> w.Widget:
        session = self._session
        return self._light.button(
            f"Fix: {way.label}",
            lambda: session.act(lambda: session.pipeline.apply(way.edit), f"fixed: {way.label}"),
            css="opea-plain opea-fix opea-icon-wrench opea-word",
            hint=way.label,
        )
