"""The deployment YAML of opea-comps' exporter."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from opea_nb.errors import FormatError, OpeaError
from opea_nb.formats import mega_yaml
from opea_nb.pipeline import MAIN

MEGA = """
global_envs: {HTTP_PROXY: "http://p", HF_TOKEN: hf_literal, LOGFLAG: true}
micro_services:
  - service_name: tei
    image: ghcr.io/huggingface/text-embeddings-inference:cpu-1.5
    ports: ["8090:80"]
    volumes: ["./data:/data"]
    options: [{runtime: habana}, {cap_add: SYS_NICE}, {ipc: host}]
    resources: {cpu: 4, memory: 8Gi, hpu: 1}
    args: [{--model-id: BAAI/bge-large}, "--auto-truncate"]
  - service_name: embedding
    image: opea/embedding-tei:latest
    ports: ["6000:6000"]
    envs: [{TEI_EMBEDDING_ENDPOINT: "http://tei:8090"}, ["EXTRA", "1"]]
    dependencies: [tei]
    replicas: 2
  - {service_name: redis, image: "redis/redis-stack:7.2.0-v9", ports: ["6379:6379"]}
  - service_name: retriever
    image: opea/retriever-redis
    ports: ["127.0.0.1:7000:7000"]
    envs: [{REDIS_URL: "redis://redis:6379"}]
  - {service_name: llm, image: opea/llm-tgi, node_ports: ["30888"]}
  - {service_name: strange, image: example.org/strange}
mega_service:
  - {service_name: mine, image: example.org/mine, ports: ["8080:8888"], dependencies: [embedding, retriever, llm]}
"""


def test_services_engines_and_a_guessed_flow_are_read() -> None:
    found = mega_yaml.read(MEGA, source="mega.yaml")
    p = found.pipeline
    assert {n: s.kind for n, s in p.services.items()} == {
        "embedding": "embedding",
        "retriever": "retriever",
        "llm": "llm",
    }
    assert {n: e.kind for n, e in p.engines.items()} == {"tei": "tei", "redis": "redis"}
    assert set(p.flow(MAIN).edges) == {("embedding", "retriever"), ("retriever", "llm")}
    assert set(p.engines_of("embedding")) == {"tei"}
    assert (p.name, p.port) == ("mine", 8080)
    notes = "\n".join(map(str, found.notes))
    assert "inferred: flow main" in notes
    assert "kept: strange: no component of the catalogue (example.org/strange)" in notes
    assert "lost: micro_services[4].node_ports" in notes


def test_numbers_flags_and_environments_of_all_forms_are_read_without_secrets() -> None:
    p = mega_yaml.read(MEGA).pipeline
    tei, embedding = p.engines["tei"], p.services["embedding"]
    assert tei.parameters["model"] == "BAAI/bge-large"
    assert tei.resources == {"cpu": "4", "memory": "8Gi", "hpu": "1"}
    assert embedding.replicas == 2
    assert embedding.environment == {"EXTRA": "1", "LOGFLAG": "true"}
    assert "hf_literal" not in p.to_yaml()


def test_it_is_told_from_other_yaml() -> None:
    assert mega_yaml.detect(yaml.safe_load(MEGA))
    assert not mega_yaml.detect({"opea_micro_services": {}})
    with pytest.raises(FormatError, match=r"mega.yaml:2:5: micro_services\[0\] has no service_name"):
        mega_yaml.read("micro_services:\n  - {image: x}\n", source="mega.yaml")


ANY: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["a:b", "8:8", "opea/llm-tgi", "${X:-1}", "--model"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "cpu", "memory"]), inner),
    max_leaves=5,
)
KEYS = ("service_name", "image", "ports", "volumes", "envs", "dependencies", "replicas", "resources", "options", "args")


@settings(max_examples=150)
@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(KEYS), ANY), max_size=6))
def test_only_our_own_errors_come_out(changes: list[tuple[int, str, Any]]) -> None:
    data = yaml.safe_load(MEGA)
    for index, key, value in changes:
        data["micro_services"][index][key] = value
    try:
        assert mega_yaml.read(yaml.safe_dump(data)).pipeline.to_yaml()
    except OpeaError:
        pass
