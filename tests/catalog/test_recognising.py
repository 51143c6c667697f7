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


@pytest.mark.parametrize(
    "step", ["Whisper", "WhisperGaudi", "SpeechT5", "SpeechT5Gaudi", "Tgi", "TgiGaudi", "TeiEmbedding"]
)
def test_a_gmc_step_for_an_accelerator_names_the_same_engine(step: str) -> None:
    component, plain = CATALOG.by_gmc(step), CATALOG.by_gmc(step.removesuffix("Gaudi"))
    assert component is not None
    assert component is plain
    assert component.role == "engine"
    form = CATALOG.gmc_form(step)
    assert form is not None
    assert (form.accelerator == "gaudi") == step.endswith("Gaudi")


@pytest.mark.parametrize(("kind", "accelerator"), [("llama-vision", "gaudi"), ("text2cypher", "gaudi")])
def test_what_there_is_for_one_accelerator_only_says_so(kind: str, accelerator: str) -> None:
    assert {f.accelerator for f in CATALOG.component(kind).forms.values()} == {accelerator}


@pytest.mark.parametrize("name", ["opea_service@llm_tgi", "opea_service@llm_tgi_0"])
def test_a_studio_node_names_a_component(name: str) -> None:
    component = CATALOG.by_studio(name)
    assert component is not None
    assert component.kind == "llm"
    assert CATALOG.by_studio("chat_input") is None


@pytest.mark.parametrize(
    ("image", "kind"),
    [
        ("opea/vllm-hpu:latest", "vllm"),
        ("opea/retriever-openeuler", "retriever"),
        ("opea/reranking-videoqna", "reranking-video"),
        ("opea/dataprep-pinecone:1.0", "dataprep"),
    ],
)
def test_images_of_earlier_versions_and_other_platforms_are_known(image: str, kind: str) -> None:
    assert kind in [c.kind for c in load_catalog().by_image(image)]
