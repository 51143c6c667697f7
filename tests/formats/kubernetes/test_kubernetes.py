"""Kubernetes manifests: valid for four minor versions, without secrets, each address with a Service behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from hypothesis import HealthCheck, Phase, assume, given, settings

from opea_nb.catalog import load_catalog
from opea_nb.errors import PlanError
from opea_nb.formats import containers
from opea_nb.formats.kubernetes.write import write
from opea_nb.pipeline import Pipeline
from opea_nb.plan import Target, plan
from tests.formats.random_pipelines import pipelines

VERSIONS = ("1.34", "1.35", "1.36", "1.37")
Manifest = dict[str, Any]


def read(text: str) -> list[Manifest]:
    """The manifests of a file."""
    return list(yaml.safe_load_all(text))


def of_kind(manifests: list[Manifest], kind: str) -> dict[str, Manifest]:
    """Those of a kind, by name."""
    found = [m for m in manifests if m["kind"] == kind]
    named = {m["metadata"]["name"]: m for m in found}
    assert len(named) == len(found)
    return named


def leaves(value: object) -> Iterator[object]:
    """Everything in a manifest that holds nothing."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item) if key != "data" else ()
    if isinstance(value, list):
        for item in value:
            yield from leaves(item)
    if value is None or value in ({}, []):
        yield value


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("embedded", [True, False])
def test_the_schemas_accept_them(chatqna: Pipeline, version: str, embedded: bool) -> None:
    for manifest in read(write(chatqna, embedded=embedded, namespace="rag").text):
        kubernetes_validate.validate(manifest, version, strict=True)


@settings(max_examples=8, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(pipelines())
def test_any_pipeline_gives_valid_manifests(pipeline: Pipeline) -> None:
    try:
        made = plan(pipeline, Target.containers("kubernetes"))
    except PlanError:
        assume(False)
    written = write(pipeline)
    assert write(pipeline.copy()) == written
    manifests = read(written.text)
    for manifest in manifests:
        kubernetes_validate.validate(manifest, VERSIONS[-1], strict=True)
        assert list(leaves(manifest)) == []
        assert re.fullmatch(r"[a-z]([a-z0-9-]{0,80}[a-z0-9])?", manifest["metadata"]["name"])
    assert set(of_kind(manifests, "Deployment")) == {p.address.host for p in made.processes}
    services = of_kind(manifests, "Service")
    for process in made.processes:
        assert services[process.address.host]["spec"]["ports"][0]["port"] == process.address.port
        spoken = {name: f"${{{name}}}" for name in containers.spoken_of(process)}
        given = {k: v for k, v in containers.environment(process).items() if k not in process.optional}
        assert environment(manifests, process.address.host) == spoken | given


def environment(manifests: list[Manifest], host: str) -> dict[str, str]:
    """What a container gets, with ``${NAME}`` for what comes from the Secret; as the kubelet puts it together."""
    (container,) = of_kind(manifests, "Deployment")[host]["spec"]["template"]["spec"]["containers"]
    found: dict[str, str] = {}
    for source in container.get("envFrom", []):
        found |= of_kind(manifests, "ConfigMap")[source["configMapRef"]["name"]]["data"]
    for entry in container.get("env", []):
        if "valueFrom" in entry:
            reference = entry["valueFrom"]["secretKeyRef"]
            assert reference["key"] == entry["name"]
            if not reference.get("optional"):
                found[entry["name"]] = f"${{{entry['name']}}}"
        else:
            expanded = re.sub(r"\$(\$|\((\w+)\))", lambda m: "$" if m[1] == "$" else found[m[2]], entry["value"])
            found[entry["name"]] = expanded
    return found


def test_a_token_that_is_not_needed_may_be_missing(chatqna: Pipeline) -> None:
    deployments = of_kind(read(write(chatqna).text), "Deployment")
    env = {n: d["spec"]["template"]["spec"]["containers"][0].get("env", []) for n, d in deployments.items()}
    asked = {
        n: e["valueFrom"]["secretKeyRef"].get("optional", False) for n in env for e in env[n] if e["name"] == "HF_TOKEN"
    }
    assert asked["tei"] is True
    assert asked["vllm"] is False


def test_values_of_secrets_are_in_no_file_and_what_to_create_is_said(chatqna: Pipeline) -> None:
    chatqna.update("llm", environment={"DB": "pg://me:${DB_PASSWORD}@db/$x"})
    written = write(chatqna, namespace="rag")
    (container,) = of_kind(read(written.text), "Deployment")["llm"]["spec"]["template"]["spec"]["containers"]
    env = {entry["name"]: entry for entry in container["env"]}
    reference = {"name": "chatqna-secrets", "key": "DB_PASSWORD"}
    assert env["DB_PASSWORD"] == {"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": reference}}
    assert env["DB"]["value"] == "pg://me:$(DB_PASSWORD)@db/$$x"
    assert list(env).index("DB") > list(env).index("DB_PASSWORD")
    assert "DB_PASSWORD=\n" in written.files["secrets.env.example"]
    assert any("-n rag --from-env-file" in note.reason for note in written.notes)


def test_the_gateway_is_not_restarted_for_its_services(chatqna: Pipeline) -> None:
    (container,) = of_kind(read(write(chatqna).text), "Deployment")["gateway"]["spec"]["template"]["spec"]["containers"]
    assert "httpGet" in container["readinessProbe"]
    assert "tcpSocket" in container["livenessProbe"]
    assert "startupProbe" not in container


def test_pods_that_share_a_volume_stand_on_one_node(chatqna: Pipeline) -> None:
    manifests = read(write(chatqna, embedded=True).text)
    assert set(of_kind(manifests, "PersistentVolumeClaim")) == {"store"}
    for host in ("dataprep", "retriever"):
        template = of_kind(manifests, "Deployment")[host]["spec"]["template"]
        terms = template["spec"]["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        assert terms[0]["labelSelector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
    many = read(write(chatqna, embedded=True, access_mode="ReadWriteMany").text)
    assert "affinity" not in of_kind(many, "Deployment")["retriever"]["spec"]["template"]["spec"]


def test_a_folder_is_for_kustomize(chatqna: Pipeline) -> None:
    written = write(chatqna, folder=True, namespace="rag")
    kustomization = yaml.safe_load(written.text)
    assert next(iter(written.files)) == "kustomization.yaml"
    assert kustomization["namespace"] == "rag"
    assert set(kustomization["resources"]) == set(written.files) - {"kustomization.yaml", "secrets.env.example"}
    together = [m for name in kustomization["resources"] for m in read(written.files[name])]
    assert together == read(write(chatqna, namespace="rag").text)


def test_no_node_is_asked_for_unless_told(chatqna: Pipeline) -> None:
    assert "nodeSelector" not in write(chatqna).text
    assert "hostPath" not in write(chatqna).text
    chosen = of_kind(read(write(chatqna, node_selector={"disk": "fast"}).text), "Deployment")["llm"]
    assert chosen["spec"]["template"]["spec"]["nodeSelector"] == {"disk": "fast"}


CATALOGUE = """
components:
  engine-on-card:
    role: engine
    forms:
      gaudi: {image: "e:1", port: 80, accelerator: gaudi, options: {runtime: habana, shm: 128g, ipc: host}}
      nvidia: {image: "e:2", port: 80, accelerator: nvidia, options: {shm: 1g, ulimits: {memlock: -1}}}
"""


def test_accelerators_and_shared_memory(tmp_path: Path) -> None:
    file = tmp_path / "card.yaml"
    file.write_text(CATALOGUE, "utf-8")
    pipeline = Pipeline("card", catalog=load_catalog(file))
    pipeline.add("service", url="http://elsewhere.example/x")
    pipeline.add("engine-on-card", name="card", resources={"gpu": "2", "memory": "512m", "cpu": "1.5"})
    seen = {}
    for accelerator in ("gaudi", "nvidia"):
        written = write(pipeline, accelerator=accelerator)
        pod = of_kind(read(written.text), "Deployment")["card"]["spec"]["template"]["spec"]
        resources = pod["containers"][0]["resources"]
        assert resources["limits"] == resources["requests"]
        seen[accelerator] = (
            resources["limits"],
            pod["volumes"][0]["emptyDir"],
            [n.item for n in written.notes if n.kind == "lost"],
        )
    sizes = {"cpu": "1500m", "memory": "512Mi"}
    memory = {"medium": "Memory", "sizeLimit": "8Gi"}
    assert seen["gaudi"] == (sizes | {"habana.ai/gaudi": "2"}, memory, ["card: ipc", "card: shm"])
    assert seen["nvidia"] == (sizes | {"nvidia.com/gpu": "2"}, memory | {"sizeLimit": "1Gi"}, ["card: ulimits"])


@pytest.mark.parametrize("options", [{"namespace": "A b"}, {"access_mode": "Any"}, {"storage": "much"}])
def test_options_out_of_range_are_refused(chatqna: Pipeline, options: dict[str, Any]) -> None:
    with pytest.raises(PlanError):
        write(chatqna, embedded=True, **options)


def test_that_the_gateways_image_must_be_built_is_told_where_none_is_named(chatqna: Pipeline) -> None:
    told = [[n for n in write(chatqna, **o).notes if "is on no registry" in n.reason] for o in ({}, {"image": "r/x:1"})]
    assert [len(t) for t in told] == [1, 0]
