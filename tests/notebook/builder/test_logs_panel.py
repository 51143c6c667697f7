"""Logs of the deployed services."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from opea_nb.notebook.builder.logs_panel import LINES
from opea_nb.notebook.log_view import LogView
from tests.notebook.builder.test_run_panel import Panel, made, own_home, small, until

__all__ = ["made", "own_home"]  # fixtures

pytestmark = pytest.mark.slow


def tell(view: LogView, act: str) -> None:
    """What the page sends."""
    view._handle_custom_msg({"act": act, "view": "a"}, [])


@pytest.fixture
def running(made: Callable[..., Panel]) -> Panel:
    from stubs import stub_backend

    pipeline = small()
    pipeline.add("embedding")
    return made(pipeline, stub_backend(), deploy=True)


def test_the_log_of_the_selected_service_is_shown(running: Panel) -> None:
    logs = running.panel.logs_panel
    assert {part.layout.display for part in (logs.service, logs.again, logs.view)} == {None}
    for name in ("llm", "embedding"):
        running.session.select(name)
        assert logs.service.value == name
        until(lambda: logs.view.lines and logs.view.title.endswith(name))  # noqa: B023 - awaited here
    assert "mode ready" in logs.view.lines
    logs.service.value = "gateway"  # the reader's own choice stays, whatever else is refreshed
    running.session.refresh()
    assert logs.service.value == "gateway"


def test_nothing_but_what_to_do_is_shown_before_there_are_logs(made: Callable[..., Panel]) -> None:
    logs = made(small()).panel.logs_panel
    assert {part.layout.display for part in (logs.service, logs.again, logs.view)} == {"none"}
    assert "deploy to see logs" in logs._said.value


def test_it_is_followed_while_a_page_shows_it_and_no_longer(running: Panel) -> None:
    logs = running.panel.logs_panel
    running.session.select("llm")
    until(lambda: not logs._job.busy)
    tell(logs.view, "seen")
    until(lambda: logs._job.busy)
    log = next(f for f in folder_logs() if f.name.startswith("llm"))
    with log.open("a", encoding="utf-8") as file:
        file.write("something new\n")
    until(lambda: logs.view.lines[-1:] == ["something new"])
    tell(logs.view, "hidden")
    until(lambda: not logs._job.busy)


def test_what_is_shown_is_bounded(running: Panel) -> None:
    logs = running.panel.logs_panel
    log = next(f for f in folder_logs() if f.name.startswith("llm"))
    with log.open("a", encoding="utf-8") as file:
        file.writelines(f"line {n} {'x' * 5000 if n == 1999 else ''}\n" for n in range(2000))
    logs.open("llm")
    until(lambda: len(logs.view.lines) == LINES)
    assert len(logs.view.lines[-1]) < 2100


def folder_logs() -> list:
    from opea_nb.backends.local.state import Folder

    return [Folder("small").log(name) for name in ("llm", "embedding")]
