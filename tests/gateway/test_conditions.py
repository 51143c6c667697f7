"""Requests choose: steps with `when`, prompts made of named fields, forms instead of JSON."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from opea_nb.errors import PlanError
from opea_nb.formats import unified
from opea_nb.gateway.compiling import programs
from opea_nb.gateway.config import Config
from opea_nb.pipeline import Pipeline
from tests.gateway.gateways import DOCS, Open
from tests.gateway.stubs import Stub, completion, sse, stubs

SUMMING_UP = """
opea_micro_services:
  asr: {kind: asr-whisper, endpoint: /v1/asr, when: {type: audio}}
  llm: {kind: llm, endpoint: /v1/chat/completions}
opea_mega_service: {name: sums, mega_flow: [asr >> llm]}
"""
SAID = base64.b64encode(b"RIFF sound").decode()
HEARD = {"asr_result": "What is said."}


def _asked(stub: Stub) -> Any:
    return [got.json for got in stub.got]


async def _skipped(client: Any, answer: Any) -> list[tuple[str, str]]:
    events = (await client.get(f"/v1/runs/{answer.headers['x-opea-run']}")).json()["events"]
    return [(e["step"], e["reason"]) for e in events if e["type"] == "step_skipped"]


async def test_a_step_runs_only_for_requests_that_fit_its_condition(open_gateway: Open) -> None:
    p = unified.loads(SUMMING_UP)
    async with stubs(asr=HEARD, llm=completion("Short.")) as services, open_gateway(p, services) as client:
        spoken = await client.post("/v1/sums", json={"type": "audio", "audio": SAID, "stream": False})
        written = await client.post("/v1/sums", json={"type": "text", "text": "What is written.", "stream": False})
        assert await _skipped(client, spoken) == []
        assert await _skipped(client, written) == [("asr", "when: type is audio")]
    assert _asked(services["asr"]) == [{"audio": SAID}]
    assert [r["messages"][-1]["content"] for r in _asked(services["llm"])] == ["What is said.", "What is written."]
    assert [a.json()["choices"][0]["message"]["content"] for a in (spoken, written)] == ["Short.", "Short."]


async def test_a_left_out_last_step_leaves_the_answer_to_the_one_before_and_lets_it_stream(open_gateway: Open) -> None:
    p = Pipeline("voice")
    p.add("llm") >> p.add("tts-speecht5", name="tts")
    p.update("tts", extra={"when": {"voice": {"exists": True}}})
    services = {"llm": sse({"choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}]})}
    async with stubs(**services, tts={"tts_result": "UklG"}) as made, open_gateway(p, made) as client:
        text = await client.post("/v1/voice", json={"text": "Say hi"})
        made["llm"].answer = completion("Hi")
        sound = await client.post("/v1/voice", json={"text": "Say hi", "voice": "male"})
    assert text.text == "data: b'Hi'\n\ndata: [DONE]\n\n"
    assert sound.json() == {"tts_result": "UklG"}
    assert _asked(made["tts"]) == [{"text": "Hi", "voice": "male"}]


async def test_plain_json_passes_a_left_out_step_unchanged(open_gateway: Open) -> None:
    p = Pipeline("toy")
    a, b, c = (p.add("service", name=n, port=9001 + i, endpoint="/") for i, n in enumerate("abc"))
    a >> b >> c
    for name in "ab":
        p.update(name, extra={"when": {"run": name}})
    async with stubs(a={"a": 1}, b={"b": 1}, c={"c": 1}) as services, open_gateway(p, services) as client:
        for body in ({"run": "a"}, {"run": "b"}, {"run": "none", "x": 1}):
            assert (await client.post("/v1/toy", json=body)).json() == {"c": 1}
    assert _asked(services["b"]) == [{"run": "b"}]
    assert _asked(services["c"]) == [{"a": 1}, {"b": 1}, {"run": "none", "x": 1}]


async def test_a_left_out_branch_is_empty_in_prompts_and_no_field_of_the_request_takes_its_place(
    open_gateway: Open,
) -> None:
    p = Pipeline("both")
    db, llm = p.add("text2query", name="db"), p.add("llm")
    p.add("retriever-graph", name="graph") >> llm
    db >> llm
    p.update("db", extra={"when": {"tables": {"not": False}}})
    p.update("llm", parameters={"chat_template": "[{db}] [{context}] {question}"})
    answers = {"db": {"result": "7 cats"}, "graph": {"retrieved_docs": DOCS, "initial_query": "q"}}
    async with stubs(**answers, llm=completion("x")) as services, open_gateway(p, services) as client:
        await client.post("/v1/both", json={"query": "How many?", "stream": False})
        await client.post("/v1/both", json={"query": "How many?", "stream": False, "tables": False, "db": "mine"})
    found = "The box holds a cat.\n\nThe bag holds a dog."
    prompts = [r["messages"][-1]["content"] for r in _asked(services["llm"])]
    assert prompts == [f"[7 cats] [{found}] How many?", f"[] [{found}] How many?"]


async def test_a_request_that_leaves_nothing_or_too_little_is_refused(open_gateway: Open) -> None:
    p = Pipeline("rag")
    p.add("embedding") >> p.add("retriever")
    p.update("embedding", extra={"when": {"mode": ["all", "embed"]}})
    p.update("retriever", extra={"when": {"mode": {"not": "none"}}})
    async with stubs(embedding={}, retriever={}) as services, open_gateway(p, services) as client:
        nothing = await client.post("/v1/rag", json={"query": "q", "mode": "none"})
        too_little = await client.post("/v1/rag", json={"query": "q", "mode": "find"})
    assert [nothing.status_code, too_little.status_code] == [422, 422]
    assert "retriever (when: mode is not none)" in nothing.json()["error"]["message"]
    assert "retriever needs embedding" in too_little.json()["error"]["message"]
    assert "embedding (when: mode is all or embed)" in too_little.json()["error"]["message"]


def test_a_condition_that_is_none_is_told_with_its_service() -> None:
    p = Pipeline("x")
    p.add("llm", url="http://127.0.0.1:1/")
    p.update("llm", extra={"when": "always"})
    with pytest.raises(PlanError, match="llm: `when` is 'always'"):
        programs(Config(p, {}))


TRANSLATE = "Translate this {language_from} into {language_to}: {source}"


def _translation() -> Pipeline:
    p = Pipeline("translation")
    p.add("llm", parameters={"chat_template": TRANSLATE})
    return p


async def test_a_prompt_is_made_of_named_fields_each_put_in_once(open_gateway: Open) -> None:
    body = {"language_from": "{source}", "language_to": 7, "source": "{language_to}", "stream": False}
    async with stubs(llm=completion("x")) as services, open_gateway(_translation(), services) as client:
        assert (await client.post("/v1/translation", json=body)).status_code == 200
    prompt = services["llm"].got[0].json["messages"]
    assert prompt == [{"role": "user", "content": "Translate this {source} into 7: {language_to}"}]


async def test_a_missing_field_is_named(open_gateway: Open) -> None:
    body = {"language_from": "French", "source": {"no": "scalar"}}
    async with stubs(llm=completion("x")) as services, open_gateway(_translation(), services) as client:
        answer = await client.post("/v1/translation", json=body)
    assert answer.status_code == 422
    assert "no language_to and no source" in answer.json()["error"]["message"]


async def test_a_field_never_stands_in_for_the_question_or_what_was_found(open_gateway: Open) -> None:
    p = Pipeline("q")
    p.add("llm", parameters={"chat_template": "{question}/{context}/{style}"})
    body = {"messages": "real", "question": "forged", "context": "forged", "style": "short", "stream": False}
    async with stubs(llm=completion("x")) as services, open_gateway(p, services) as client:
        await client.post("/v1/q", json=body)
    assert services["llm"].got[0].json["messages"][-1]["content"] == "real//short"


async def test_a_form_is_taken_as_the_json_that_it_stands_for(open_gateway: Open) -> None:
    p = unified.loads(SUMMING_UP)
    async with stubs(asr=HEARD, llm=completion("Short.")) as services, open_gateway(p, services) as client:
        files = [("files", ("a.txt", b"One.", "text/plain")), ("files", ("b.md", "Zwölf.".encode(), ""))]
        data = {"type": "text", "messages": "Sum up:", "stream": "false", "max_tokens": "12"}
        assert (await client.post("/v1/sums", data=data, files=files)).status_code == 200
        sound = [("files", ("a.wav", b"RIFF sound", "audio/wav"))]
        await client.post("/v1/sums", data={"type": "audio", "stream": "false"}, files=sound)
        refused = await client.post("/v1/sums", data=data, files=[("files", ("a.pdf", b"%PDF", "application/pdf"))])
        broken = await client.post("/v1/sums", content=b"x", headers={"content-type": "multipart/form-data"})
    first = services["llm"].got[0].json
    assert first["messages"] == [{"role": "user", "content": "Sum up:\n\nOne.\n\nZwölf."}]
    assert first["max_tokens"] == 12
    assert _asked(services["asr"]) == [{"audio": SAID}]
    assert (refused.status_code, broken.status_code) == (415, 400)


@pytest.mark.parametrize(
    "body",
    [
        {"audio": SAID},
        {"type": "audio", "messages": SAID},
        {"audio": f"data:audio/wav;base64,{SAID}"},
        {
            "messages": [
                {"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": SAID, "format": "wav"}}]}
            ]
        },
        {"messages": [{"role": "user", "content": [{"type": "audio", "audio": SAID}]}]},
    ],
)
async def test_sound_is_found_however_clients_send_it(open_gateway: Open, body: dict[str, Any]) -> None:
    p = Pipeline("hear")
    p.add("asr-whisper", name="asr") >> p.add("llm")
    async with stubs(asr=HEARD, llm=completion("x")) as services, open_gateway(p, services) as client:
        answer = await client.post("/v1/hear", json=body | {"stream": False})
    assert answer.status_code == 200, answer.text
    assert _asked(services["asr"]) == [{"audio": SAID}]
    assert services["llm"].got[0].json["messages"][-1]["content"] == "What is said."
