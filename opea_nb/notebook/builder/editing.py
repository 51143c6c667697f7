"""The edits that gestures mean: each makes one step of undo, says what it did, and refuses what would make no sense."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from opea_nb.errors import DuplicateName, PipelineError
from opea_nb.formats.layout import Point, positions
from opea_nb.notebook.builder.places import clear_shift, free_place
from opea_nb.notebook.builder.session import Act, Session
from opea_nb.notebook.builder.wish import Wish
from opea_nb.pipeline import MAIN, Note, board, clipping, edits, wiring
from opea_nb.pipeline.edit import Edit
from opea_nb.pipeline.fitting import fits
from opea_nb.pipeline.naming import free_name
from opea_nb.pipeline.surgery import connected, extended, told, without

__all__ = ["EDITS", "add", "arrange", "some"]

_DONE = {
    "move": "moved",
    "resize": "resized",
    "arrange": "arranged",
    "align": "aligned",
    "distribute": "distributed",
}
"""What a gesture is called -> once it is done."""
_SMALLEST = 40.0  # pixels of a note


def chosen(session: Session, wish: Wish) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of services and engines that were sent, and the ids of notes, which come as ``note:<id>``.

    Raises
    ------
    PipelineError
        When one of them is not there.
    """
    names, notes = [], []
    for name in wish.texts("names"):
        key = name.removeprefix("note:")
        if name not in session.pipeline.graph and key != name and key in session.pipeline.notes:
            notes.append(key)
        else:
            session.pipeline.node(name)
            names.append(name)
    return tuple(names), tuple(notes)


def some(session: Session, wish: Wish) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """As `chosen`, and at least one.

    Raises
    ------
    PipelineError
        Also when none was sent.
    """
    names, notes = chosen(session, wish)
    if not names and not notes:
        raise PipelineError(f"there is nothing to {wish.act}", hint="select a card first")
    return names, notes


def add(session: Session, kind: str, source: str = "", at: Point | None = None) -> str:
    """Add a component and select it; gives its name.

    Parameters
    ----------
    kind
        A component of the catalogue.
    source
        What it is connected behind; nothing when empty.
    at
        Upper left corner, or the next free place below; beside what it belongs to when ``None``.

    Raises
    ------
    CatalogError, PipelineError
        When there is no such kind, or it cannot come behind `source`.
    """
    pipeline = session.pipeline
    if source:
        flow = _flow_behind(session, source)
        if why := dict(fits(pipeline, source, flow=flow).kinds).get(kind):
            raise PipelineError(why)
    else:
        flow = "" if session.flow == MAIN or pipeline.catalog.component(kind).flow else session.flow
    if at is not None:
        at = free_place(session.places.values(), at)
    edit, name = extended(pipeline, kind, source, flow=flow, position=at)
    pipeline.apply(edit)
    session.select(name)
    return name


def arrange(session: Session) -> Act:
    """Put every card where the layout has it, wherever it was moved."""
    pipeline = session.pipeline
    free = pipeline.copy()
    free.apply(edits.Batch(tuple(edits.Move(name, None) for name in pipeline.graph)))
    places = positions(free)
    steps = tuple(edits.Move(name, place) for name, place in places.items() if session.places[name] != place)
    if not steps:
        return Act("every card stands where the layout has it", "")
    pipeline.apply(edits.Batch(steps, "arrange"))
    return Act("arranged", "")


def _add(session: Session, wish: Wish) -> Act:
    source = wish.text("from", "")
    name = add(session, wish.text("kind"), source, wish.point())
    wish.answer("focus", id=name)
    return Act(f"added {name} behind {source}" if source else f"added {name}", "")


def _flow_behind(session: Session, source: str) -> str:
    flows = session.pipeline.flows_of(source)
    return session.flow if session.flow in flows or not flows else flows[0]


def _connect(session: Session, wish: Wish) -> Act:
    pipeline, source, target = session.pipeline, wish.text("source"), wish.text("target")
    both = [flow for flow in pipeline.flows_of(source) if flow in pipeline.flows_of(target)]
    flow = session.flow if session.flow in both or not both else both[0]
    if source == target:
        raise PipelineError(f"{source} cannot feed itself", hint="connect two cards")
    pipeline.node(target)
    if why := fits(pipeline, source, flow=flow).targets.get(target):
        raise PipelineError(why)
    edit = connected(pipeline, source, target, flow=flow)
    pipeline.apply(edit)
    return Act(f"connected {source} to {target}", "")


def _disconnections(session: Session, pairs: tuple[tuple[str, str], ...]) -> list[Edit]:
    """What takes wires out, of whatever kind and of all flows."""
    graph, steps = session.pipeline.graph, list[Edit]()
    for source, target in pairs:
        if not graph.has_edge(source, target):
            raise PipelineError(f"{source} is not connected to {target}")
        data = graph.edges[source, target]
        if data["kind"] == "uses":
            steps.append(wiring.Unuse(source, target))
        else:
            steps += [wiring.Disconnect(source, target, flow) for flow in data["flows"]]
    return steps


def _disconnect(session: Session, wish: Wish) -> Act:
    pairs = wish.pairs("edges")
    if not pairs:
        raise PipelineError("there is nothing to disconnect", hint="select a wire first")
    what = f"{pairs[0][0]} from {pairs[0][1]}" if len(pairs) == 1 else f"{len(pairs)} wires"
    session.pipeline.apply(edits.Batch(tuple(_disconnections(session, pairs)), f"disconnect {what}"))
    return Act(f"disconnected {what}", "")


def _delete(session: Session, wish: Wish) -> Act:
    names, notes = chosen(session, wish)
    pairs = wish.pairs("edges")
    if not names and not notes:
        return _disconnect(session, wish)
    edit = without(session.pipeline, names, join=wish.flag("join"), notes=notes)
    staying = tuple(pair for pair in pairs if not set(pair) & set(names))
    if staying:
        edit = edits.Batch((*_disconnections(session, staying), edit), edit.label)
    session.pipeline.apply(edit)
    return Act(edit.label.replace("delete", "deleted", 1).replace(" connect ", " connected "), "")


def _move(session: Session, wish: Wish) -> Act:
    pipeline, places = session.pipeline, wish.places("places")
    steps: list[Edit] = []
    for name, place in places.items():
        key = name.removeprefix("note:")
        if name not in pipeline.graph and key != name and key in pipeline.notes:
            if pipeline.notes[key].position != place:
                steps.append(board.PutNote(replace(pipeline.notes[key], position=place)))
        elif pipeline.node(name) and session.places[name] != place:
            steps.append(edits.Move(name, place))
    if not steps:
        return Act("", "")
    verb = "".join(c for c in wish.text("label", "move") if c.isprintable())[:40] or "move"
    # arranging is about all of them, whichever had to move
    label = verb if verb == "arrange" else f"{verb} {told([name.removeprefix('note:') for name in places])}"
    pipeline.apply(edits.Batch(tuple(steps), label))
    word = label.split()[0]
    return Act(label.replace(word, _DONE.get(word, word), 1), "")


def _rename(session: Session, wish: Wish) -> Act:
    name, to = wish.text("name"), wish.text("to").strip()
    if name == to:
        return Act("", "")
    session.pipeline.rename(name, to)
    return Act(f"renamed {name} to {to}", "")


def _duplicate(session: Session, wish: Wish) -> Act:
    names, notes = some(session, wish)
    shift = clear_shift(session.places.values(), [session.places[name] for name in names])
    shift = shift if names else (24.0, 24.0)
    edit, new = clipping.duplicate(session.pipeline, names, notes=notes, offset=shift, places=session.places)
    session.pipeline.apply(edit)
    session.select(*new)
    return Act(edit.label.replace("duplicate", "duplicated", 1), "")


def _paste(session: Session, wish: Wish) -> Act:
    text, at = wish.text("text"), wish.point()
    edit, new = clipping.paste(session.pipeline, text, at=at, offset=None if at else (0.0, 0.0))
    if at is None and isinstance(edit, edits.Batch):
        places = [step.node.position for step in edit.edits if isinstance(step, edits.Add) and step.node.position]
        shift = clear_shift(session.places.values(), places)
        edit, new = clipping.paste(session.pipeline, text, offset=shift)
    session.pipeline.apply(edit)
    session.select(*new)
    return Act(edit.label.replace("paste", "pasted", 1), "")


def _note(session: Session, wish: Wish) -> Act:
    notes = session.pipeline.notes
    key = wish.text("id", "")
    fresh = not key or key not in notes
    note = Note(key or free_name(notes, "note")) if fresh else notes[key]
    changed = note
    if wish.has("text"):
        changed = replace(changed, text=wish.text("text"))
    if wish.has("width", "height"):
        size = max(wish.pixels("width"), _SMALLEST), max(wish.pixels("height"), _SMALLEST)
        changed = replace(changed, size=size)
    if at := wish.point():
        changed = replace(changed, position=at)
    elif fresh:
        changed = replace(changed, position=_above(session))
    if changed == note and not fresh:
        return Act("", "")
    edit: Edit = board.PutNote(changed)
    said = "wrote a note" if changed.text else "added a note"
    if not fresh and changed.text == note.text:
        verb = "move" if changed.size == note.size else "resize"
        edit, said = edits.Batch((edit,), f"{verb} a note"), f"{_DONE[verb]} a note"
    session.pipeline.apply(edit)
    return Act(said, "")


def _above(session: Session) -> Point:
    """A place over everything."""
    places = session.places.values()
    return min((x for x, _ in places), default=0.0), min((y for _, y in places), default=0.0) - 120.0


def _drop_note(session: Session, wish: Wish) -> Act:
    session.pipeline.drop_note(wish.text("id"))
    return Act("deleted a note", "")


def _group(session: Session, wish: Wish) -> Act:
    names, _ = chosen(session, wish)
    name = wish.text("name", "") or free_name(session.pipeline.groups, "group")
    if name in session.pipeline.groups:
        raise DuplicateName(f"there is a group {name!r} already", hint="choose another name")
    session.pipeline.group(name, names)
    return Act(f"grouped {told(names)} as {name}", "")


def _ungroup(session: Session, wish: Wish) -> Act:
    name = wish.text("name")
    session.pipeline.ungroup(name)
    return Act(f"ungrouped {name}", "")


def _rename_group(session: Session, wish: Wish) -> Act:
    name, to = wish.text("name"), wish.text("to").strip()
    session.pipeline.rename_group(name, to)
    return Act(f"renamed the group {name} to {to}", "")


def _fold(session: Session, wish: Wish) -> Act:
    name, folded = wish.text("name"), wish.flag("folded")
    session.pipeline.fold(name, folded)
    return Act(f"{'folded' if folded else 'unfolded'} {name}", "")


def _clear(session: Session, _: Wish) -> Act:
    pipeline = session.pipeline
    if not pipeline.graph and not pipeline.notes:
        raise PipelineError("the canvas is empty already")
    pipeline.clear()
    return Act("cleared the canvas: undo brings everything back", "")


EDITS: Mapping[str, Callable[[Session, Wish], Act]] = {
    "add": _add,
    "connect": _connect,
    "disconnect": _disconnect,
    "move": _move,
    "rename": _rename,
    "delete": _delete,
    "duplicate": _duplicate,
    "paste": _paste,
    "note": _note,
    "drop_note": _drop_note,
    "group": _group,
    "ungroup": _ungroup,
    "rename_group": _rename_group,
    "fold": _fold,
    "clear": _clear,
}
"""Act of the page -> what does it."""
