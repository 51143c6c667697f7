"""What each kind of service takes and answers: stubs refuse with 422 what the real ones would, as FastAPI does.

Fields and types are those of opea-comps 1.5 or of the engine; answers are made of the request, so that a final answer
shows the way that the question took.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.gateway.stubs import Got, Handler, Stub, chunk, completion, reply, sse

TEXT, NUMBER, LIST, OBJECT = (str,), (int, float), (list,), (dict,)
Fields = dict[str, tuple[type, ...]]


@dataclass(frozen=True)
class Contract:
    """One kind of service.

    Parameters
    ----------
    path
        Where it is asked.
    takes
        Required fields of each kind of request that it knows, by the name of upstream's model where there is one.
    answers
        From a request to its reply: JSON, or bytes of a whole HTTP reply.
    optional
        Fields that it knows besides.
    """

    path: str
    takes: dict[str, Fields]
    answers: Callable[[Any], Any]
    optional: Fields = field(default_factory=dict)


PASSAGES = ["Cats like boxes.", "Dogs like bags."]
FILM = {"video_url": "http://files/1.mp4", "chunk_start": 5.0, "chunk_duration": 10.0}


def _words(messages: Any) -> str:
    if isinstance(messages, str):
        return messages
    content = messages[-1]["content"]
    return content if isinstance(content, str) else " ".join(p.get("text", "") for p in content)


def _found(request: Any) -> Any:
    query = request.get("text") or _words(request.get("messages", ""))
    return {
        "id": "1",
        "retrieved_docs": [{"downstream_black_list": [], "id": str(i), "text": p} for i, p in enumerate(PASSAGES)],
        "initial_query": query,
        "top_n": 1,
        "metadata": [{"video": "1.mp4", "time_of_frame_ms": 1} for _ in PASSAGES],
    }


def _chat(request: Any) -> Any:
    text = f"<{_words(request['messages'])}>"
    return sse(chunk(text), chunk("", "stop")) if request.get("stream") else completion(text)


def _generated(request: Any) -> Any:
    text = f"<{_words(request['messages'])}>"
    if request.get("stream"):
        return sse({"ops": [{"op": "add", "path": "/streamed_output/-", "value": text}]})
    return {"id": "1", "text": text, "prompt": "p"}


def _seen(request: Any) -> Any:
    if "video_url" in request:
        line = f"{{'video_url': '{request['video_url']}', 'chunk_start': 5.0, 'chunk_duration': 10.0}}\n"
        return reply(f"{line}<{request['prompt']}> in film".encode(), content_type="text/event-stream")
    if "retrieved_docs" in request:
        return {"id": "1", "text": f"<{request['initial_query']}> found", "metadata": request["metadata"][0]}
    text = f"<{request['prompt']}> seen"
    done = b"data: [DONE]\n\n"
    if request.get("stream"):
        return reply(b"data: %b\n\n" % repr(text.encode()).encode() + done, content_type="text/event-stream")
    return {"downstream_black_list": [], "id": "1", "text": text}


EMBEDDED = {"object": "list", "model": "m", "data": [{"index": 0, "object": "embedding", "embedding": [0.1, 0.2]}]}
SEARCH: Fields = {"k": NUMBER, "search_type": TEXT, "index_name": TEXT}
SAMPLING: Fields = {"stream": (bool,), "max_tokens": NUMBER, "temperature": NUMBER, "top_p": NUMBER}
EMBED_DOC: Fields = {"text": TEXT, "embedding": LIST}
CHAT: Fields = {"messages": (str, list)}

CONTRACTS: dict[str, Contract] = {
    "embedding": Contract(
        "/v1/embeddings", {"api_protocol.EmbeddingRequest": {"input": (str, list)}}, lambda r: EMBEDDED
    ),
    "embedding-tei": Contract("/embed", {"": {"inputs": (str, list)}}, lambda r: [[0.1, 0.2]]),
    "embedding-multimodal": Contract(
        "/v1/embeddings",
        {"docarray.TextImageDoc": {"image": OBJECT, "text": OBJECT}, "docarray.TextDoc": {"text": TEXT}},
        lambda r: {"id": "1", "text": r["text"], "embedding": [0.1, 0.2]},
    ),
    "retriever": Contract("/v1/retrieval", {"docarray.EmbedDoc": EMBED_DOC}, _found, SEARCH),
    "retriever-multimodal": Contract("/v1/retrieval", {"docarray.EmbedMultimodalDoc": EMBED_DOC}, _found, SEARCH),
    "retriever-graph": Contract("/v1/retrieval", {"api_protocol.ChatCompletionRequest": CHAT}, _found, SEARCH),
    "web-retriever": Contract("/v1/web_retrieval", {"docarray.EmbedDoc": EMBED_DOC}, _found, SEARCH),
    "reranking": Contract(
        "/v1/reranking",
        {"docarray.SearchedDoc": {"retrieved_docs": LIST, "initial_query": TEXT}},
        lambda r: {"id": "1", "query": r["initial_query"], "documents": [r["retrieved_docs"][0]["text"]]},
        {"top_n": NUMBER},
    ),
    "reranking-tei": Contract(
        "/rerank",
        {"": {"query": TEXT, "texts": LIST}},
        lambda r: [{"index": 0, "score": 0.9}, {"index": 1, "score": 0.1}],
    ),
    "reranking-video": Contract(
        "/v1/reranking",
        {"docarray.SearchedMultimodalDoc": {"retrieved_docs": LIST, "initial_query": TEXT, "metadata": LIST}},
        lambda r: {"id": "1", **FILM, "prompt": r["initial_query"], "max_new_tokens": 512},
        {"top_n": NUMBER},
    ),
    "llm": Contract("/v1/chat/completions", {"api_protocol.ChatCompletionRequest": CHAT}, _chat, SAMPLING),
    "llm-vllm": Contract("/v1/chat/completions", {"": {"messages": LIST}}, _chat, SAMPLING),
    "llm-faqgen": Contract("/v1/faqgen", {"api_protocol.ChatCompletionRequest": CHAT}, _generated, SAMPLING),
    "llm-docsum": Contract("/v1/docsum", {"api_protocol.DocSumChatCompletionRequest": CHAT}, _generated, SAMPLING),
    "arb-post-hearing": Contract(
        "/v1/arb-post-hearing",
        {"api_protocol.ArbPostHearingAssistantChatCompletionRequest": CHAT},
        _generated,
        {"type": TEXT, **SAMPLING},
    ),
    "guardrails": Contract(
        "/v1/guardrails",
        {"docarray.TextDoc": {"text": TEXT}},
        lambda r: (
            {"text": "Violated policies: S1, please check your input.", "downstream_black_list": [".*"]}
            if "bomb" in r["text"]
            else {"downstream_black_list": [], "id": "1", "text": r["text"]}
        ),
    ),
    "asr-whisper": Contract("/v1/asr", {"": {"audio": TEXT}}, lambda r: {"asr_result": f"heard {r['audio']}"}),
    "tts-speecht5": Contract("/v1/tts", {"": {"text": TEXT}}, lambda r: {"tts_result": r["text"]}, {"voice": TEXT}),
    "tts-gpt-sovits": Contract(
        "/",
        {"": {"text": TEXT}},
        lambda r: reply(r["text"].encode(), content_type="audio/wav"),
        {"text_language": TEXT},
    ),
    "animation": Contract(
        "/v1/animation",
        {"docarray.Base64ByteStrDoc": {"byte_str": TEXT}},
        lambda r: {"video_path": f"/{r['byte_str']}.mp4"},
    ),
    "lvm": Contract(
        "/v1/lvm",
        {
            "docarray.LVMVideoDoc": {
                "video_url": TEXT,
                "chunk_start": NUMBER,
                "chunk_duration": NUMBER,
                "prompt": TEXT,
            },
            "docarray.LVMSearchedMultimodalDoc": {"retrieved_docs": LIST, "initial_query": TEXT, "metadata": LIST},
            "docarray.LVMDoc": {"image": (str, list), "prompt": TEXT},
        },
        _seen,
        {"max_new_tokens": NUMBER, "stream": (bool,), "temperature": NUMBER},
    ),
    "text2image": Contract(
        "/v1/text2image",
        {"docarray.SDInputs": {"prompt": TEXT}},
        lambda r: {"id": "1", "images": [r["prompt"]]},
        {"num_images_per_prompt": NUMBER},
    ),
    "text2query": Contract(
        "/v1/text2query",
        {"api_protocol.Text2QueryRequest": {}},
        lambda r: {"result": {"input": r["query"], "output": [["7 cats"]]}},
        {"query": TEXT, "conn_type": TEXT, "conn_url": TEXT, "conn_user": TEXT, "conn_password": TEXT},
    ),
    "dataprep": Contract("/v1/dataprep/ingest", {}, lambda r: {"status": 200, "message": "Data preparation succeeded"}),
    "dataprep-multimodal": Contract("/v1/dataprep/ingest", {}, lambda r: {"status": 200}),
    "chathistory": Contract("/v1/chathistory/create", {"": {"data": OBJECT}}, lambda r: "66f0"),
    "promptregistry": Contract("/v1/prompt/create", {"": {"prompt_text": TEXT, "user": TEXT}}, lambda r: "66f1"),
    "finetuning": Contract(
        "/v1/fine_tuning/jobs",
        {"api_protocol.FineTuningJobsRequest": {"model": TEXT, "training_file": TEXT}},
        lambda r: {"id": "ft-job-1", "status": "running", "model": r["model"], "training_file": r["training_file"]},
    ),
}


def violations(contract: Contract, request: Any) -> list[str]:
    """What the service would refuse in a request; empty when it takes it."""
    if not contract.takes:
        return []
    if not isinstance(request, dict):
        return ["no object"]
    found = []
    for fields in contract.takes.values():
        wrong = [name for name, types in fields.items() if not isinstance(request.get(name), types)]
        if not wrong:
            return [n for n, types in contract.optional.items() if n in request and not isinstance(request[n], types)]
        found += [f"{name} is {request.get(name)!r}" for name in wrong]
    return found


def _handler(contract: Contract) -> Handler:
    async def answer(got: Got) -> bytes:
        if got.path.partition("?")[0] != contract.path:
            return reply({"detail": "Not Found"}, 404)
        request = json.loads(got.body) if contract.takes else None
        if wrong := violations(contract, request):
            return reply({"detail": [{"msg": w} for w in wrong]}, 422)
        made = contract.answers(request)
        return made if isinstance(made, bytes) else reply(made)

    return answer


def stub_of(kind: str) -> Stub:
    """A service of that kind."""
    contract = CONTRACTS[kind]
    return Stub(_handler(contract), path=contract.path)
