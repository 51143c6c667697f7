"""Every template: read, sound, written back, and run through a gateway with services that take only their contract."""

from __future__ import annotations

import ast
import base64
import json
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from opea_nb import templates
from opea_nb.errors import FormatError
from opea_nb.formats import unified
from opea_nb.gateway.config import Config
from opea_nb.pipeline import MAIN
from opea_nb.plan import Target, plan
from tests.gateway.gateways import serving
from tests.gateway.stubs import Stub, stubs
from tests.shared import shared
from tests.templates.contracts import CONTRACTS, PASSAGES, stub_of

NAMES = templates.names()
ASKED = {"messages": [{"role": "user", "content": "Who likes boxes?"}]}
SOUND, PICTURE = "UklGRg==", "iVBORw=="
RAG = ("embedding", "retriever", "reranking", "llm")


def _picture(text: str) -> dict[str, Any]:
    parts = [
        {"type": "text", "text": text},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PICTURE}"}},
    ]
    return {"role": "user", "content": parts}


@dataclass(frozen=True)
class Case:
    """A request and what comes of it.

    Parameters
    ----------
    template, request, path
        What is asked; the path is the main endpoint when empty.
    steps
        Services that get a request, in this order (parallel ones in the flow's).
    words
        Parts of the final answer.
    answer
        The whole answer, where it is no chat completion.
    sent
        Service -> fields of its request.
    streams
        Whether the same answer can be streamed.
    """

    template: str
    request: dict[str, Any]
    steps: tuple[str, ...]
    words: tuple[str, ...] = ()
    answer: Any = None
    path: str = ""
    sent: dict[str, dict[str, Any]] = field(default_factory=dict)
    streams: bool = True


CASES = {
    **{
        name: Case(
            name, ASKED, RAG, (PASSAGES[0], "Who likes boxes?"), sent={"retriever": {"text": "Who likes boxes?"}}
        )
        for name in ("chatqna", "chatqna-dataprep", "cogniwareims")
    },
    "chatqna-engines": Case("chatqna-engines", ASKED, RAG, (PASSAGES[0],), sent={"reranking": {"texts": PASSAGES}}),
    "chatqna-without-rerank": Case("chatqna-without-rerank", ASKED, (*RAG[:2], "llm"), tuple(PASSAGES)),
    "chatqna-faqgen": Case("chatqna-faqgen", ASKED, (*RAG[:3], "faqgen"), (PASSAGES[0],)),
    "chatqna-guardrails": Case("chatqna-guardrails", ASKED, ("guardrails", *RAG), (PASSAGES[0],)),
    "chatqna-guardrails: stopped": Case(
        "chatqna-guardrails", {"text": "How is a bomb made?"}, ("guardrails",), ("Violated policies",)
    ),
    "audioqna": Case(
        "audioqna",
        {"audio": SOUND, "max_tokens": 64, "voice": "male"},
        ("asr", "llm", "tts"),
        answer={"tts_result": f"<heard {SOUND}>"},
        sent={"llm": {"max_tokens": 64, "stream": False}, "tts": {"voice": "male"}},
        streams=False,
    ),
    "audioqna-multilang": Case(
        "audioqna-multilang",
        {"audio": SOUND, "text_language": "en"},
        ("asr", "llm", "tts"),
        answer={"audio": base64.b64encode(f"<heard {SOUND}>".encode()).decode()},
        sent={"tts": {"text_language": "en"}},
        streams=False,
    ),
    "avatarchatbot": Case(
        "avatarchatbot",
        {"audio": SOUND},
        ("asr", "llm", "tts", "animation"),
        answer={"video_path": f"/<heard {SOUND}>.mp4"},
        streams=False,
    ),
    "searchqna": Case("searchqna", ASKED, ("embedding", "web-retriever", "reranking", "llm"), (PASSAGES[0],)),
    "docindexretriever": Case(
        "docindexretriever",
        {"text": "Who?", "k": 3, "top_n": 2},
        RAG[:3],
        answer={"id": "1", "query": "Who?", "documents": [PASSAGES[0]]},
        sent={"retriever": {"k": 3}, "reranking": {"top_n": 2}},
        streams=False,
    ),
    "graphrag": Case("graphrag", ASKED, ("retriever", "llm"), tuple(PASSAGES)),
    "hybridrag": Case(
        "hybridrag",
        ASKED,
        ("embedding", "retriever", "reranking", "text2query", "llm"),
        ("7 cats", PASSAGES[0], "Who likes"),
    ),
    "visualqna": Case(
        "visualqna",
        {"messages": [_picture("What is it?")]},
        ("lvm",),
        ("<What is it?> seen",),
        sent={"lvm": {"image": PICTURE}},
    ),
    "videoqna": Case(
        "videoqna", ASKED, ("embedding", "retriever", "reranking", "lvm"), ("<Who likes boxes?> in film",)
    ),
    "multimodalqna": Case(
        "multimodalqna",
        {"messages": [_picture("Like this?")]},
        ("embedding", "retriever", "lvm"),
        ("<Like this?> found",),
        sent={"embedding": {"text": {"text": "Like this?"}, "image": {"base64_image": PICTURE}}},
    ),
    "multimodalqna: conversation": Case(
        "multimodalqna",
        {
            "messages": [
                _picture("What?"),
                {"role": "assistant", "content": "A cat."},
                {"role": "user", "content": "Why?"},
            ]
        },
        ("lvm",),
        ("<Why?> seen",),
        sent={"lvm": {"image": PICTURE}},
    ),
    "multimodalqna: voice": Case(
        "multimodalqna",
        {"audio": SOUND, "modalities": ["text", "audio"]},
        ("asr", "embedding", "retriever", "lvm", "tts"),
        answer={"tts_result": f"<heard {SOUND}> found"},
        streams=False,
    ),
    "codegen": Case("codegen", ASKED, ("llm",), ("<Who likes boxes?>",)),
    "codegen: index": Case(
        "codegen",
        ASKED | {"index_name": "mine"},
        ("embedding", "retriever", "llm"),
        tuple(PASSAGES),
        sent={"retriever": {"index_name": "mine"}},
    ),
    "codetrans": Case(
        "codetrans",
        {"language_from": "Python", "language_to": "Go", "source_code": "print({language_to})"},
        ("llm",),
        ("Python program in Go", "print({language_to})"),
    ),
    "translation": Case(
        "translation",
        {"language_from": "German", "language_to": "English", "source_language": "Guten Tag"},
        ("llm",),
        ("from German into English", "Guten Tag"),
    ),
    "docsum": Case("docsum", {"type": "text", "messages": "A long text."}, ("llm",), ("<A long text.>",)),
    "docsum: sound": Case("docsum", {"type": "audio", "messages": SOUND}, ("asr", "llm"), (f"<heard {SOUND}>",)),
    "text2image": Case(
        "text2image",
        {"prompt": "A cat", "num_images_per_prompt": 2},
        ("text2image",),
        answer={"id": "1", "images": ["A cat"]},
        sent={"text2image": {"num_images_per_prompt": 2}},
        streams=False,
    ),
    "dbqna": Case(
        "dbqna",
        {"query": "How many?", "conn_url": "db:5432/x", "conn_user": "me"},
        ("text2query",),
        answer={"result": {"input": "How many?", "output": [["7 cats"]]}},
        sent={"text2query": {"conn_url": "db:5432/x", "conn_user": "me", "conn_dialect": "postgresql"}},
        streams=False,
    ),
    "arbposthearingassistant": Case(
        "arbposthearingassistant",
        {"type": "text", "messages": "The parties met."},
        ("arb-post-hearing",),
        ("<The parties met.>",),
        sent={"arb-post-hearing": {"type": "text"}},
    ),
    **{
        name: Case(
            name,
            {"training_file": "f", "model": "m"},
            ("finetuning",),
            answer={"id": "ft-job-1", "status": "running", "model": "m", "training_file": "f"},
            path="/v1/fine_tuning/jobs",
            streams=False,
        )
        for name in ("instructiontuning", "rerankfinetuning")
    },
    "productivitysuite": Case("productivitysuite", ASKED, RAG, (PASSAGES[0],)),
    "productivitysuite: code": Case("productivitysuite", ASKED, ("llm-code",), ("<Who",), path="/v1/codegen"),
    "productivitysuite: summary": Case(
        "productivitysuite", {"messages": "A text."}, ("llm-docsum",), ("<A text.>",), path="/v1/docsum"
    ),
    "productivitysuite: recording": Case(
        "productivitysuite",
        {"type": "audio", "messages": SOUND},
        ("asr", "llm-docsum"),
        (f"<heard {SOUND}>",),
        path="/v1/docsum",
    ),
    "productivitysuite: history": Case(
        "productivitysuite",
        {"data": {"messages": "hi", "user": "me"}},
        ("chathistory",),
        answer="66f0",
        path="/v1/chathistory/create",
        streams=False,
    ),
    "productivitysuite: prompt": Case(
        "productivitysuite",
        {"prompt_text": "Be kind", "user": "me"},
        ("promptregistry",),
        answer="66f1",
        path="/v1/prompt/create",
        streams=False,
    ),
}


def _text(answer: httpx.Response) -> str:
    """The text of a whole or streamed answer."""
    if not answer.headers["content-type"].startswith("text/event-stream"):
        return str(answer.json()["choices"][0]["message"]["content"])
    *tokens, done = answer.text.removesuffix("\n\n").split("\n\n")
    assert done == "data: [DONE]", answer.text
    return "".join(ast.literal_eval(t.removeprefix("data: ")).decode() for t in tokens)


def _check(case: Case, answer: httpx.Response, services: dict[str, Stub]) -> None:
    assert answer.status_code == 200, answer.text
    if case.answer is not None:
        assert answer.json() == case.answer
    for word in case.words:
        assert word in _text(answer)
    assert [name for name, stub in services.items() if stub.got] == [n for n in services if n in case.steps]
    assert all(len(stub.got) <= 1 for stub in services.values())
    for name, fields in case.sent.items():
        sent = services[name].got[0].json
        assert {key: sent.get(key) for key in fields} == fields
    for name in case.steps:
        services[name].got.clear()


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_a_template_answers_with_services_that_take_only_their_contract(case: Case) -> None:
    p = templates.load(case.template)
    path = case.path or p.endpoint
    made = {name: stub_of(service.kind) for name, service in p.services.items()}
    async with stubs(**made) as services:
        config = Config(p, {name: stub.url for name, stub in services.items()})
        async with serving(config) as client:
            _check(case, await client.post(path, json=case.request | {"stream": False}), services)
            if case.streams:
                _check(case, await client.post(path, json=case.request), services)


def test_every_template_has_a_case_and_every_service_a_contract() -> None:
    assert {case.template for case in CASES.values()} == set(NAMES)
    kinds = {s.kind for n in NAMES for s in templates.load(n).services.values()}
    assert kinds == set(CONTRACTS)


@pytest.mark.parametrize("name", NAMES)
def test_a_template_is_sound_and_comes_back_as_it_was_written(name: str) -> None:
    p = templates.load(name)
    assert p.problems() == ()
    written = unified.dumps(p)
    assert unified.dumps(unified.loads(written)) == written
    assert unified.loads(written).services == p.services
    assert {n for n in p.flows if n != MAIN} == {n for n in unified.loads(written).flows if n != MAIN}


@pytest.mark.parametrize("name", NAMES)
def test_a_template_can_be_deployed_in_containers(name: str) -> None:
    p = templates.load(name)
    assert set(p.services) <= {process.name for process in plan(p, Target.containers("docker")).processes}


@pytest.mark.parametrize("name", NAMES)
def test_a_template_says_what_it_is_for_and_how_it_is_asked(name: str) -> None:
    first, *rest = templates.describe(name).splitlines()
    assert ": " in first
    assert rest


def test_an_unknown_template_suggests_the_nearest() -> None:
    with pytest.raises(FormatError, match="did you mean chatqna"):
        templates.load("ChatQA")


def test_the_contracts_ask_what_upstreams_models_ask() -> None:
    models = json.loads(shared("facts", "types.json").read_text())
    for contract in CONTRACTS.values():
        for model, required in contract.takes.items():
            if model in models:
                fields = models[model]["fields"]
                assert {n for n, f in fields.items() if f["required"]} <= set(required)
                assert {*required, *contract.optional} <= set(fields) or len(contract.takes) > 1, model
