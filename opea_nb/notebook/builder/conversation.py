"""The turns of a chat: what is sent with the next question, and what each run looked like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any, Literal

from opea_nb.backends.runstate import RunState
from opea_nb.notebook.chat_view import Turn
from opea_nb.notebook.run_shown import RunShown, Shown
from opea_nb.notebook.run_words import duration

__all__ = ["Said", "history", "plain", "turn_of"]

_TURNS = 8
_CHARACTERS = 4_000  # the smallest models read some 2,000 tokens, and documents and question go first
_SHOWN = 100_000  # characters of one answer


@dataclass(frozen=True, slots=True)
class Said:
    """A question, and what became of it.

    Parameters
    ----------
    n
        Its number in the conversation.
    drawing
        Turns states of its run into what the run view shows.
    run
        Its run as last seen.
    """

    n: int
    question: str
    drawing: RunShown
    run: RunState = field(default_factory=RunState)
    state: Literal["running", "done", "failed", "stopped"] = "running"
    answer: str = ""
    error: str = ""
    hint: str = ""

    def after(self, run: RunState) -> Said:
        """With its run as it is now."""
        return replace(self, run=run)

    def shown(self) -> Shown:
        """What the run view shows of it."""
        stopped = "stopped by you" if self.state == "stopped" else ""
        return self.drawing.shown(self.run, stopped=stopped, error=self.error, hint=self.hint)

    @property
    def shape(self) -> tuple[Any, ...]:
        """Equal for two moments between which nothing happened but more text."""
        return (self.state, self.run.state, tuple((s.name, s.state) for s in self.run.steps))


def history(said: Sequence[Said], question: str) -> list[dict[str, str]]:
    """The conversation as chat messages, `question` last: the latest answered turns, as many as a small model can read.

    Failed and stopped turns are left out: half an answer misleads.
    """
    room = _CHARACTERS
    kept: list[dict[str, str]] = []
    for one in reversed([s for s in said if s.state == "done" and s.answer][-_TURNS:]):
        room -= len(one.question) + len(one.answer)
        if room < 0:
            break
        kept[:0] = [{"role": "user", "content": one.question}, {"role": "assistant", "content": one.answer}]
    return [*kept, {"role": "user", "content": question}]


def turn_of(said: Said) -> Turn:
    """What the chat shows of it."""
    steps = sum(s.state == "done" for s in said.run.steps)
    took = duration(said.run.elapsed) if said.run.elapsed is not None else ""
    told = {"running": "◐ running", "done": "✓", "failed": "✕ failed", "stopped": "■ stopped"}[said.state]
    count = f"{steps} step{'' if steps == 1 else 's'}" if steps and said.state != "running" else ""
    return {
        "n": said.n,
        "question": said.question,
        "answer": said.answer[:_SHOWN],
        "state": said.state,
        "note": " · ".join(x for x in (f"{told} {took}".strip(), count) if x),
        "error": f"{said.error}{f' → {said.hint}' if said.hint else ''}",
    }


def plain(said: Sequence[Said]) -> str:
    """The last turns as HTML, for a page that cannot load the chat's own view."""
    return "".join(
        f"<p><b>{escape(s.question)}</b><br>{escape(s.answer[:_SHOWN])}{escape(s.error)}</p>" for s in said[-5:]
    )
