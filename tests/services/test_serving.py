from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from opea_nb.errors import DeployError, ModelError
from opea_nb.services.guardrails import create_app
from opea_nb.services.serving import Background, Readiness, Settings, bind

TOKEN = "opensesame"


@contextmanager
def process(log: Path, **environment: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A guardrails service as the local backend starts one, and its URL."""
    with socket.create_server(("127.0.0.1", 0)) as sock, log.open("wb") as stderr:
        port = sock.getsockname()[1]
        child = subprocess.Popen(
            [sys.executable, "-m", "opea_nb.services.guardrails"],
            env=os.environ | {"OPEA_NB_FD": str(sock.fileno()), "OPEA_NB_LIFELINE": "1"} | environment,
            pass_fds=[sock.fileno()],
            stdin=subprocess.PIPE,
            stderr=stderr,
        )
    with child:
        try:
            yield child, f"http://127.0.0.1:{port}"
        finally:
            child.kill()


def wait_ready(url: str) -> httpx.Response:
    # the socket listens in this process already, so the first request waits until the child accepts it
    deadline = time.monotonic() + 30
    while (response := httpx.get(f"{url}/v1/health_check", timeout=30, trust_env=False)).status_code != 200:
        assert time.monotonic() < deadline
    return response


def test_a_process_serves_on_the_socket_it_inherits_and_ends_cleanly_at_sigterm(tmp_path: Path) -> None:
    with process(tmp_path / "log") as (child, url):
        assert wait_ready(url).json()["status"] == "ready"
        child.send_signal(signal.SIGTERM)
        assert child.wait(timeout=20) == 0
        log = (tmp_path / "log").read_text()
        assert "guardrails listens on http://127.0.0.1:" in log
        assert "guardrails ended" in log
        assert "Traceback" not in log


def test_a_process_ends_when_its_parents_end_of_the_lifeline_closes(tmp_path: Path) -> None:
    with process(tmp_path / "log") as (child, url):
        wait_ready(url)
        assert child.stdin
        child.stdin.close()
        assert child.wait(timeout=20) == 0


def test_only_the_health_check_is_free_of_the_token_which_no_log_shows(tmp_path: Path) -> None:
    with process(tmp_path / "log", OPEA_NB_TOKEN=TOKEN) as (_, url):
        wait_ready(url)

        def status(authorization: str) -> int:
            headers = {"authorization": authorization} if authorization else {}
            post = httpx.post(f"{url}/v1/guardrails", json={"text": "hi"}, headers=headers, trust_env=False)
            return post.status_code

        assert [status(a) for a in ("", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}")] == [401, 401, 401, 200]
        assert httpx.post(f"{url}/v1/health_check", trust_env=False).status_code == 401
    assert TOKEN not in (tmp_path / "log").read_text()


def test_a_taken_port_is_told_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
        with pytest.raises(DeployError, match=f"cannot listen on 127.0.0.1:{port}.*\n.*OPEA_NB_PORT"):
            bind(Settings(port=port))


@pytest.mark.parametrize("text", ["ten", "-1", "70000"])
def test_a_port_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(DeployError, match="OPEA_NB_PORT"):
        Settings.from_environment({"OPEA_NB_PORT": text})


async def test_health_tells_progress_then_ready_and_requests_before_that_get_503(start: Any) -> None:
    app = create_app()
    go_on = threading.Event()
    readiness = app.readiness

    def make(told: Readiness) -> tuple[()]:
        told.starting("loading model", 40.7)
        go_on.wait(10)
        return ()

    app.background = Background(make, readiness)
    client = await start(app, wait=False)
    health = await client.get("/v1/health_check")
    while health.json()["detail"] != "loading model 40 %":
        health = await client.get("/v1/health_check")
    assert health.status_code == 503
    assert health.json()["status"] == "starting"
    assert (await client.post("/v1/guardrails", json={"text": "hi"})).status_code == 503
    go_on.set()
    while (health := await client.get("/v1/health_check")).status_code == 503:
        pass
    assert health.json() == {
        "status": "ready",
        "Service Title": "opea_nb guardrails",
        "Service Description": "Stops texts that break a policy (rules, no model)",
    }


async def test_what_cannot_be_loaded_is_broken_and_says_why(start: Any) -> None:
    app = create_app()

    def make(told: Readiness) -> tuple[()]:
        raise ModelError("no such model", hint="run opea-nb models")

    app.background = Background(make, app.readiness)
    client = await start(app, wait=False)
    while (body := (await client.get("/v1/health_check")).json())["status"] == "starting":
        pass
    assert body["status"] == "broken"
    assert body["detail"] == "no such model\n  → run opea-nb models"


async def test_bad_requests_are_told_apart(start: Any) -> None:
    client = await start(create_app())
    answers = [
        await client.post("/v1/nothing", json={}),
        await client.get("/v1/guardrails"),
        await client.post("/v1/guardrails", content=b"{"),
        await client.post("/v1/guardrails", json=[1]),
        await client.post("/v1/guardrails", content=b" " * (8 * 1024 * 1024 + 1)),
    ]
    assert [a.status_code for a in answers] == [404, 405, 422, 422, 413]
    assert [a.json()["detail"] for a in answers[:4]] == [
        "opea_nb guardrails has no /v1/nothing; it has /v1/guardrails, /v1/health_check",
        "use POST for /v1/guardrails",
        answers[2].json()["detail"],
        "the body must be a JSON object, not a list",
    ]
    assert answers[2].json()["detail"].startswith("the body is no JSON")


async def test_a_fault_of_the_service_is_a_500_with_its_cause(start: Any) -> None:
    async def fails(request: object) -> None:
        raise KeyError("lost")

    app = create_app()
    app.routes = {"/v1/guardrails": fails}  # type: ignore[dict-item]  # it never returns
    answer = await (await start(app)).post("/v1/guardrails", json={})
    assert answer.status_code == 500
    assert answer.json() == {"detail": "opea_nb guardrails failed: KeyError: 'lost'"}
