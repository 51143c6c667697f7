"""The widget that shows a conversation with a pipeline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import Any, TypedDict

import anywidget
import traitlets

__all__ = ["ChatView", "Turn"]

_STATIC = files("opea_nb.static")


class Turn(TypedDict):
    """One question and its answer; see ``Turn`` in widgets/src/chat-view.ts."""

    n: int
    question: str
    answer: str
    state: str
    note: str
    error: str


class ChatView(anywidget.AnyWidget):
    """A conversation in the page. Its `answer` is what streams: only that travels with each word.

    Parameters
    ----------
    on_ask
        Told a question: Enter in the line ``.opea-ask`` beside it, or its button.
    on_run
        Told the number of a turn whose steps the user wants to see.
    on_file
        Told name and content of a file that was dropped.
    on_refuse
        Told why a file was not sent.
    """

    _esm = _STATIC.joinpath("chat-view.js").read_text(encoding="utf-8")
    _css = _STATIC.joinpath("chat-view.css").read_text(encoding="utf-8")

    turns: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)
    answer = traitlets.Unicode().tag(sync=True)
    hint = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        on_ask: Callable[[str], None],
        on_run: Callable[[int], None],
        on_file: Callable[[str, bytes], None],
        on_refuse: Callable[[str], None],
        **traits: Any,
    ) -> None:
        super().__init__(**traits)
        self._on_ask, self._on_run, self._on_file, self._on_refuse = on_ask, on_run, on_file, on_refuse
        self.on_msg(self._heard)

    def show(self, turns: Sequence[Turn], answer: str = "") -> None:
        """Show these turns, and `answer` as what the last has said so far."""
        with self.hold_sync():
            self.turns = [dict(turn) for turn in turns]
            self.answer = answer

    def _heard(self, _: object, content: Any, buffers: Sequence[Any]) -> None:
        match content:
            case {"act": "ask", "text": str(text)}:
                self._on_ask(text)
            case {"act": "run", "n": int(n)}:
                self._on_run(n)
            case {"act": "file", "name": str(name)} if buffers:
                self._on_file(name, bytes(buffers[0]))
            case {"act": "refuse", "text": str(text)}:
                self._on_refuse(text)

    def __repr__(self) -> str:  # the inherited one holds a memory address
        return f"<ChatView: {len(self.turns)} turns>"
