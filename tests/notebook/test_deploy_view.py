"""A deployment coming up in a cell."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from opea_nb.backends.protocol import Progress, ServiceStatus
from opea_nb.errors import NotReady
from opea_nb.notebook import deploy_shown
from opea_nb.notebook.deploy_view import DeployView, show_deploy

ATTACK = "<img src=x onerror=alert(1)>"


class Recorded:
    """An output that remembers what it showed."""

    def __init__(self) -> None:
        self.states: list[dict[str, Any]] = []
        self.final: dict[str, str] = {}

    def live(self, widget: DeployView) -> None:
        widget.observe(lambda change: self.states.append(change["new"]), names=["state"])

    def settle(self, bundle: dict[str, str]) -> None:
        self.final = bundle


def at(state: str, detail: str = "") -> tuple[ServiceStatus, ...]:
    return (ServiceStatus("llm", "llm", state, detail), ServiceStatus("gateway", "gateway", "waiting"))  # type: ignore[arg-type]


def test_it_shows_what_is_waited_for_and_ends_ready() -> None:
    async def start(tell: Any) -> Any:
        tell(Progress("services", services=at("starting", "loading model 40 %")))
        await asyncio.sleep(0.2)
        tell(Progress("ready", services=at("ready")))
        return "deployment"

    output = Recorded()
    assert show_deploy(start, "chatqna", output) == "deployment"
    assert output.states[0]["services"][0]["percent"] == 40
    assert output.final["text/plain"].startswith("● ready")
    assert "● llm: ready" in output.final["text/plain"]


def test_a_failure_shows_why_and_the_end_of_the_log_as_text() -> None:
    async def start(tell: Any) -> Any:
        tell(Progress("services", services=at("failed", ATTACK)))
        raise NotReady(f"llm was not ready: {ATTACK}", service="llm", log_tail=(ATTACK,), hint=ATTACK)

    output = Recorded()
    with pytest.raises(NotReady):
        show_deploy(start, ATTACK, output)
    assert output.states[-1]["error"]["log"] == [ATTACK]
    assert "<img" not in output.final["text/html"]
    assert output.final["text/html"].count("&lt;img") == 5


def test_a_model_on_its_way_is_a_line_of_its_own() -> None:
    shown = deploy_shown.starting("chatqna", Progress("model", "bringing the model", 50, 200))
    assert shown["services"][0]["percent"] == 25
    assert shown["headline"] == "◌ bringing the model 25 %"
