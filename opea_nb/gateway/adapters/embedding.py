"""Questions to vectors: OPEA's wrapped service (OpenAI's contract) and TEI's own ``/embed``."""

from __future__ import annotations

from typing import Any

from opea_nb.gateway.adapters.port import Call, Facets, Port, WrongShape

__all__ = ["PORTS"]


def build_openai(call: Call) -> Any:
    """``EmbeddingRequest``."""
    return {"input": call.facets["query"], **call.parameters}


def read_openai(body: Any, call: Call) -> Facets:  # noqa: ARG001  # every read has one signature
    """``EmbeddingResponse``; also the bare ``{"embedding": […]}`` of older wrapped services."""
    if isinstance(body, dict):
        data = body.get("data")
        if isinstance(data, list) and data and isinstance(data[0], dict):
            return {"embedding": _vector(data[0].get("embedding"), "data[0].embedding")}
        if "embedding" in body:
            return {"embedding": _vector(body["embedding"], "embedding")}
    raise WrongShape("there is no data[0].embedding")


def build_tei(call: Call) -> Any:
    """``TeiEmbedRequest``."""
    return {"inputs": call.facets["query"], **call.parameters}


def read_tei(body: Any, call: Call) -> Facets:  # noqa: ARG001  # every read has one signature
    """``TeiEmbeddings``: a list of vectors."""
    if not isinstance(body, list) or not body:
        raise WrongShape("it is no list of vectors")
    return {"embedding": _vector(body[0], "[0]")}


def _vector(value: Any, where: str) -> list[float]:
    if not isinstance(value, list) or not value or not all(type(x) is float or type(x) is int for x in value):
        raise WrongShape(f"{where} is no list of numbers")
    return value


PORTS = {
    "EmbeddingRequest": Port(build=build_openai),
    "EmbeddingResponse": Port(read=read_openai),
    "TeiEmbedRequest": Port(build=build_tei),
    "TeiEmbeddings": Port(read=read_tei),
}
