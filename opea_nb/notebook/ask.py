"""Ask in a notebook cell: the run is shown live while the cell waits, and stays as a static picture."""

from __future__ import annotations

import threading
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from opea_nb.backends import loop
from opea_nb.backends.runstate import RunState
from opea_nb.errors import OpeaError
from opea_nb.notebook.coalesce import Latest, pump
from opea_nb.notebook.place import CellOutput, Output
from opea_nb.notebook.run_shown import RunShown
from opea_nb.notebook.run_static import bundle
from opea_nb.notebook.run_view import RunView

if TYPE_CHECKING:
    from opea_nb.backends.answer import Answer
    from opea_nb.backends.calls import OnState

__all__ = ["Asking", "show_run"]

_CLEAN_UP = 10.0  # seconds for a cancelled run to close its connections

Asking = Callable[["OnState"], Coroutine[Any, Any, "Answer"]]
"""Starts a query that tells each of its states to the given callback."""


def show_run(ask: Asking, shown: RunShown, output: Output | None = None) -> Answer:
    """Ask, show the run until it ends, and return the answer.

    The calling thread itself carries states to the page, so it makes no difference whether the front end's messages
    are handled meanwhile, nor on which thread. An interrupt cancels the run, and the view says so.

    Parameters
    ----------
    ask
        Starts the query on the background loop.
    shown
        The question and the pipeline that is drawn.
    output
        Where to show it; the running cell when ``None``.

    Raises
    ------
    OpeaError
        As the query does; the view shows it too.
    """
    output = output or CellOutput()
    box: Latest[RunState] = Latest()
    last = RunState()
    view = RunView()
    view.show(shown.shown(last), "")
    output.live(view)
    cleaned_up = threading.Event()

    async def asked() -> Answer:
        try:
            return await ask(box.put)
        finally:
            cleaned_up.set()

    work = loop.submit(asked())
    ended: dict[str, str] = {}
    answer = ""
    try:
        for last in pump(work, box):
            answer = last.text
            view.show(shown.shown(last), answer)
        result = loop.wait(work)
        answer = result.text
        last = result.run.state
        return result
    except KeyboardInterrupt:
        ended = {"stopped": "stopped by you"}
        work.cancel()
        cleaned_up.wait(_CLEAN_UP)  # a cancelled future is done at once, the request that it stood for is not
        raise
    except OpeaError as error:
        ended = {"error": error.message, "hint": error.hint}
        raise
    except BaseException as error:
        ended = {"error": f"{type(error).__name__}: {error}"}
        raise
    finally:
        final = shown.shown(last, **ended)
        view.show(final, answer)  # a view elsewhere (a second one, Voila) keeps the end as well
        output.settle(bundle(final, answer))
        view.close()
