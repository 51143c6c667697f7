# ruff: noqa: D103, N802, ARG001
# Functions are found by their port type's name, and have one signature; the docstring tells what they do.
"""The aligning functions of a written Python file, each taken over as it stands here where a chain needs it.

``ask_<port type>`` makes a request of what is known of a question, ``read_<port type>`` tells what a reply adds to it.
What is known: ``query``, ``messages``, ``embedding``, ``documents``, ``answer``, ``audio``, ``image``, ``video``,
``verdict``, ``json``. A file that is written runs without this package, so nothing here may import it.
"""

from __future__ import annotations

import ast
import json
import re
from typing import Any

WITH_DOCUMENTS = ""
WITHOUT_DOCUMENTS = ""
SYSTEM = ""


class WrongReply(Exception):
    """A service answered something else than it should."""


def ask_EmbeddingRequest(known: dict[str, Any], parameters: dict[str, Any]) -> Any:
    return {"input": known["query"], **parameters}


def read_EmbeddingResponse(body: Any, known: dict[str, Any]) -> dict[str, Any]:
    return {"embedding": body["data"][0]["embedding"]}


def ask_TeiEmbedRequest(known: dict[str, Any], parameters: dict[str, Any]) -> Any:
    return {"inputs": known["query"], **parameters}


def read_TeiEmbeddings(body: Any, known: dict[str, Any]) -> dict[str, Any]:
    return {"embedding": body[0]}


def ask_EmbedDoc(known: dict[str, Any], parameters: dict[str, Any]) -> Any:
    return {"text": known["query"], "embedding": known["embedding"], **parameters}


def ask_SearchedDoc(known: dict[str, Any], parameters: dict[str, Any]) -> Any:
    return {"initial_query": known["query"], "retrieved_docs": known["documents"], **parameters}


def read_SearchedDoc(body: Any, known: dict[str, Any]) -> dict[str, Any]:
    return {"documents": documents_of(body["retrieved_docs"])}


def ask_LLMParamsDoc(known: dict[str, Any], parameters: dict[str, Any]) -> Any:
    return {"query": known["query"], "documents": texts_of(known), **parameters}


def read_LLMParamsDoc(body: Any, known: dict[str, Any]) -> dict[str, Any]:
    found = next(body[key] for key in ("documents", "reranked_docs", "retrieved_docs") if key in body)
    before = {document["text"]: document for document in known.get("documents", [])}
    return {"documents": [before.get(d["text"], {}) | d for d in documents_of(found)]}


def ask_TeiRerankRequest(known: dict[str, Any], parameters: dict[str, Any]) -> Any:
    sent = {name: value for name, value in parameters.items() if name != "top_n"}  # TEI ranks all
    return {"query": known["query"], "texts": texts_of(known), **sent}


def read_TeiRanks(body: Any, known: dict[str, Any]) -> dict[str, Any]:
    best = sorted(body, key=lambda rank: -rank["score"])
    top_n = known["parameters"].get("top_n")
    kept = best[: max(1, top_n)] if isinstance(top_n, int) else best
    return {"documents": [{**known["documents"][rank["index"]], "score": rank["score"]} for rank in kept]}


def ask_ChatCompletionRequest(known: dict[str, Any], parameters: dict[str, Any]) -> Any:
    prompt = prompt_of(known, parameters.get("chat_template") or "")
    body = {name: value for name, value in parameters.items() if name != "chat_template" and value not in ("", None)}
    history = known.get("messages") or []
    users = [place for place, message in enumerate(history) if message.get("role", "user") == "user"]
    if prompt == known["query"] and users:
        asked = history
    elif users:
        asked = [*history[: users[-1]], {"role": "user", "content": prompt}, *history[users[-1] + 1 :]]
    else:
        asked = [*history, {"role": "user", "content": prompt}]
    instructed = any(message.get("role") in ("system", "developer") for message in history)
    if SYSTEM and texts_of(known) and not instructed and not parameters.get("chat_template"):
        asked = [{"role": "system", "content": SYSTEM}, *asked]
    return {**body, "messages": asked, "stream": known["stream"]}


def read_ChatCompletion(body: Any, known: dict[str, Any]) -> dict[str, Any]:
    choice = body["choices"][0] if body.get("choices") else body
    message = choice.get("message") or {}
    answer = message.get("content") if message else choice.get("text")
    if not isinstance(answer, str):
        raise WrongReply("there is no answer in it")
    return {"answer": answer}


def read_GeneratedDoc(body: Any, known: dict[str, Any]) -> dict[str, Any]:
    return {"answer": body["text"]}


def ask_DocSumChatCompletionRequest(known: dict[str, Any], parameters: dict[str, Any]) -> Any:
    text = known.get("answer") or "\n\n".join(texts_of(known)) or known["query"]
    return {"messages": text, **parameters, "stream": known["stream"]}


def ask_ArbPostHearingRequest(known: dict[str, Any], parameters: dict[str, Any]) -> Any:
    text = known.get("answer") or "\n\n".join(texts_of(known)) or known["query"]
    return {"messages": text, "type": "text", **parameters, "stream": known["stream"]}


def ask_Text2QueryRequest(known: dict[str, Any], parameters: dict[str, Any]) -> Any:
    return {"query": known["query"], **parameters}


def ask_Text2SqlRequest(known: dict[str, Any], parameters: dict[str, Any]) -> Any:
    return {"input_text": known["query"], **parameters}


def ask_Text2CypherRequest(known: dict[str, Any], parameters: dict[str, Any]) -> Any:
    return {"input_text": known["query"], **parameters}


def ask_TextDoc(known: dict[str, Any], parameters: dict[str, Any]) -> Any:
    return {"text": known.get("answer", known["query"]), **parameters}


def read_GuardedText(body: Any, known: dict[str, Any]) -> dict[str, Any]:
    if body.get("downstream_black_list") or body["text"].startswith("Violated policies"):
        return {"verdict": body["text"]}
    return {"answer": body["text"]} if "answer" in known else {"query": body["text"]}


def ask_WhisperRequest(known: dict[str, Any], parameters: dict[str, Any]) -> Any:
    return {"audio": known["audio"], **parameters}


def read_WhisperResponse(body: Any, known: dict[str, Any]) -> dict[str, Any]:
    return {"query": body["asr_result"]}


def ask_SpeechT5Request(known: dict[str, Any], parameters: dict[str, Any]) -> Any:
    return {"text": known.get("answer", known["query"]), **parameters}


def read_SpeechT5Response(body: Any, known: dict[str, Any]) -> dict[str, Any]:
    return {"audio": body["tts_result"]}


def ask_Base64ByteStrDoc(known: dict[str, Any], parameters: dict[str, Any]) -> Any:
    return {"byte_str": known["audio"], **parameters}


def read_VideoPath(body: Any, known: dict[str, Any]) -> dict[str, Any]:
    return {"video": body["video_path"]}


def ask_LVMDoc(known: dict[str, Any], parameters: dict[str, Any]) -> Any:
    video = known.get("video")
    if isinstance(video, dict):
        tokens = {name: value for name, value in parameters.items() if name == "max_new_tokens"}
        return {**video, "prompt": known["query"], **tokens}
    if known.get("documents"):
        return {**searched_of(known), **parameters, "stream": known["stream"]}
    return {"prompt": known["query"], "image": known.get("image", ""), **parameters, "stream": known["stream"]}


def ask_MultimodalDoc(known: dict[str, Any], parameters: dict[str, Any]) -> Any:
    image = known.get("image", "")
    picture = {"url" if image.startswith(("http://", "https://")) else "base64_image": image}
    if image and known["query"]:
        return {"text": {"text": known["query"]}, "image": picture, **parameters}
    return {**(picture if image else {"text": known["query"]}), **parameters}


def ask_EmbedMultimodalDoc(known: dict[str, Any], parameters: dict[str, Any]) -> Any:
    return {"text": known["query"], "embedding": known["embedding"], **parameters}


def read_EmbedMultimodalDoc(body: Any, known: dict[str, Any]) -> dict[str, Any]:
    return {"embedding": body["data"][0]["embedding"] if "data" in body else body["embedding"]}


def ask_SearchedMultimodalDoc(known: dict[str, Any], parameters: dict[str, Any]) -> Any:
    return {**searched_of(known), **parameters}


def read_SearchedMultimodalDoc(body: Any, known: dict[str, Any]) -> dict[str, Any]:
    documents, told = documents_of(body["retrieved_docs"]), body.get("metadata")
    if isinstance(told, list) and len(told) == len(documents):
        documents = [{**document, "metadata": more} for document, more in zip(documents, told, strict=True)]
    return {"documents": documents}


def read_LVMVideoDoc(body: Any, known: dict[str, Any]) -> dict[str, Any]:
    return {"video": {name: body[name] for name in ("video_url", "chunk_start", "chunk_duration")}}


def ask_SDInputs(known: dict[str, Any], parameters: dict[str, Any]) -> Any:
    return {"prompt": known["query"], **parameters}


def read_SDOutputs(body: Any, known: dict[str, Any]) -> dict[str, Any]:
    return {"image": body["images"][0]}


def ask_Json(known: dict[str, Any], parameters: dict[str, Any]) -> Any:
    if "json" in known:
        body = known["json"]
    elif "answer" in known:
        body = {"text": known["answer"], "query": known.get("query", "")}
    elif "documents" in known:
        body = {"query": known.get("query", ""), "documents": texts_of(known)}
    elif "embedding" in known:
        body = {"query": known.get("query", ""), "embedding": known["embedding"]}
    else:
        body = known["body"]
    return {**body, **parameters} if isinstance(body, dict) else body


def read_Json(body: Any, known: dict[str, Any]) -> dict[str, Any]:
    if isinstance(body, dict) and body.get("downstream_black_list"):
        return {"json": body, "verdict": text_of(body)}
    return {"json": body}


def searched_of(known: dict[str, Any]) -> dict[str, Any]:
    """What was found, with what is known of each passage in a list of its own."""
    documents = known["documents"]
    return {
        "initial_query": known["query"],
        "retrieved_docs": [{k: v for k, v in document.items() if k != "metadata"} for document in documents],
        "metadata": [document.get("metadata", {}) for document in documents],
    }


def documents_of(found: Any) -> list[dict[str, Any]]:
    """Passages as objects with a ``text``."""
    return [{"text": item} if isinstance(item, str) else {**item, "text": item["text"]} for item in found]


def texts_of(known: dict[str, Any]) -> list[str]:
    """The passages' texts."""
    return [document["text"] for document in known.get("documents", [])]


def text_of(value: Any) -> str:
    """JSON as text for a prompt."""
    if isinstance(value, dict):
        value = next((value[key] for key in ("text", "answer", "result") if isinstance(value.get(key), str)), value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def prompt_of(known: dict[str, Any], template: str) -> str:
    """The question, put into the template with what was found for it; each place is filled once."""
    texts = texts_of(known) + ([text_of(known["json"])] if "json" in known else [])
    if not template:
        if not texts and "documents" not in known:
            return str(known["query"])
        template = WITH_DOCUMENTS if texts else WITHOUT_DOCUMENTS
    filled = {"question": known["query"], "context": "\n\n".join(texts)}
    for name, given in known.get("given", {}).items():
        answer = given.get("answer") or "\n\n".join(texts_of(given)) or given.get("query", "")
        filled.setdefault(name, text_of(given["json"]) if "json" in given else answer)
    return re.sub(r"\{([^{}]+)\}", lambda place: str(filled.get(place[1], place[0])), template)


def merged(branches: list[dict[str, Any]], before: dict[str, Any]) -> dict[str, Any]:
    """What is known where branches meet: passages of all, and of the rest what a branch has changed."""
    known: dict[str, Any] = {}
    for branch in branches:
        for name, value in branch.items():
            if name == "documents" and name in known:
                texts = {document["text"] for document in known[name]}
                known[name] = known[name] + [document for document in value if document["text"] not in texts]
            elif name == "json" and name in known and isinstance(value, dict) and isinstance(known[name], dict):
                known[name] = {**known[name], **value}
            elif name not in known or known[name] is before.get(name):
                known[name] = value
    return known


def events_of(chunks: Any) -> Any:
    """The data of each event of a stream, whatever pieces it comes in."""
    waiting = b""
    for chunk in chunks:
        waiting += chunk.encode() if isinstance(chunk, str) else chunk
        *lines, waiting = waiting.replace(b"\r\n", b"\n").split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                yield line[5:].strip().decode("utf-8", "replace")
    if waiting.startswith(b"data:"):
        yield waiting[5:].strip().decode("utf-8", "replace")


def token_of(data: str) -> str:
    """The text in one event of a language model; empty when there is none."""
    if data.startswith(("b'", 'b"')):
        return str(ast.literal_eval(data).decode("utf-8", "replace"))
    try:
        event = json.loads(data)
    except ValueError:
        return data
    if not isinstance(event, dict):
        return str(event)
    if isinstance(event.get("ops"), list):
        found = [op["value"] for op in event["ops"] if str(op.get("path", "")).endswith("/streamed_output/-")]
        return "".join(value for value in found if isinstance(value, str))
    for choice in event.get("choices") or []:
        delta = choice.get("delta") or {}
        return str(delta.get("content") or choice.get("text") or "")
    return ""
