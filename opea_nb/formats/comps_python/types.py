"""Kinds of the catalogue and opea-comps' ``ServiceType``."""

from __future__ import annotations

__all__ = ["ENDPOINTS", "LOCAL", "gateway_endpoint", "service_type"]

LOCAL = ("", "localhost", "127.0.0.1", "0.0.0.0", "::1")  # noqa: S104  # read, not listened on
"""Hosts that stand for this machine."""

# In order: the first that a kind begins with counts.
_TYPES = (
    ("embedding", "EMBEDDING"),
    ("retriever", "RETRIEVER"),
    ("web-retriever", "WEB_RETRIEVER"),
    ("reranking", "RERANK"),
    ("llm", "LLM"),
    ("agent", "LLM"),
    ("lvm", "LVM"),
    ("asr", "ASR"),
    ("tts", "TTS"),
    ("guardrails", "GUARDRAIL"),
    ("dataprep", "DATAPREP"),
    ("animation", "ANIMATION"),
    ("text2image", "TEXT2IMAGE"),
    ("image2image", "IMAGE2IMAGE"),
    ("image2video", "IMAGE2VIDEO"),
    ("text2query", "TEXT2QUERY"),
    ("text2sql", "TEXT2SQL"),
    ("text2graph", "TEXT2GRAPH"),
    ("text2cypher", "TEXT2CYPHER"),
    ("text2kg", "TEXT2KG"),
    ("struct2graph", "STRUCT2GRAPH"),
    ("language-detection", "LANGUAGE_DETECTION"),
    ("prompt-template", "PROMPT_TEMPLATE"),
    ("promptregistry", "PROMPT_REGISTRY"),
    ("arb-post-hearing", "ARB_POST_HEARING_ASSISTANT"),
)

ENDPOINTS = {
    "CHAT_QNA": "/v1/chatqna",
    "AUDIO_QNA": "/v1/audioqna",
    "VISUAL_QNA": "/v1/visualqna",
    "VIDEO_RAG_QNA": "/v1/videoqna",
    "CODE_GEN": "/v1/codegen",
    "CODE_TRANS": "/v1/codetrans",
    "DOC_SUMMARY": "/v1/docsum",
    "SEARCH_QNA": "/v1/searchqna",
    "MULTIMODAL_QNA": "/v1/multimodalqna",
    "TRANSLATION": "/v1/translation",
    "RETRIEVALTOOL": "/v1/retrievaltool",
    "FAQ_GEN": "/v1/faqgen",
    "GRAPH_RAG": "/v1/graphrag",
    "HYBRID_RAG": "/v1/hybridrag",
    "AVATAR_CHATBOT": "/v1/avatarchatbot",
    "EMBEDDINGS": "/v1/embeddings",
    "TTS": "/v1/audio/speech",
    "ASR": "/v1/audio/transcriptions",
    "CHAT": "/v1/chat/completions",
    "RETRIEVAL": "/v1/retrieval",
    "RERANKING": "/v1/reranking",
    "GUARDRAILS": "/v1/guardrails",
    "RAGAS": "/v1/ragas",
    "GRAPHS": "/v1/graphs",
}
"""opea-comps' ``MegaServiceEndpoint``."""


def service_type(kind: str) -> str:
    """The name of its ``ServiceType``.

    >>> service_type("llm-vllm"), service_type("web-retriever"), service_type("service")
    ('LLM', 'WEB_RETRIEVER', 'UNDEFINED')
    """
    return next((name for start, name in _TYPES if kind.startswith(start)), "UNDEFINED")


def gateway_endpoint(name: str) -> str:
    """The endpoint of a gateway class of older releases; empty when it is none of them.

    >>> gateway_endpoint("ChatQnAGateway"), gateway_endpoint("DocSumGateway"), gateway_endpoint("OwnGateway")
    ('/v1/chatqna', '/v1/docsum', '')
    """
    path = f"/v1/{name.removesuffix('Gateway').lower()}"
    return path if path in ENDPOINTS.values() else ""
