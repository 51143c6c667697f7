"""What the page can ask for, and what is then done: each intent becomes one edit of the pipeline, or is refused.

Nothing that comes from the page is trusted to be as it should, and nothing of it can raise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from opea_nb import templates
from opea_nb.errors import PipelineError
from opea_nb.formats import registry
from opea_nb.notebook.builder.amending import amend
from opea_nb.notebook.builder.editing import EDITS, some
from opea_nb.notebook.builder.session import Act, Session
from opea_nb.notebook.builder.wish import Wish
from opea_nb.pipeline import Pipeline
from opea_nb.pipeline.clipping import clip
from opea_nb.pipeline.fitting import fits

__all__ = ["heard"]

Answer = dict[str, Any]


def heard(session: Session, content: object) -> list[Answer]:
    """Do what the page asked for; gives what to answer, the last of it being that it is done.

    Parameters
    ----------
    content
        The message, as parsed from JSON: a mapping with ``act`` and ``n``, if all is well.
    """
    wish = Wish(content if isinstance(content, dict) else {})
    with session.lock:
        before = session.said
        session.said = ("", False)
        if wish.act in EDITS:
            well = session.act(lambda: EDITS[wish.act](session, wish))
        elif wish.act in _LARGE:
            well = session.act(lambda: _LARGE[wish.act](session, wish))
        elif wish.act in _STEPS:
            well = _STEPS[wish.act](session)
        elif wish.act in _QUIET:
            well = session.attempt(lambda: _QUIET[wish.act](session, wish))
        else:
            well = session.attempt(lambda: _unknown(wish))
        text, bad = session.said
        if not text:
            session.said = before
        wish.answer("done", ok=well, text=text, bad=bad)
    return wish.answers


def _unknown(wish: Wish) -> None:
    raise PipelineError(f"the builder cannot do {wish.act[:40] or 'that'!r}", hint="reload the page")


def _select(session: Session, wish: Wish) -> None:
    session.select(*wish.texts("names"))


def _copy(session: Session, wish: Wish) -> None:
    names, notes = some(session, wish)
    wish.answer("clipboard", text=clip(session.pipeline, names, notes=notes, places=session.places))


def _fits(session: Session, wish: Wish) -> None:
    found = fits(session.pipeline, wish.text("source", ""), flow=session.flow)
    kinds = [{"kind": kind, "why": why} for kind, why in found.kinds]
    wish.answer("fits", targets=dict(found.targets), kinds=kinds)


def _flow(session: Session, wish: Wish) -> None:
    session.use_flow(wish.text("name"))


def _panel(session: Session, wish: Wish) -> None:
    session.call("panel", wish.text("name"))


def _cut(session: Session, wish: Wish) -> Act:
    _copy(session, wish)
    return EDITS["delete"](session, wish)


def _template(session: Session, wish: Wish) -> Act:
    name = wish.text("name")
    wanted = templates.load(name, catalog=session.pipeline.catalog)
    return _opened(session, wanted, f"open the template {name}")


def _import(session: Session, wish: Wish) -> Act:
    name = wish.text("name", "file")[:200]
    try:
        # as bytes: what reads it takes a short text for a path of this machine
        given = wish.text("text").encode()
    except UnicodeEncodeError as error:
        raise PipelineError(f"{name} is no text") from error
    found = registry.read(given, source=name)
    done = _opened(session, found.pipeline, f"open {name}")
    if not found.notes:
        return done
    lost = [str(note) for note in found.notes if note.kind == "lost"]
    told = f"{len(found.notes)} notes" if len(found.notes) > 1 else "1 note"
    return Act(f"{done.text}: {told} on what it could not carry over, first {lost[0] if lost else found.notes[0]}", "")


def _opened(session: Session, wanted: Pipeline, label: str) -> Act:
    pipeline = session.pipeline
    edit = amend(pipeline, wanted, label, keep_places=False)
    if not edit.edits:
        raise PipelineError("that is what is open already")
    pipeline.apply(edit)
    session.select()
    return Act(label.replace("open", "opened", 1), "")


_QUIET: Mapping[str, Callable[[Session, Wish], None]] = {
    "ready": lambda _, __: None,
    "select": _select,
    "copy": _copy,
    "fits": _fits,
    "flow": _flow,
    "panel": _panel,
    "deploy": lambda session, _: session.call("deploy"),
    "stop": lambda session, _: session.call("stop"),
}
_LARGE: Mapping[str, Callable[[Session, Wish], Act]] = {"cut": _cut, "template": _template, "import": _import}
_STEPS: Mapping[str, Callable[[Session], bool]] = {"undo": Session.undo, "redo": Session.redo}
