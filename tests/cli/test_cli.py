"""The command line as a person or a program calls it: a process, its output, its exit code."""

from __future__ import annotations

import json
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

HOSTED = """\
opea_micro_services:
  llm:
    endpoint: http://127.0.0.1:{port}/v1/chat/completions
opea_mega_service:
  mega_flow:
    - llm
"""


def test_help_is_quick_and_names_every_command(environment: dict[str, str]) -> None:
    begin = time.monotonic()
    text = opea_nb(environment, "--help").stdout
    assert time.monotonic() - begin < 3  # 0.2 s alone; it must not load a web server or a model
    assert all(
        c in text
        for c in (
            "models",
            "up",
            "ps",
            "logs",
            "ask",
            "ingest",
            "down",
            "demo",
            "version",
            "convert",
            "check",
            "show",
            "diff",
            "trace",
            "new",
            "catalog",
            "templates",
            "completion",
        )
    )


def test_help_loads_nothing_heavy(environment: dict[str, str]) -> None:
    code = "import sys, opea_nb.cli.app; print({'httpx', 'networkx', 'uvicorn', 'wordllama'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_version(environment: dict[str, str]) -> None:
    assert opea_nb(environment, "version").stdout == opea_nb(environment, "--version").stdout == "0.1.0\n"
    assert json.loads(opea_nb(environment, "version", "--json").stdout) == {"version": "0.1.0"}


def test_an_unknown_deployment_is_an_error_with_the_next_step(environment: dict[str, str]) -> None:
    done = opea_nb(environment, "ask", "nobody", "hello?", code=3)
    assert done.stdout == ""
    assert done.stderr == "Error: no deployment named 'nobody' is running\n  → running: none\n"


def test_wrong_usage_is_2(environment: dict[str, str]) -> None:
    opea_nb(environment, "down", code=2)
    opea_nb(environment, "up", "no-such-file.yaml", code=2)


def test_a_file_that_is_no_pipeline_is_an_error(environment: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("opea_micro_services: [\n")
    assert str(file) in opea_nb(environment, "up", str(file), code=1).stderr


class Failing(BaseHTTPRequestHandler):
    """A hosted model that is healthy and fails at every question."""

    def do_GET(self) -> None:
        self.answer(200, b"{}")

    def do_POST(self) -> None:
        self.answer(500, b"out of memory")

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Be quiet."""


@pytest.fixture
def hosted(tmp_path: Path) -> Iterator[Path]:
    """A pipeline file whose llm runs elsewhere."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Failing) as server:
        threading.Thread(target=server.serve_forever).start()
        file = tmp_path / "hosted.yaml"
        file.write_text(HOSTED.format(port=server.server_port))
        yield file
        server.shutdown()


def test_a_deployment_from_up_to_down(environment: dict[str, str], hosted: Path) -> None:
    file = hosted
    assert "mine is ready at http://127.0.0.1:" in opea_nb(environment, "up", str(file), "--name", "mine").stdout

    (listed,) = json.loads(opea_nb(environment, "ps", "--json").stdout)
    assert (listed["name"], listed["state"], listed["keep"]) == ("mine", "ready", True)
    assert "mine" in opea_nb(environment, "ps").stdout
    assert "gateway" in opea_nb(environment, "logs", "mine", "gateway").stdout
    failed = opea_nb(environment, "ask", "mine", "hello?", code=4)
    assert "llm" in failed.stderr
    assert "answered 500: out of memory" in failed.stderr

    opea_nb(environment, "up", str(file), "--name", "mine", code=3)
    assert opea_nb(environment, "down", "--all").stdout == "mine ended\n"
    assert json.loads(opea_nb(environment, "down", "--all", "--json").stdout) == {"ended": []}
    assert opea_nb(environment, "ps").stdout == "Nothing runs.\n"


def test_output_has_no_colour_where_there_is_no_terminal(environment: dict[str, str]) -> None:
    done = opea_nb(environment, "logs", "nobody", "llm", code=3)
    assert "\x1b" not in done.stdout + done.stderr


@pytest.mark.slow
def test_the_demo_answers_from_its_documents(environment: dict[str, str]) -> None:
    done = opea_nb(environment, "demo")
    assert "mega_flow" in done.stdout
    assert "embedding >> retriever >> reranking >> llm" in done.stdout
    passage = done.stdout.split("The passage that the answer stands on")[1]
    assert "38 kilowatts" in passage
    assert done.stderr == ""
    assert json.loads(opea_nb(environment, "ps", "--json").stdout) == []


@pytest.mark.slow
def test_the_demo_tells_a_program_what_it_found(environment: dict[str, str]) -> None:
    done = opea_nb(environment, "demo", "--json")
    told = json.loads(done.stdout)
    assert "38 kilowatts" in told["passages"][0]
    assert [s["name"] for s in told["steps"]] == ["embedding", "retriever", "reranking", "llm"]
