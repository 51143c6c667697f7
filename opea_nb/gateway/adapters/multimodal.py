"""Questions about images and videos: OPEA's multimodal embedding, retriever, reranking and vision model."""

from __future__ import annotations

from typing import Any

from opea_nb.gateway.adapters.chat import read_chat
from opea_nb.gateway.adapters.documents import read_searched
from opea_nb.gateway.adapters.embedding import read_openai
from opea_nb.gateway.adapters.media import image_of
from opea_nb.gateway.adapters.port import Call, Facets, Port, WrongShape

__all__ = ["PORTS"]

_METADATA = "metadata"
_VIDEO = ("video_url", "chunk_start", "chunk_duration")


def build_multimodal(call: Call) -> Any:
    """``MultimodalDoc``: text, an image, or both."""
    query, image = call.facets["query"], image_of(call)
    picture = {"url" if image.startswith(("http://", "https://")) else "base64_image": image}
    if image and query:
        return {"text": {"text": query}, "image": picture, **call.parameters}
    return {**(picture if image else {"text": query}), **call.parameters}


def build_embedded(call: Call) -> Any:
    """``EmbedMultimodalDoc``."""
    return {"text": call.facets["query"], "embedding": call.facets["embedding"], **call.parameters}


def build_searched(call: Call) -> Any:
    """``SearchedMultimodalDoc``: what is known of a passage stands in a list of its own."""
    return {**_searched(call), **call.parameters}


def _searched(call: Call) -> dict[str, Any]:
    documents = call.facets["documents"]
    return {
        "initial_query": call.facets["query"],
        "retrieved_docs": [{k: v for k, v in d.items() if k != _METADATA} for d in documents],
        _METADATA: [d.get(_METADATA, {}) for d in documents],
    }


def read_searched_multimodal(body: Any, call: Call) -> Facets:
    """``SearchedMultimodalDoc``: each passage gets what is known of it."""
    facets = read_searched(body, call)
    known = body.get(_METADATA)
    if isinstance(known, list) and len(known) == len(facets["documents"]):
        facets["documents"] = [d | {_METADATA: m} for d, m in zip(facets["documents"], known, strict=True)]
    return facets


def read_video(body: Any, call: Call) -> Facets:  # noqa: ARG001  # every read has one signature
    """``LVMVideoDoc``: which video, and which part of it."""
    if not isinstance(body, dict) or any(key not in body for key in _VIDEO):
        raise WrongShape(f"there is no {', '.join(_VIDEO)}")
    return {"video": {key: body[key] for key in _VIDEO}}


def build_lvm(call: Call) -> Any:
    """``LVMDoc``, or what the same service takes for a video (``LVMVideoDoc``) or for what was found."""
    facets = call.facets
    video = facets.get("video") or {}
    if "video_url" in video:
        tokens = {k: v for k, v in call.parameters.items() if k == "max_new_tokens"}
        return {**video, "prompt": facets["query"], **tokens}
    body = {**call.parameters, "stream": call.stream}
    if facets.get("documents"):
        return {**_searched(call), **body}
    return {"image": image_of(call), "prompt": facets["query"], **body}


def build_llava(call: Call) -> Any:
    """``LlavaRequest``."""
    return {"prompt": call.facets["query"], "img_b64_str": image_of(call), **call.parameters}


PORTS = {
    "MultimodalDoc": Port(build=build_multimodal),
    "EmbedMultimodalDoc": Port(build=build_embedded, read=read_openai),
    "SearchedMultimodalDoc": Port(build=build_searched, read=read_searched_multimodal),
    "LVMVideoDoc": Port(read=read_video),
    "LVMDoc": Port(build=build_lvm),
    "LlavaRequest": Port(build=build_llava),
    "GeneratedDoc": Port(read=read_chat),
}
