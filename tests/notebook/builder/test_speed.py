"""Acts on a large pipeline, and a text that follows a drop: measured, with room for a slow machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from opea_nb.notebook.builder import Builder
from opea_nb.pipeline import MAIN, Pipeline, edits, wiring
from tests.notebook.builder.page import Page
from tests.notebook.builder.panels import of_class


def chain(length: int) -> Pipeline:
    """Services, each connected to the next two."""
    pipeline = Pipeline("large")
    names = [pipeline.add("llm").name for _ in range(length)]
    wires = [(names[i], names[i + step]) for step in (1, 2) for i in range(length - step)]
    pipeline.apply(edits.Batch(tuple(wiring.Connect(a, b, MAIN) for a, b in wires)))
    return pipeline


@pytest.fixture(scope="module")
def large() -> Iterator[Page]:
    builder = Builder(chain(500))
    yield Page(bridge=builder._bridge)
    builder.close()


def best(do: Callable[[], object], times: int = 3) -> float:
    """Seconds that it takes when nothing else is in the way."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        do()
        taken.append(time.perf_counter() - start)
    return min(taken)


def test_a_builder_of_500_services_and_1000_edges_is_made_in_half_a_second() -> None:
    pipeline = chain(500)
    assert best(lambda: Builder(pipeline).close(), 2) < 0.5


def test_an_act_on_it_is_done_in_a_tenth_of_a_second(large: Page) -> None:
    names = list(large.pipeline.services)
    turn = iter(range(100))
    acts: list[Callable[[], object]] = [
        lambda: large.ask("move", places={names[3]: [3.0 * next(turn), 7.0]}),
        lambda: large.ask("add", kind="embedding", x=10, y=20),
        lambda: large.ask("rename", name=list(large.pipeline.services)[5], to=f"other_{next(turn)}"),
        lambda: large.ask("connect", source=names[100 + next(turn)], target=names[300]),
        lambda: large.ask("select", names=[names[200 + next(turn)]]),
        lambda: large.ask("undo"),
    ]
    assert [best(act) < 0.1 for act in acts] == [True] * len(acts)


def test_the_text_of_30_services_follows_a_drop_in_a_tenth_of_a_second() -> None:
    builder = Builder(chain(30))
    builder._session.call("panel", "yaml")
    page, text = Page(bridge=builder._bridge), of_class(builder.widget, "opea-yaml")[0]

    def drop() -> None:
        page.ask("add", kind="embedding", x=10, y=20)
        assert text.value == builder.pipeline.to_yaml()

    assert best(drop) < 0.1
    builder.close()
