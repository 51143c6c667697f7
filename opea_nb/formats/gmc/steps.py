"""What GMC knows: the steps that its webhook accepts, and the environment keys that its controller resolves."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Step:
    """A step name of a GMConnector.

    Parameters
    ----------
    endpoint
        URL path of the image in its template; what a step without other wishes is given.
    wires
        Environment key that the controller turns into an address -> the (plain) step that it must name.
    plain
        The step for the CPU, where this one is for an accelerator.
    accelerator
        What it is for.
    """

    endpoint: str = ""
    wires: Mapping[str, str] = field(default_factory=dict)
    plain: str = ""
    accelerator: str = "cpu"


_TEI = {"TEI_EMBEDDING_ENDPOINT": "TeiEmbedding"}
_TGI = {"TGI_LLM_ENDPOINT": "Tgi"}

STEPS: Mapping[str, Step] = {
    "Embedding": Step("/v1/embeddings", _TEI),
    "TeiEmbedding": Step(),
    "TeiEmbeddingGaudi": Step(plain="TeiEmbedding", accelerator="gaudi"),
    "Retriever": Step("/v1/retrieval", {"REDIS_URL": "VectorDB", **_TEI}),
    "VectorDB": Step(),
    "Reranking": Step("/v1/reranking", {"TEI_RERANKING_ENDPOINT": "TeiReranking"}),
    "TeiReranking": Step("/rerank"),
    "Llm": Step("/v1/chat/completions", _TGI),
    "Tgi": Step("/generate"),
    "TgiGaudi": Step("/generate", plain="Tgi", accelerator="gaudi"),
    "TgiNvidia": Step("/generate", plain="Tgi", accelerator="nvidia"),
    "DocSum": Step("/v1/chat/docsum", _TGI),
    "WebRetriever": Step("/v1/web_retrieval", _TEI),
    "Asr": Step("/v1/audio/transcriptions", {"ASR_ENDPOINT": "Whisper"}),
    "Whisper": Step("/v1/asr"),
    "WhisperGaudi": Step("/v1/asr", plain="Whisper", accelerator="gaudi"),
    "Tts": Step("/v1/audio/speech", {"TTS_ENDPOINT": "SpeechT5"}),
    "SpeechT5": Step("/v1/tts"),
    "SpeechT5Gaudi": Step("/v1/tts", plain="SpeechT5", accelerator="gaudi"),
    "DataPrep": Step("/v1/dataprep", {"REDIS_URL": "VectorDB", "TEI_ENDPOINT": "TeiEmbedding"}),
    "UI": Step("/"),
    "Router": Step(),
}
"""The webhook's list. ``Router`` is on it, but a controller that meets it gives up."""

ASIDE = ("DataPrep", "UI")
"""Deployed, and reached by the router's own paths ``/dataprep`` and ``/ui``; no steps of a question."""

WIRES = frozenset(key for step in STEPS.values() for key in step.wires)
MODEL = "MODEL_ID"
ROUTER = ("router", "router-service")
PORT = 8080
"""The router's port, which is fixed."""

_OTHERWISE = {"teiendpoint": "TEI_EMBEDDING_ENDPOINT", "tgiendpoint": "TGI_LLM_ENDPOINT"}


def step_of(name: str) -> str:
    """The step that a name means, whatever its case, and with a slip in it; the name itself when there is none.

    >>> step_of("ASR"), step_of("Retriver"), step_of("TeiRerankingGaudi"), step_of("Summary")
    ('Asr', 'Retriever', 'TeiRerankingGaudi', 'Summary')
    """
    if plain(name) in STEPS:
        return name
    exact = next((step for step in STEPS if step.casefold() == name.casefold()), "")
    near = difflib.get_close_matches(name[:40], [s for s in STEPS if len(s) > 5], 1, 0.9)
    return exact or next(iter(near), name)


def plain(step: str) -> str:
    """The step's name for the CPU: ``TgiGaudi`` -> ``Tgi``, also for those that only older GMCs had."""
    known = STEPS.get(step)
    if known is not None:
        return known.plain or step
    base = step.removesuffix("Gaudi").removesuffix("Nvidia")
    return base if base in STEPS else step


def wires(step: str) -> Mapping[str, str]:
    """Environment key -> engine step, for a step."""
    known = STEPS.get(plain(step))
    return known.wires if known else {}


def key_of(step: str, key: str) -> str:
    """A config key as the controller knows it, whatever its style: ``RedisUrl`` -> ``REDIS_URL``.

    >>> key_of("Retriever", "tei_endpoint"), key_of("DataPrep", "TeiEndpoint"), key_of("Llm", "PORT")
    ('TEI_EMBEDDING_ENDPOINT', 'TEI_ENDPOINT', 'PORT')
    """
    if folded(key) == "modelid":
        return MODEL
    known = wires(step)
    for name in known:
        if folded(name) == folded(key):
            return name
    other = _OTHERWISE.get(folded(key), "")
    return other if other in known else key


def folded(key: str) -> str:
    """A key without its style: lower case, no underscores or dashes."""
    return key.replace("_", "").replace("-", "").casefold()
