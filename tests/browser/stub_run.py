"""A run without services, for the views: the real events, told by a script at a chosen pace.

Notebooks of the browser tests import it from beside them.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable
from typing import Any

from opea_nb.backends.answer import Answer, Run
from opea_nb.backends.runstate import RunState, apply
from opea_nb.errors import StepFailed
from opea_nb.gateway import events as ev
from opea_nb.pipeline import Pipeline

TEXT = "Revenue of the third quarter was 41 million euros, nine percent more than a year before."
STEPS = ("embedding", "retriever", "reranking", "llm")


def chatqna() -> Pipeline:
    """embedding → retriever → reranking → llm."""
    pipeline = Pipeline("chatqna")
    nodes = [pipeline.add(kind) for kind in STEPS]
    for source, target in itertools.pairwise(nodes):
        pipeline.connect(source, target)
    return pipeline


class Teller:
    """Numbers events and folds them, as the gateway and the client do."""

    def __init__(self, on_state: Callable[[RunState], None]) -> None:
        self.state = RunState()
        self.events: list[ev.Event] = []
        self._on_state = on_state

    def tell(self, event: type[ev.Event], **fields: Any) -> None:
        made = event(seq=len(self.events) + 1, at=time.time(), **fields)
        self.events.append(made)
        self.state = apply(self.state, made)
        self._on_state(self.state)


def asking(
    *,
    pace: float = 0.0,
    text: str = TEXT,
    steps: tuple[str, ...] = STEPS,
    fails: str = "",
    skips: tuple[str, ...] = (),
    error: str = "reranking answered 500",
    body: str = "boom",
) -> Callable[[Callable[[RunState], None]], Any]:
    """What `show_run` takes: a query whose steps last `pace` seconds each; the last one streams `text`."""

    async def ask(on_state: Callable[[RunState], None]) -> Answer:
        teller = Teller(on_state)
        tell = teller.tell
        tell(ev.RunStarted, run="ab" * 16, pipeline="chatqna", flow="main", endpoint="/v1/chatqna", steps=steps)
        for name in steps:
            if name in skips:
                tell(ev.StepSkipped, step=name, reason="no documents found")
                continue
            url = f"http://127.0.0.1:1/v1/{name}"
            tell(ev.StepStarted, step=name, url=url, request={"input": text[:40], "step": name})
            began = time.monotonic()
            await asyncio.sleep(pace)
            if name == fails:
                tell(ev.StepFailed, step=name, elapsed=pace, url=url, status=500, error=error, body=body)
                tell(ev.RunFailed, elapsed=pace, error=error, step=name)
                raise StepFailed(error, step=name, url=url, status=500, body=body, hint="look at its log")
            if name == steps[-1]:
                tell(ev.FirstToken, step=name, elapsed=pace)
                for word in text.split(" "):
                    tell(ev.Text, step=name, text=word + " ")
                    await asyncio.sleep(pace / 10)
            response = {"documents": [text], "vector": [0.5] * 256}
            tell(ev.StepFinished, step=name, elapsed=time.monotonic() - began, status=200, response=response)
        tell(ev.RunFinished, elapsed=time.time() - teller.state.started, answer=text)
        return Answer(text, Run.of(teller.events))

    return ask
