"""Who ends with whom. Real processes, really killed."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import psutil
import pytest
from stubs import gone, pids, stub_backend, until

from opea_nb.backends import attach, deploy, deployments
from opea_nb.backends.local import launch
from opea_nb.backends.local.state import Folder
from opea_nb.errors import DeployError, NotReady, ServiceCrashed, StepFailed
from opea_nb.pipeline import Pipeline

pytestmark = pytest.mark.slow

MAKER = """
import sys
from stubs import stub_backend
from opea_nb.backends import deploy
from opea_nb.pipeline import Pipeline

pipeline = Pipeline("small")
pipeline.add("llm")
app = deploy(pipeline, backend=stub_backend(), keep={keep})
print("up", flush=True)
sys.stdin.read()
"""


def maker(*, keep: bool) -> subprocess.Popen[str]:
    """Another process that deploys, says so, and waits for the end of its stdin."""
    code = textwrap.dedent(MAKER.format(keep=keep))
    path = os.pathsep.join([str(Path(__file__).parents[1] / "modules"), str(Path(__file__).parents[1])])
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    return process


def finish(process: subprocess.Popen[str]) -> None:
    process.communicate()


def test_a_maker_killed_with_sigkill_leaves_nothing_running() -> None:
    process = maker(keep=False)
    running = pids()
    assert len(running) == 3  # supervisor, llm, gateway
    process.send_signal(signal.SIGKILL)
    finish(process)
    until(lambda: gone(running))
    until(lambda: not Folder("small").path.exists())


def test_a_maker_that_just_ends_leaves_nothing_running() -> None:
    process = maker(keep=False)
    running = pids()
    finish(process)
    until(lambda: gone(running))


def test_a_killed_supervisor_takes_its_services_along(small: Pipeline) -> None:
    app = deploy(small, backend=stub_backend())
    running = pids()
    os.kill(Folder("small").supervisor(), signal.SIGKILL)
    until(lambda: gone(running))
    assert {s.state for s in app.status()} == {"stopped"}
    assert app.status()[0].detail == "the deployment was killed"
    assert deployments() == ()
    app.down()


def test_down_ends_services_that_a_killed_supervisor_left(small: Pipeline) -> None:
    app = deploy(small, backend=stub_backend())
    running = pids()
    stopped = next(c.pid for c in Folder("small").children() if c.status.name == "llm")
    os.kill(stopped, signal.SIGSTOP)  # it cannot see its lifeline end
    os.kill(Folder("small").supervisor(), signal.SIGKILL)
    app.down()
    assert gone(running)


def test_what_is_kept_stays_and_is_found_by_another_process() -> None:
    process = maker(keep=True)
    process.send_signal(signal.SIGKILL)
    finish(process)
    running = pids()
    (found,) = deployments()
    assert (found.name, found.keep, found.state) == ("small", True, "ready")
    app = attach("small")
    assert all(s.state == "ready" for s in app.status())
    app.close()
    assert not gone(running)
    attach("small").down()
    assert gone(running)
    assert not Folder("small").path.exists()


def test_an_interrupt_of_the_maker_does_not_reach_the_services(small: Pipeline) -> None:
    with deploy(small, backend=stub_backend()):
        groups = {os.getpgid(p) for p in pids()}
        assert os.getpgid(0) not in groups
        assert os.getsid(0) not in {os.getsid(p) for p in pids()}


def test_a_crash_while_starting_is_reported_with_the_log(small: Pipeline) -> None:
    with pytest.raises(ServiceCrashed) as caught:
        deploy(small, backend=stub_backend(llm="crash"))
    assert caught.value.service == "llm"
    assert "exit code 1" in str(caught.value)
    assert "the disk is on fire" in "\n".join(caught.value.log_tail)
    assert pids() == set()
    assert not Folder("small").path.exists()


def test_too_slow_a_start_tells_what_was_last_seen(small: Pipeline) -> None:
    with pytest.raises(NotReady, match=r"in 1\.5 s; last seen: llm starting \(loading model 40 %\)") as caught:
        deploy(small, backend=stub_backend(llm="never_ready"), timeout=1.5)
    assert "mode never_ready" in "\n".join(caught.value.log_tail)
    assert pids() == set()


def test_a_service_that_says_it_is_broken_is_not_waited_for(small: Pipeline) -> None:
    with pytest.raises(NotReady, match="llm: no such model file"):
        deploy(small, backend=stub_backend(llm="broken"))


def test_an_interrupt_on_the_way_up_leaves_nothing_running(small: Pipeline) -> None:
    seen: set[int] = set()

    def interrupt(_: object) -> None:
        if not seen and pids():
            seen.update(pids())
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        deploy(small, backend=stub_backend(llm="never_ready"), progress=interrupt)
    assert seen
    assert gone(seen)
    assert deployments() == ()


def test_a_crashed_service_comes_back_on_its_port_and_is_reported(small: Pipeline) -> None:
    with deploy(small, backend=stub_backend()) as app:
        before = app.status()[0]
        os.kill(next(c.pid for c in Folder("small").children()), signal.SIGKILL)
        until(lambda: app.status()[0].restarts == 1 and app.status()[0].state == "ready")
        assert app.status()[0].address == before.address
        assert "killed by SIGKILL" in app.logs("llm")


def test_a_service_that_keeps_crashing_is_given_up(small: Pipeline) -> None:
    with deploy(small, backend=stub_backend()) as app:
        killed: set[int] = set()

        def crash_again() -> bool:
            status = app.status()[0]
            pid = next(c.pid for c in Folder("small").children())
            if pid and pid not in killed and status.state == "ready":
                killed.add(pid)
                os.kill(pid, signal.SIGKILL)
            return status.state == "failed"

        until(crash_again)
        status = app.status()[0]
        assert status.detail == "crashed 3 times in a row, the last time: killed by SIGKILL"
        assert (status.restarts, app.status()[1].state) == (2, "ready")


def test_what_a_service_started_ends_with_it(small: Pipeline) -> None:
    with deploy(small, backend=stub_backend(llm="fork")) as app:
        grandchild = int(next(x for x in app.logs("llm").splitlines() if x.startswith("started ")).split()[1])
        assert psutil.pid_exists(grandchild)
    until(lambda: gone({grandchild}))


def test_the_token_is_only_where_it_must_be(small: Pipeline) -> None:
    with deploy(small, backend=stub_backend()) as app:
        folder = Folder("small")
        record = folder.record()
        assert record is not None
        token = record.token
        assert (folder.path / "deployment.json").stat().st_mode & 0o777 == 0o600
        assert folder.path.stat().st_mode & 0o777 == 0o700
        files = [p for p in folder.path.rglob("*") if p.is_file() and p.name != "deployment.json"]
        assert files
        assert not any(token.encode() in p.read_bytes() for p in files)
        assert not any(token in " ".join(psutil.Process(p).cmdline()) for p in pids())
        assert token not in repr((app, app.aio, app.aio.gateway, record, app.status()))


def test_services_get_little_of_the_makers_environment(small: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOMEONES_SECRET", "hush")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with deploy(small, backend=stub_backend()):
        for pid in pids():
            environment = psutil.Process(pid).environ()
            assert not {"SOMEONES_SECRET", "HTTP_PROXY"} & set(environment)


def test_a_folder_that_cannot_be_written_is_named(
    small: Pipeline, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("OPEA_NB_HOME", str(tmp_path / "file"))
    with pytest.raises(DeployError, match=r"'small' cannot be kept in .*file"):
        deploy(small, backend=stub_backend())


@pytest.mark.parametrize("text", ["{", "[]", '{"name": "torn"}', '"\udcff"'])
def test_a_torn_deployment_hides_no_other_and_makes_room_for_a_new_one(small: Pipeline, text: str) -> None:
    folder = Folder("torn")
    folder.create()
    for name in ("deployment.json", "status.json"):
        (folder.path / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(DeployError, match="no deployment named 'torn' is running"):
        attach("torn")
    with deploy(small, backend=stub_backend(), name="torn"):
        assert [d.name for d in deployments()] == ["torn"]


def test_a_hosted_model_is_reached_through_the_users_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as proxy:

        def refuse() -> None:
            with contextlib.suppress(OSError):  # the test's end closes it
                while True:
                    connection, _ = proxy.accept()
                    with connection:
                        asked.append(connection.recv(4096))
                        connection.sendall(b"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n")

        threading.Thread(target=refuse, daemon=True).start()
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:pass-word-1@127.0.0.1:{proxy.getsockname()[1]}")
        pipeline = Pipeline("hosted")
        pipeline.add("llm", url="https://models.invalid/v1/chat/completions")
        with deploy(pipeline) as app:
            asked.clear()
            with pytest.raises(StepFailed) as failed:
                app.query("Who?", show=False)
            runs = [app.run(r["id"]) for r in app.runs()]
    assert asked[0].startswith(b"CONNECT models.invalid:443 ")
    assert failed.value.step == "llm"
    assert "pass-word-1" not in f"{failed.value} {runs} {[r.events for r in runs]}"


def test_a_named_secret_that_is_not_set_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOME_KEY", raising=False)
    pipeline = Pipeline("hosted")
    pipeline.add("llm", url="http://127.0.0.1:9/v1/chat/completions", api_key="SOME_KEY")
    with pytest.raises(DeployError, match="gateway needs the environment variable SOME_KEY"):
        deploy(pipeline, backend=stub_backend())
    assert not Folder("hosted").path.exists()
    assert not Folder("hosted").alive


def test_a_fork_of_the_maker_does_not_hold_the_deployment_up(small: Pipeline) -> None:
    app = deploy(small, backend=stub_backend())
    running = pids()
    child = os.fork()
    if child == 0:
        signal.pause()
        os._exit(0)
    try:
        launch._lifelines[Folder("small").supervisor()].close()  # as the maker's death would
        until(lambda: gone(running))
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        app.down()
