"""The client's question, the LLM's prompt and answer, and what a guardrail says about either."""

from __future__ import annotations

from typing import Any

import orjson

from opea_nb.gateway.adapters.generic import text_of
from opea_nb.gateway.adapters.port import Call, Facets, Port, WrongShape, texts_of
from opea_nb.gateway.prompt import default_template, fill, places

__all__ = ["PORTS", "field_text", "prompt_of", "read_request"]

_BLOCKED = "Violated policies"


def read_request(body: Any, call: Call | None = None) -> Facets:  # noqa: ARG001  # every read has one signature
    """``ChatRequest``: what a client may send.

    An OpenAI chat request, or OPEA's ``{"text"}``, ``{"query"}``, ``{"input"}``, ``{"prompt"}``. The query is the last
    user message; a body without a question gives none.
    """
    if isinstance(body, str):
        return {"query": body}
    if not isinstance(body, dict):
        return {}
    messages = body.get("messages")
    if isinstance(messages, list) and messages and all(isinstance(m, dict) for m in messages):
        for message in reversed(messages):
            if message.get("role", "user") == "user":
                return {"query": _content(message.get("content")), "messages": messages}
        return {}
    for key in ("messages", "text", "query", "input", "prompt"):
        value = body.get(key)
        if isinstance(value, str) and value:
            return {"query": value}
    return {}


def _content(content: Any) -> str:
    if isinstance(content, list):  # OpenAI's content parts
        return "\n".join(p["text"] for p in content if isinstance(p, dict) and isinstance(p.get("text"), str))
    return content if isinstance(content, str) else ""


def prompt_of(call: Call) -> str:
    """The question, put into the template with what was found for it.

    A place stands for, in this order: ``question``, ``context`` (what was found), a step before this one, a field of
    the client's request.
    """
    facets = call.facets
    query: str = facets["query"]
    texts = texts_of(facets)
    template = call.parameters.get("chat_template") or ""
    steps = places(template) & call.ancestors.keys()
    if "json" in facets and not any("json" in call.ancestors[name] for name in steps):
        texts.append(text_of(facets["json"]))
    if template:
        if "documents" in facets and not texts and "context" in places(template) and not steps:
            template = default_template("without_documents")
    elif texts:
        template = default_template("with_documents")
    elif "documents" in facets:
        template = default_template("without_documents")
    else:
        return query

    def value(name: str) -> str | None:
        if name == "question":
            return query
        if name == "context":
            return "\n\n".join(texts)
        given = call.ancestors.get(name)
        return field_text(facets.get("body"), name) if given is None else _text_given(given)

    return fill(template, value)


def field_text(body: Any, name: str) -> str | None:
    """A field of the client's JSON as a prompt shows it: text, a number, true or false; ``None`` for anything else."""
    value = body.get(name) if isinstance(body, dict) else None
    if isinstance(value, int | float):
        return orjson.dumps(value).decode()
    return value if isinstance(value, str) else None


def _text_given(given: Facets) -> str:
    if "json" in given:
        return text_of(given["json"])
    if "answer" in given:
        return str(given["answer"])
    if "documents" in given:
        return "\n\n".join(texts_of(given))
    return str(given.get("query", ""))


def build_chat(call: Call) -> Any:
    """``ChatCompletionRequest``: the conversation, its last user message replaced by the prompt."""
    body = {k: v for k, v in call.parameters.items() if k != "chat_template" and not (k == "model" and not v)}
    prompt = prompt_of(call)
    history = call.facets.get("messages")
    instructed = any(m.get("role") in ("system", "developer") for m in history or ())
    system = (
        [] if instructed or not _asks_by_default(call) else [{"role": "system", "content": default_template("system")}]
    )
    if history:
        last = max((i for i, m in enumerate(history) if m.get("role", "user") == "user"), default=len(history))
        untouched = prompt == call.facets["query"] and last < len(history) and _same(history[last], prompt)
        asked = history if untouched else [*history[:last], {"role": "user", "content": prompt}, *history[last + 1 :]]
    else:
        asked = [{"role": "user", "content": prompt}]
    return {**body, "messages": [*system, *asked], "stream": call.stream}


def _asks_by_default(call: Call) -> bool:
    return not call.parameters.get("chat_template") and bool(texts_of(call.facets))


def _same(message: dict[str, Any], prompt: str) -> bool:
    return _content(message.get("content")) == prompt  # then content parts (images) stay as the client sent them


def read_chat(body: Any, call: Call) -> Facets:  # noqa: ARG001  # every read has one signature
    """``ChatCompletion``, or a text completion (``choices[].text``), or OPEA's ``GeneratedDoc``."""
    if not isinstance(body, dict):
        raise WrongShape("it is no object")
    choices = body.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        choice = choices[0]
        message = choice.get("message")
        answer = message.get("content") if isinstance(message, dict) else choice.get("text")
        where = "choices[0].message.content"
        finish = choice.get("finish_reason")
    else:
        answer, where, finish = body.get("text"), "choices[0]", None
    if not isinstance(answer, str):
        raise WrongShape(f"there is no {where}")
    if not answer:
        raise WrongShape(f"{where} is empty: no answer was generated")
    facets: Facets = {"answer": answer}
    if isinstance(finish, str) and finish != "stop":
        facets["finish_reason"] = finish
    if isinstance(body.get("usage"), dict):
        facets["usage"] = body["usage"]
    return facets


def build_text(call: Call) -> Any:
    """``TextDoc``: the answer when there is one, else the question."""
    return {"text": call.facets.get("answer", call.facets["query"]), **call.parameters}


def read_guarded(body: Any, call: Call) -> Facets:
    """``GuardedText``: the text as it may go on, or the reason why it may not."""
    text = body.get("text") if isinstance(body, dict) else None
    if not isinstance(text, str):
        raise WrongShape("there is no text")
    if body.get("downstream_black_list") or text.startswith(_BLOCKED):
        return {"verdict": text}
    if not text:
        return {}
    return {"answer": text} if "answer" in call.facets else {"query": text}


PORTS = {
    "ChatRequest": Port(read=read_request),
    "ChatCompletionRequest": Port(build=build_chat),
    "ChatCompletion": Port(read=read_chat),
    "TextDoc": Port(build=build_text),
    "GuardedText": Port(read=read_guarded),
}
