"""What the parts of the Builder share: the pipeline, what is selected and running, and one way to do an act."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from opea_nb.errors import OpeaError, PipelineError
from opea_nb.formats.layout import Point
from opea_nb.notebook.builder.hiding import hidden, without_secrets
from opea_nb.notebook.builder.places import Places
from opea_nb.pipeline import MAIN, Pipeline, board, edits
from opea_nb.pipeline.code import code as code_of
from opea_nb.pipeline.edit import Edit
from opea_nb.pipeline.problems import Problem

__all__ = ["Act", "Session"]

_log = logging.getLogger("opea_nb")
_KEPT = 500  # acts

_LOOKS = (
    edits.Move,
    board.PutNote,
    board.DropNote,
    board.PutGroup,
    board.DropGroup,
    board.RenameGroup,
    board.Fold,
    board.Regroup,
)

Texts = Mapping[str, str]


class Act(NamedTuple):
    """Something that was done: what it was, for people, and the Python that does the same to ``pipeline``."""

    text: str
    code: str


class Session:
    """One builder's pipeline, selection and states.

    Callbacks of widgets come on whatever thread the kernel gives them (a subshell's, beside the cell's own), so every
    act takes the pipeline's own lock; ``lock`` is that.

    Parameters
    ----------
    pipeline
        What is edited, by this builder and by anyone else who has it.

    >>> session = Session(Pipeline("chat"))
    >>> session.act(lambda: session.pipeline.add("llm"), "added llm")
    True
    >>> session.select("llm")
    >>> session.one, session.selected, session.revision
    ('llm', ('llm',), 1)
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.lock = pipeline.lock
        self.revision = 0
        """Counts the pipeline's edits: what depends on the pipeline alone is as it was while this is."""
        self.busy = ""
        self.said = ("", False)
        """The last message, and whether it is an error."""
        self._selected: tuple[str, ...] = ()
        self._flow = MAIN
        self._marks = _marks({}, {}, {})
        self._places = Places()
        self._placed: Mapping[str, Point] | None = None
        self._problems: tuple[Problem, ...] | None = None
        self._acts: deque[Act] = deque(maxlen=_KEPT)
        self._edits: list[Edit] = []
        self.renamed: tuple[tuple[str, str], ...] = ()
        """Old and new names, in order, of what was renamed since the last refresh."""
        self._refreshers: list[Callable[[], None]] = []
        self._sayers: list[Callable[[str, bool], None]] = []
        self._offers: dict[str, Callable[..., object]] = {}
        self._depth = 0
        self._unobserve = pipeline.observe(self._edited)

    @property
    def selected(self) -> tuple[str, ...]:
        """Names of the selected services and engines, in the order they were selected."""
        return self._selected

    @property
    def one(self) -> str:
        """The name that is selected alone; empty when there are none or several."""
        return self._selected[0] if len(self._selected) == 1 else ""

    @property
    def flow(self) -> str:
        """The flow that new services and edges go to."""
        return self._flow

    @property
    def states(self) -> Mapping[str, str]:
        """Name -> its state in the deployment or the run that is shown; nothing for those without."""
        return self._marks[0]

    @property
    def times(self) -> Mapping[str, str]:
        """Name -> how long its step took, as text (``12 ms``)."""
        return self._marks[1]

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The pipeline's problems; found once for each state of the pipeline, however many parts ask."""
        with self.lock:
            if self._problems is None:
                self._problems = self.pipeline.problems()
            return self._problems

    @property
    def log(self) -> tuple[Act, ...]:
        """What was done in this builder, the last ones of it, in order."""
        return tuple(self._acts)

    def select(self, *names: str) -> None:
        """Select these and nothing else; names that are not there are left out."""
        with self.lock:
            graph = self.pipeline.graph
            chosen = tuple(dict.fromkeys(name for name in names if name in graph))
            if chosen != self._selected:
                self._selected = chosen
                self.refresh()

    def use_flow(self, name: str) -> None:
        """Put what is added from now on into this flow.

        Raises
        ------
        UnknownName
            When the pipeline has none of that name.
        """
        with self.lock:
            self.pipeline.flow(name)
            if name != self._flow:
                self._flow = name
                self.refresh()

    @property
    def whys(self) -> Mapping[str, str]:
        """Name -> why it is in that state, in one sentence: what failed, or what it waits for."""
        return self._marks[2]

    @property
    def places(self) -> Mapping[str, Point]:
        """Name -> upper left corner of its card in pixels, as it is shown."""
        with self.lock:
            if self._placed is None:
                self._placed = MappingProxyType(self._places.of(self.pipeline))
            return self._placed

    def mark(
        self,
        states: Mapping[str, str],
        times: Mapping[str, str] | None = None,
        whys: Mapping[str, str] | None = None,
    ) -> None:
        """Show these states and durations on the cards; those of before are gone.

        Parameters
        ----------
        states
            Name -> ``waiting``, ``starting``, ``ready``, ``running``, ``done``, ``skipped``, ``failed`` or ``stopped``.
        times
            Name -> duration as text.
        whys
            Name -> why, in one sentence.
        """
        with self.lock:
            marks = _marks(states, times or {}, whys or {})
            if marks != self._marks:
                self._marks = marks
                self.refresh()

    def work(self, text: str) -> None:
        """Show that this goes on (``starting chatqna``); nothing does, when empty."""
        with self.lock:
            if text != self.busy:
                self.busy = text
                self.refresh()

    def offer(self, name: str, do: Callable[..., object]) -> None:
        """Let the page's menu and keys do what a panel can (``deploy``, ``stop``, ``panel``)."""
        self._offers[name] = do

    def call(self, name: str, *arguments: object) -> None:
        """Do what a panel offered under this name.

        Raises
        ------
        PipelineError
            When none did.
        """
        if name not in self._offers:
            raise PipelineError(f"{name} is not possible here")
        self._offers[name](*arguments)

    def on_refresh(self, refresh: Callable[[], None], *, first: bool = False) -> None:
        """Call `refresh` whenever pipeline, selection or states changed, with `lock` held, once after each act.

        Parameters
        ----------
        first
            Before those that are called already, instead of after them.
        """
        self._refreshers.insert(0 if first else len(self._refreshers), refresh)

    def on_say(self, say: Callable[[str, bool], None]) -> None:
        """Also tell messages to ``say(text, is_an_error)``."""
        self._sayers.append(say)

    def say(self, text: str, *, bad: bool = False) -> None:
        """Tell the user something."""
        self.said = (text, bad)
        for say in self._sayers:
            say(text, bad)

    def _edited(self, pipeline: Pipeline) -> None:
        edit = pipeline.last_edit
        self.revision += 1
        self._placed = None
        if edit is None or not _only_looks(edit):
            self._problems = None
        if edit is not None:
            self._edits.append(edit)
            self._follow(edit)
        self.refresh()

    def _follow(self, edit: Edit) -> None:
        """Keep what belongs to a name with that name, and nothing of what is gone."""
        for old, new in edits.renames(edit):
            self._selected = tuple(new if name == old else name for name in self._selected)
            self._marks = _marks(*({new if n == old else n: text for n, text in told.items()} for told in self._marks))
            self._places.follow([(old, new)])
        graph = self.pipeline.graph
        self._selected = tuple(name for name in self._selected if name in graph)
        if self._flow not in self.pipeline.flows:
            self._flow = MAIN

    def refresh(self) -> bool:
        """Show the pipeline as it is; whether all of it could be shown.

        A part that fails says so in the builder and leaves the others alone: the edit itself has been done, by Python
        code as likely as by the mouse.
        """
        with self.lock:
            if self._depth:  # within an act: once, at its end
                return True
            self.renamed = tuple(pair for edit in self._edits for pair in edits.renames(edit))
            self._edits.clear()
            shown = True
            for refresh in tuple(self._refreshers):
                try:
                    refresh()
                except Exception as error:  # noqa: BLE001 - it is shown to the user and logged
                    shown = False
                    _log.exception("a part of the builder could not be shown")
                    self.say(f"a part of the builder could not be shown: {type(error).__name__}: {error}", bad=True)
            return shown

    def act(self, action: Callable[[], object], done: str = "", *, code: str = "") -> bool:
        """Do something for the user. What goes wrong is said in the builder: an error in a callback has no cell.

        Parameters
        ----------
        action
            What to do. Parts are refreshed once, at its end. An `Act` that it gives stands for `done` and `code`.
        done
            What to say when it is done.
        code
            Python that does the same; that of the edits, when empty.

        Returns
        -------
        Whether it was done.
        """
        with self.lock:
            before = None if code or self._depth else hidden(self.pipeline)
            before = self.pipeline.copy() if before is self.pipeline else before
            self._depth += 1
            act = Act(done, code)

            def doing() -> None:
                nonlocal act
                given = action()
                act = given if isinstance(given, Act) else act

            try:
                well = self.attempt(doing)
            finally:
                self._depth -= 1
            if self._edits and not self._depth:
                text = act.code or _code(self._edits, before)
                self._acts.append(Act(act.text or self._edits[-1].label, text))
            if self.refresh() and well:
                self.say(act.text)
            return well

    def attempt(self, action: Callable[[], object]) -> bool:
        """Do something that changes no part; what goes wrong is said. Whether it went well."""
        with self.lock:
            try:
                action()
            except OpeaError as error:
                self.say(f"{error.message}{f' → {error.hint}' if error.hint else ''}", bad=True)
                return False
            except Exception as error:  # noqa: BLE001 - ipywidgets would drop it; it is shown to the user instead
                _log.exception("an act of the builder failed")
                self.say(f"{type(error).__name__}: {error}", bad=True)
                return False
            return True

    def undo(self) -> bool:
        """Take the last edit back; whether there was one."""
        return self._step(self.pipeline.undo, self.pipeline.undo_label, "undo")

    def redo(self) -> bool:
        """Do the edit again that was taken back last; whether there was one."""
        return self._step(self.pipeline.redo, self.pipeline.redo_label, "redo")

    def _step(self, do: Callable[[], str | None], label: str | None, name: str) -> bool:
        if label is None:
            self.say(f"nothing to {name}")
            return False

        def step() -> None:
            before = frozenset(self.pipeline.graph)
            do()
            if len(self.pipeline.graph) > len(before):  # what comes back is what is looked for, and in the hand again
                self.select(*(node for node in self.pipeline.graph if node not in before))

        return self.act(step, f"{name}: {label}", code=f"pipeline.{name}()")

    def close(self) -> None:
        """Follow the pipeline no more; doing it again changes nothing."""
        self._unobserve()
        self._refreshers.clear()
        self._sayers.clear()


def _marks(states: Texts, times: Texts, whys: Texts) -> tuple[Texts, Texts, Texts]:
    return MappingProxyType(dict(states)), MappingProxyType(dict(times)), MappingProxyType(dict(whys))


def _code(steps: Sequence[Edit], before: Pipeline | None) -> str:
    """The Python of an act's edits; exact but for plain secrets, since it is known what was there `before`."""
    lines = []
    for step in map(without_secrets, steps):
        lines.append(code_of(step, before=before))
        if before is not None:
            before.apply(step)
    return "\n".join(filter(None, lines))


def _only_looks(edit: Edit) -> bool:
    """Whether an edit changes nothing but where things are shown, and what stands beside them."""
    if isinstance(edit, edits.Batch):
        return all(map(_only_looks, edit.edits))
    return isinstance(edit, _LOOKS)
