"""Passages: finding them (retriever) and ordering them (reranking, wrapped and TEI's own ``/rerank``)."""

from __future__ import annotations

from typing import Any

from opea_nb.gateway.adapters.port import Call, Facets, Port, WrongShape, documents_of, texts_of

__all__ = ["PORTS"]


def build_embed_doc(call: Call) -> Any:
    """``EmbedDoc``: the retriever wants the text beside its vector."""
    return {"text": call.facets["query"], "embedding": call.facets["embedding"], **call.parameters}


def build_searched(call: Call) -> Any:
    """``SearchedDoc``."""
    facets = call.facets
    return {"initial_query": facets["query"], "retrieved_docs": facets["documents"], **call.parameters}


def read_searched(body: Any, call: Call) -> Facets:  # noqa: ARG001  # every read has one signature
    """``SearchedDoc``, ``RetrievalResponse``, or a chat request enriched with ``retrieved_docs``."""
    if not isinstance(body, dict) or "retrieved_docs" not in body:
        raise WrongShape("there is no retrieved_docs")
    return {"documents": documents_of(body["retrieved_docs"], "retrieved_docs")}


def build_llm_params(call: Call) -> Any:
    """``LLMParamsDoc``."""
    return {
        "query": call.facets["query"],
        "documents": texts_of(call.facets),
        **call.parameters,
        "stream": call.stream,
    }


def read_llm_params(body: Any, call: Call) -> Facets:
    """``LLMParamsDoc`` or ``RerankingResponse``. Texts get back what was known of the documents they are of."""
    if isinstance(body, dict):
        for key in ("documents", "reranked_docs", "retrieved_docs"):
            if isinstance(body.get(key), list):
                known = {d["text"]: d for d in call.facets.get("documents", ())}
                documents = documents_of(body[key], key)
                return {"documents": [known.get(d["text"], {}) | d for d in documents]}
    raise WrongShape("there is neither documents nor reranked_docs")


def build_rerank(call: Call) -> Any:
    """``TeiRerankRequest``: `top_n` is ours, TEI ranks all."""
    parameters = {k: v for k, v in call.parameters.items() if k != "top_n"}
    return {"query": call.facets["query"], "texts": texts_of(call.facets), **parameters}


def read_ranks(body: Any, call: Call) -> Facets:
    """``TeiRanks``: places in the list that was sent, and scores."""
    sent = call.facets["documents"]
    if not isinstance(body, list) or not body:
        raise WrongShape("it is no list of ranks")
    ranks: dict[int, float] = {}
    for i, rank in enumerate(body):
        index = rank.get("index") if isinstance(rank, dict) else None
        score = rank.get("score") if isinstance(rank, dict) else None
        if type(index) is not int or not isinstance(score, int | float) or isinstance(score, bool):
            raise WrongShape(f"[{i}] has no index and score")
        if not 0 <= index < len(sent):
            raise WrongShape(f"[{i}].index is {index}, but {len(sent)} texts were sent")
        ranks[index] = score
    best = sorted(ranks.items(), key=lambda pair: -pair[1])
    top = call.parameters.get("top_n")
    kept = best[: max(1, top)] if isinstance(top, int) else best
    return {"documents": [{**sent[index], "score": score} for index, score in kept]}


PORTS = {
    "EmbedDoc": Port(build=build_embed_doc),
    "SearchedDoc": Port(build=build_searched, read=read_searched),
    "LLMParamsDoc": Port(build=build_llm_params, read=read_llm_params),
    "TeiRerankRequest": Port(build=build_rerank),
    "TeiRanks": Port(read=read_ranks),
}
