"""The drawing that stays in a saved notebook."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from opea_nb.notebook.builder.static import Still


class Output:
    """Where drawings go."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, bool]] = []

    def __call__(self, bundle: Mapping[str, str], _display_id: str, update: bool) -> None:
        self.shown.append((bundle["text/plain"], update))


def test_a_change_is_published_as_an_update_and_what_is_the_same_is_not() -> None:
    texts, output = iter(["one", "two", "two"]), Output()
    still = Still(lambda: {"text/plain": next(texts)}, output)
    still.show()
    for _ in range(2):
        still.changed()
        still.flush()
    assert output.shown == [("one", False), ("two", True)]


def test_an_edit_never_waits_for_a_drawing_that_waits_for_the_edit() -> None:
    edited, drawing = threading.Lock(), threading.Event()

    def draw() -> Mapping[str, str]:
        drawing.set()
        with edited:
            return {"text/plain": "drawn"}

    still, output = Still(draw, Output()), []
    still.show()
    still.changed()
    drawing.clear()
    with edited:  # as an edit holds the pipeline's lock while it tells its observers
        flushing = threading.Thread(target=still.flush)
        flushing.start()
        assert drawing.wait(10)
        telling = threading.Thread(target=lambda: output.append(still.changed()))
        telling.start()
        telling.join(10)
        assert output == [None]
    flushing.join(10)
    still.close()


def test_nothing_is_published_once_it_is_closed() -> None:
    output = Output()
    still = Still(lambda: {"text/plain": "same"}, output)
    still.show()
    still.close()
    still.changed()
    still.flush()
    assert output.shown == [("same", False)]
