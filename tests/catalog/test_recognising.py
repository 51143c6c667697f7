"""Components recognised by what other formats call them: images, GMC steps, Studio nodes."""

from __future__ import annotations

import pytest

from opea_nb.catalog import load_catalog

CATALOG = load_catalog()


@pytest.mark.parametrize(
    ("name", "image", "kind"),
    [
        ("x", "${REGISTRY:-opea}/embedding:${TAG:-latest}", "embedding"),
        ("tei-embedding-serving", "ghcr.io/huggingface/text-embeddings-inference:cpu-1.7", "tei"),
        ("tei-reranking-service", "ghcr.io/huggingface/text-embeddings-inference:cpu-1.7", "tei-rerank"),
        ("vllm-service", "public.ecr.aws/q9t5s3a7/vllm-cpu-release-repo:v0.10.1", "vllm"),
        ("redis-vector-db", "redis/redis-stack:7.2.0-v9", "redis"),
        ("mine", "example.org/mine:1", "service"),
    ],
)
def test_a_service_is_recognised_by_its_image(name: str, image: str, kind: str) -> None:
    assert CATALOG.find(name=name, image=image).kind == kind


def test_a_role_tells_a_server_called_directly_from_an_engine() -> None:
    image = "ghcr.io/huggingface/text-embeddings-inference:cpu-1.7"
    assert CATALOG.find(image=image, endpoint="/rerank", role="service").kind == "reranking-tei"
    assert CATALOG.find(image=image, role="engine").kind == "tei"
    assert {c.kind for c in CATALOG.by_image(image)} >= {"tei", "tei-rerank", "embedding-tei", "reranking-tei"}


def test_a_gmc_step_names_a_component_and_its_form() -> None:
    component = CATALOG.by_gmc("Llm")
    assert component is not None
    assert component.kind == "llm"
    assert CATALOG.by_gmc("Nothing") is None


@pytest.mark.parametrize("name", ["opea_service@llm_tgi", "opea_service@llm_tgi_0"])
def test_a_studio_node_names_a_component(name: str) -> None:
    component = CATALOG.by_studio(name)
    assert component is not None
    assert component.kind == "llm"
    assert CATALOG.by_studio("chat_input") is None
