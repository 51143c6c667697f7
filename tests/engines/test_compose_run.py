"""A written Compose file, run by a real Docker Engine: up, a question, down, and nothing is left."""

from __future__ import annotations

import importlib.util
import json
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from opea_nb.formats.compose import write
from opea_nb.pipeline import Pipeline
from tests.required import missing

IMAGE = "opea-nb:test"
PROJECT = "opea-nb-test-compose"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


def run(*command: str, cwd: Path | None = None) -> str:
    """What a program printed; its end is shown when it fails."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def docker() -> str:
    """The docker program, where its engine answers."""
    program = shutil.which("docker")
    if program is None or subprocess.run([program, "info"], capture_output=True, check=False).returncode:
        missing("no Docker Engine answers: start one")
    return program


@pytest.fixture(scope="module")
def image(docker: str) -> str:
    """The image of this package, built as its users build it."""
    run(sys.executable, "-m", "opea_nb.cli", "image", "--quiet", "--tag", IMAGE, "--program", docker)
    return IMAGE


@pytest.fixture
def compose(docker: str, tmp_path: Path) -> Iterator[list[str]]:
    """The command of Compose v2 in a folder; whatever it started is gone at the end."""
    spec = importlib.util.find_spec("compose")
    assert spec is not None
    assert spec.origin
    command = [str(Path(spec.origin).with_name("docker-compose")), "--project-directory", str(tmp_path)]
    yield command
    subprocess.run([*command, "down", "-v"], cwd=tmp_path, capture_output=True, check=False, timeout=300)


def left(docker: str) -> list[str]:
    """Containers, volumes and networks of the project."""
    label = f"label=com.docker.compose.project={PROJECT}"
    listings = (["ps", "--all"], ["volume", "ls"], ["network", "ls"])
    return [line for words in listings for line in run(docker, *words, "--quiet", "--filter", label).split()]


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def test_up_a_question_and_down(chatqna: Pipeline, docker: str, image: str, compose: list[str], tmp_path: Path) -> None:
    chatqna.rename("llm", "My LLM")
    port = free_port()
    written = write(chatqna, embedded=True, port=port, project=PROJECT, image=image)
    for name, text in written.files.items():
        (tmp_path / name).write_text(text, "utf-8")

    run(*compose, "up", "--wait", "--wait-timeout", "300", cwd=tmp_path)
    states = [json.loads(line) for line in run(*compose, "ps", "--format", "json", cwd=tmp_path).splitlines()]
    assert {s["Service"] for s in states} == {"embedding", "retriever", "reranking", "my-llm", "dataprep", "gateway"}
    assert {s["Health"] for s in states} == {"healthy"}

    body = json.dumps({"messages": "What is OPEA?", "stream": False, "max_tokens": 8}).encode()
    url = f"http://127.0.0.1:{port}{chatqna.endpoint}"
    request = urllib.request.Request(url, body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as reply:
        answer = json.load(reply)
    assert answer["choices"][0]["message"]["content"]

    run(*compose, "down", "-v", cwd=tmp_path)
    assert left(docker) == []
