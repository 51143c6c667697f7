"""What the Builder's acts cost the kernel on 500 services and 1,000 edges, and on 30.

    python benchmarks/acts.py [--rounds 5]

No browser: a page that keeps its scene by patches asks for each act. The ratio to the act "select", which changes
nothing in the pipeline, tells what an edit itself costs.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the tests' page without a browser is used here

from opea_nb.notebook.builder import Builder
from opea_nb.pipeline import MAIN, Pipeline, edits, wiring
from opea_nb.pipeline.fitting import fits
from tests.notebook.builder.page import Page
from tests.notebook.builder.panels import of_class


def chain(length: int) -> Pipeline:
    """Services, each connected to the next two."""
    pipeline = Pipeline("large")
    names = [pipeline.add("llm").name for _ in range(length)]
    wires = [(names[i], names[i + step]) for step in (1, 2) for i in range(length - step)]
    pipeline.apply(edits.Batch(tuple(wiring.Connect(a, b, MAIN) for a, b in wires)))
    return pipeline


def took(do: Callable[[], object], rounds: int) -> float:
    """Median milliseconds."""
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        do()
        taken.append(1000 * (time.perf_counter() - start))
    return statistics.median(taken)


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    pipeline = chain(500)
    builder = Builder(pipeline)
    page, names, turn = Page(bridge=builder._bridge), list(pipeline.services), iter(range(10_000))
    selecting = took(lambda: page.ask("select", names=[names[200 + next(turn) % 200]]), rounds)
    acts: dict[str, Callable[[], object]] = {
        "move": lambda: page.ask("move", places={names[3]: [3.0 * next(turn), 7.0]}),
        "add": lambda: page.ask("add", kind="embedding", x=10, y=20),
        "rename": lambda: page.ask("rename", name=list(pipeline.services)[5], to=f"other_{next(turn)}"),
        "connect": lambda: page.ask("connect", source=names[next(turn) % 90 + 100], target=names[300]),
        "undo": lambda: page.ask("undo"),
        "problems()": pipeline.problems,
        "what fits a service": lambda: fits(pipeline, names[250]),
        "make a Builder": lambda: Builder(pipeline).close(),
    }
    print(f"{'500 services, 1,000 edges':28}{'median':>10}{'/ select':>10}")
    print(f"{'select':28}{selecting:7.1f} ms{1:10.1f}")
    for name, act in acts.items():
        taken = took(act, rounds)
        print(f"{name:28}{taken:7.1f} ms{taken / selecting:10.1f}")
    builder.close()
    small = Builder(chain(30))
    small._session.call("panel", "yaml")
    page, text = Page(bridge=small._bridge), of_class(small.widget, "opea-yaml")[0]

    def drop() -> None:
        page.ask("add", kind="embedding", x=10, y=20)
        if text.value != small.pipeline.to_yaml():
            sys.exit("the text did not follow the drop")

    print(f"{'30: a drop and its YAML':28}{took(drop, rounds):7.1f} ms")
    small.close()


if __name__ == "__main__":
    main()
