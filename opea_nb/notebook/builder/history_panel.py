"""What was done in the builder, and the Python that does the same."""

from __future__ import annotations

from html import escape

from opea_nb.notebook.builder.light import Light
from opea_nb.notebook.builder.session import Session
from opea_nb.notebook.builder.when_shown import WhenShown

__all__ = ["HistoryPanel"]


class HistoryPanel:
    """The acts by name, and as code that is ready to be copied into a cell."""

    def __init__(self, session: Session, light: Light, *, shown: bool = True) -> None:
        self._session = session
        self._list = light.html(css="opea-history-list")
        self._code = light.area(css="opea-code opea-grow", tooltip="Python that does the same to `pipeline`")
        # a page with the bridge copies the text of .opea-code at a click on this
        copy = light.button("Copy as code", css="opea-copy-code opea-plain opea-icon-copy opea-word")
        copy.on_click(lambda _: session.say("the code is below: select it and press Ctrl+C where it was not copied"))
        undo = light.button("Undo", session.undo, css="opea-plain opea-icon-undo-2 opea-word")
        redo = light.button("Redo", session.redo, css="opea-plain opea-icon-redo-2 opea-word")
        acts = light.row(undo, redo, copy, css="opea-acts")
        self.widget = light.column(
            acts, light.row(self._list, self._code, css="opea-history"), css="opea-history-panel"
        )
        self.shown = WhenShown(session, self.refresh, shown=shown)

    def refresh(self) -> None:
        """Show the acts so far."""
        log = self._session.log
        rows = "".join(f"<li>{escape(act.text)}</li>" for act in log)
        told = f'<ol class="opea-acts-list">{rows}</ol>' if rows else '<div class="opea-said">nothing done yet</div>'
        code = "\n".join(act.code for act in log if act.code)
        if self._list.value != told:
            self._list.value = told
        if self._code.value != code:
            self._code.value = code
