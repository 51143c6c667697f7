"""Services made for one task: summing up, translating, asking databases, scoring."""

from __future__ import annotations

from typing import Any

from opea_nb.gateway.adapters.generic import text_of
from opea_nb.gateway.adapters.port import Call, Facets, Port, WrongShape, spoken, texts_of

__all__ = ["PORTS"]

_CONNECTION = ("conn_type", "conn_url", "conn_user", "conn_password", "conn_dialect", "options")


def _text(call: Call) -> str:
    if "json" in call.facets:
        return text_of(call.facets["json"])
    return "\n\n".join(texts_of(call.facets)) or spoken(call.facets)


def _asked(call: Call, *keys: str) -> dict[str, Any]:
    """What the client sent under these keys."""
    body = call.facets.get("body")
    return {key: body[key] for key in keys if key in body} if isinstance(body, dict) else {}


def build_summary(call: Call) -> Any:
    """``DocSumChatCompletionRequest``, and the like of other services: the text is the only message."""
    return {"messages": _text(call), **call.parameters, "stream": call.stream}


def build_template_input(call: Call) -> Any:
    """``PromptTemplateInput``: what a step before prepared, else what is known by name."""
    given = call.facets.get("json")
    if isinstance(given, dict) and isinstance(given.get("data"), dict):
        return {**given, **call.parameters}
    data = dict(given) if isinstance(given, dict) else {}
    data.setdefault("initial_query", call.facets.get("query", ""))
    if "documents" in call.facets:
        data.setdefault("reranked_docs", [{"text": t} for t in texts_of(call.facets)])
    return {"data": data, **call.parameters}


def read_json(body: Any, call: Call) -> Facets:  # noqa: ARG001  # every read has one signature
    """``PromptTemplateInput``, ``ScoreDoc``: passed on as it is."""
    if not isinstance(body, dict):
        raise WrongShape("it is no object")
    return {"json": body}


def read_prompt(body: Any, call: Call) -> Facets:  # noqa: ARG001  # every read has one signature
    """``Prompt``: the question as it is to be asked."""
    if not isinstance(body, dict) or not isinstance(body.get("query"), str):
        raise WrongShape("there is no query")
    return {"query": body["query"]}


def build_translation(call: Call) -> Any:
    """``TranslationInput``."""
    return {"text": spoken(call.facets), **call.parameters}


def build_text2query(call: Call) -> Any:
    """``Text2QueryRequest``: which database is the client's to say."""
    return {"query": call.facets["query"], **call.parameters, **_asked(call, *_CONNECTION)}


def build_text2sql(call: Call) -> Any:
    """``Text2SqlRequest``."""
    return {"input_text": call.facets["query"], **call.parameters, **_asked(call, "conn_str")}


def build_text2cypher(call: Call) -> Any:
    """``Text2CypherRequest``."""
    return {"input_text": call.facets["query"], **call.parameters, **_asked(call, "conn_str", "seeding")}


def build_input_text(call: Call) -> Any:
    """``InputText``: text that a service takes in its address."""
    return {"input_text": _text(call), **call.parameters}


def build_factuality(call: Call) -> Any:
    """``FactualityDoc``: whether the answer keeps to the passages."""
    return {"reference": "\n\n".join(texts_of(call.facets)), "text": call.facets["answer"], **call.parameters}


PORTS = {
    "DocSumChatCompletionRequest": Port(build=build_summary),
    "ArbPostHearingRequest": Port(build=build_summary),
    "PromptTemplateInput": Port(build=build_template_input, read=read_json),
    "TranslationInput": Port(build=build_translation),
    "Prompt": Port(read=read_prompt),
    "Text2QueryRequest": Port(build=build_text2query),
    "Text2SqlRequest": Port(build=build_text2sql),
    "Text2CypherRequest": Port(build=build_text2cypher),
    "InputText": Port(build=build_input_text, form=True, address=True),
    "FactualityDoc": Port(build=build_factuality),
    "ScoreDoc": Port(read=read_json),
}
