"""Commands on deployments: trace, ingest, models, and up in the foreground of a terminal."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.cli.processes import opea_nb

pytestmark = pytest.mark.slow

Environment = dict[str, str]
PIPELINE = """\
opea_micro_services:
  llm: {{endpoint: "http://127.0.0.1:{port}/v1/chat/completions"}}
  dataprep: {{endpoint: "http://127.0.0.1:{port}/v1/dataprep/ingest"}}
opea_mega_service:
  name: hosted
  mega_flow: [llm]
  dataprep: {{mega_flow: [dataprep]}}
"""
ANSWER = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "Boxes."}, "finish_reason": "stop"}]}

# what a shell does before it starts a program in the foreground
_MAIN_IN_TERMINAL = """
import fcntl, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from opea_nb.cli import main
main()
"""


class Hosted(BaseHTTPRequestHandler):
    """A hosted model and a hosted data preparation in one."""

    def do_GET(self) -> None:
        self.answer({})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if "dataprep" not in self.path:
            self.answer(ANSWER)
        elif b"refuse me" in body:
            self.answer({"detail": "no such language"}, 422)
        else:
            self.server.bodies.append(body)  # type: ignore[attr-defined]  # put there by the fixture
            self.answer({"status": 200, "message": "Data preparation succeeded"})

    def answer(self, data: object, status: int = 200) -> None:
        body = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Be quiet."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Hosted) as found:
        found.bodies = []  # type: ignore[attr-defined]  # what was ingested
        threading.Thread(target=found.serve_forever).start()
        yield found
        found.shutdown()


@pytest.fixture
def file(server: ThreadingHTTPServer, tmp_path: Path) -> Path:
    path = tmp_path / "hosted.yaml"
    path.write_text(PIPELINE.format(port=server.server_port))
    return path


@pytest.fixture
def deployed(environment: Environment, file: Path) -> Environment:
    up = json.loads(opea_nb(environment, "up", file, "--json").stdout)
    assert (up["name"], up["url"].startswith("http://127.0.0.1:")) == ("hosted", True)
    return environment


def test_runs_are_listed_and_their_steps_shown(deployed: Environment) -> None:
    assert opea_nb(deployed, "trace", "hosted").stdout == "No runs yet.\n"
    assert json.loads(opea_nb(deployed, "trace", "hosted", "--json").stdout) == []
    assert "→" in opea_nb(deployed, "trace", "hosted", "last", code=4).stderr

    run = json.loads(opea_nb(deployed, "ask", "hosted", "Who?", "--json").stdout)["run"]
    (listed,) = json.loads(opea_nb(deployed, "trace", "hosted", "--json").stdout)
    assert (listed["id"], listed["state"]) == (run, "finished")
    assert re.search(rf"{run[:12]} +main +finished .* ms", opea_nb(deployed, "trace", "hosted").stdout)

    shown = opea_nb(deployed, "trace", "hosted", run[:8]).stdout
    assert re.search(r"✓ +llm +done +\d+ ms", shown)
    assert "Boxes." in shown
    data = json.loads(opea_nb(deployed, "trace", "hosted", "last", "--json").stdout)
    (step,) = data["steps"]
    assert (data["answer"], step["name"], step["status"]) == ("Boxes.", "llm", 200)
    assert step["elapsed"] > 0
    assert '"content": "Who?"' in opea_nb(deployed, "trace", "hosted", "last", "--bodies").stdout
    assert "no run is remembered" in opea_nb(deployed, "trace", "hosted", "zzz", code=4).stderr


def test_documents_are_ingested_and_a_refusal_names_the_document(
    deployed: Environment, server: ThreadingHTTPServer, tmp_path: Path
) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "a.md").write_text("# Boxes\n")
    (folder / "b.txt").write_text("more boxes")
    (folder / "c.bin").write_text("no document")
    assert opea_nb(deployed, "ingest", "hosted", folder).stdout == "ingested a.md\ningested b.txt\n"
    bodies = b"".join(server.bodies)  # type: ignore[attr-defined]  # put there by the fixture
    assert b"more boxes" in bodies
    assert b"no document" not in bodies
    done = opea_nb(deployed, "ingest", "hosted", folder / "a.md", "--json")
    assert json.loads(done.stdout) == [{"name": "a.md", "size": 8}]

    (folder / "bad.md").write_text("refuse me")
    logged = json.loads(opea_nb(deployed, "logs", "hosted", "gateway", "--json").stdout)
    assert logged["service"] == "gateway"
    failed = opea_nb(deployed, "ingest", "hosted", folder / "bad.md", code=4)
    assert "bad.md was not ingested" in failed.stderr
    assert "no such language" in failed.stderr
    opea_nb(deployed, "ingest", "hosted", tmp_path / "nowhere", code=1)


def test_models_prints_where_the_model_is(environment: Environment, tmp_path: Path) -> None:
    model = tmp_path / "mine.gguf"
    model.write_bytes(b"GGUF")
    environment["MODEL_PATH"] = str(model)
    assert opea_nb(environment, "models").stdout.strip() == str(model)
    assert json.loads(opea_nb(environment, "models", "--json").stdout) == {"path": str(model), "size": 4}


def test_models_says_what_to_do_about_a_path_that_leads_nowhere(environment: Environment, tmp_path: Path) -> None:
    environment["MODEL_PATH"] = str(tmp_path / "nowhere.gguf")
    failed = opea_nb(environment, "models", code=1)
    assert failed.stderr.startswith("Error: MODEL_PATH names no file: ")
    assert "unset MODEL_PATH" in failed.stderr


def test_up_in_the_foreground_of_a_terminal_ends_with_control_c(environment: Environment, file: Path) -> None:
    terminal, inside = pty.openpty()
    environment |= {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "40"}
    environment.pop("NO_COLOR", None)
    process = subprocess.Popen(
        [sys.executable, "-c", _MAIN_IN_TERMINAL, "up", str(file), "--foreground"],
        env=environment,
        stdin=inside,
        stdout=inside,
        stderr=inside,
        start_new_session=True,
    )
    os.close(inside)
    try:
        shown = _until(terminal, b"Ctrl-C ends it.", 60)
        assert b"\x1b[" in shown  # colours and a live table: this is a terminal
        assert b"hosted is ready at http://127.0.0.1:" in shown
        assert [d["keep"] for d in json.loads(opea_nb(environment, "ps", "--json").stdout)] == [False]
        os.write(terminal, b"\x03")  # what the key sends; the terminal makes a signal of it
        assert process.wait(30) == 130
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait()
        os.close(terminal)
    assert json.loads(opea_nb(environment, "ps", "--json").stdout) == []


def _until(terminal: int, wanted: bytes, seconds: float) -> bytes:
    """What the terminal shows up to those bytes."""
    seen, end = b"", time.monotonic() + seconds
    while wanted not in seen:
        left = end - time.monotonic()
        assert left > 0, seen.decode("utf-8", "replace")
        if select.select([terminal], [], [], left)[0]:
            try:
                seen += os.read(terminal, 4096)
            except OSError:  # the other end is closed
                pytest.fail(f"it ended: {seen.decode('utf-8', 'replace')}")
    return seen
