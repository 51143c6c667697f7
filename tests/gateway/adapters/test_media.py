"""Flows with sound, images and video, through a real gateway and stub services that speak the exact contracts."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs

import pytest

from opea_nb.gateway.adapters import Call, WrongShape, build_of, read_of
from opea_nb.pipeline import Pipeline
from tests.gateway.gateways import Open
from tests.gateway.stubs import completion, reply, stubs

SOUND = base64.b64encode(b"RIFF+/").decode()
ANSWER = completion("A cat.")


async def test_audioqna_calls_its_engines_directly(open_gateway: Open) -> None:
    p = Pipeline("audioqna")
    p.add("asr-whisper", "asr") >> p.add("llm-vllm", "llm") >> p.add("tts-speecht5", "tts")
    answers = {"asr": {"asr_result": "what is it"}, "llm": ANSWER, "tts": {"tts_result": SOUND}}
    async with stubs(**answers) as services, open_gateway(p, services) as client:
        answer = await client.post("/v1/audioqna", json={"audio": SOUND, "max_tokens": 64, "voice": "male"})
    assert services["asr"].got[0].json == {"audio": SOUND}
    assert services["llm"].got[0].json["messages"][-1]["content"] == "what is it"
    assert services["llm"].got[0].json["max_tokens"] == 64
    assert services["tts"].got[0].json == {"text": "A cat.", "voice": "male"}
    assert answer.json() == {"tts_result": SOUND}


async def test_audioqna_calls_wrapped_services_with_forms_and_takes_their_bytes(open_gateway: Open) -> None:
    p = Pipeline("audioqna")
    p.add("asr") >> p.add("llm") >> p.add("tts")
    answers = {"asr": {"text": "what is it"}, "llm": ANSWER, "tts": reply(b"\xff\x00mp3", content_type="audio/mp3")}
    async with stubs(**answers) as services, open_gateway(p, services) as client:
        answer = await client.post("/v1/audioqna", json={"audio": SOUND})
    asked = services["asr"].got[0]
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(asked.body.decode())["file"] == [SOUND]
    assert services["tts"].got[0].json["input"] == "A cat."
    assert base64.b64decode(answer.json()["audio"]) == b"\xff\x00mp3"


async def test_a_face_speaks_what_was_read_aloud(open_gateway: Open) -> None:
    p = Pipeline("avatarchatbot")
    p.add("asr") >> p.add("llm") >> p.add("tts-speecht5", "tts") >> p.add("animation")
    answers = {
        "asr": {"text": "hi"},
        "llm": ANSWER,
        "tts": {"tts_result": SOUND},
        "animation": {"video_path": "/x.mp4"},
    }
    async with stubs(**answers) as services, open_gateway(p, services) as client:
        answer = await client.post("/v1/avatarchatbot", json={"audio": SOUND})
    assert services["animation"].got[0].json == {"byte_str": SOUND}
    assert answer.json() == {"video_path": "/x.mp4"}


@pytest.mark.parametrize(("kind", "missing"), [("asr", "sound"), ("asr-whisper", "sound"), ("image2image", "image")])
async def test_a_request_without_its_sound_or_image_is_refused(open_gateway: Open, kind: str, missing: str) -> None:
    p = Pipeline("media")
    p.add(kind, "step")
    async with stubs(step={}) as services, open_gateway(p, services) as client:
        answer = await client.post("/v1/media", json={"text": "hello"})
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert (error["message"], error["type"]) == (f"the request holds no {missing}", "invalid_request")
    assert "base64" in error["hint"]
    assert services["step"].got == []


@pytest.mark.parametrize("kind", ["text2graph", "text2kg"])
async def test_text_goes_into_the_address_where_a_service_takes_it_there(open_gateway: Open, kind: str) -> None:
    p = Pipeline("graph")
    p.add(kind, "step")
    made = [["Paris", "capital of", "France"]]
    async with stubs(step=made) as services, open_gateway(p, services) as client:
        answer = await client.post("/v1/graph", json={"text": "Paris & more: ü?"})
    asked = services["step"].got[0]
    assert asked.body == b""
    assert asked.path.startswith("/?")
    assert parse_qs(asked.path.partition("?")[2]) == {"input_text": ["Paris & more: ü?"]}
    assert answer.json() == made


async def test_a_setting_of_the_process_is_not_sent(open_gateway: Open) -> None:
    p = Pipeline("embeds")
    p.add("embedding-tei", "embedding", parameters={"model": "BAAI/bge-small-en-v1.5"})
    async with stubs(embedding=[[0.1]]) as services, open_gateway(p, services) as client:
        await client.post("/v1/embeds", json={"text": "hi", "model": "other"})
    assert services["embedding"].got[0].json == {"inputs": "hi"}


async def test_videoqna_asks_the_vision_model_about_the_part_that_was_found(open_gateway: Open) -> None:
    p = Pipeline("videoqna")
    found = p.add("embedding-multimodal", "embedding") >> p.add("retriever-multimodal", "retriever")
    found >> p.add("reranking-video", "reranking") >> p.add("lvm")
    part = {"video_url": "http://x/a.mp4", "chunk_start": 10.0, "chunk_duration": 5.0}
    answers = {
        "embedding": {"text": "Who?", "embedding": [0.1]},
        "retriever": {"retrieved_docs": [{"text": "a"}], "initial_query": "Who?", "metadata": [{"video": "a.mp4"}]},
        "reranking": part | {"prompt": "Who?", "max_new_tokens": 512},
        "lvm": {"text": "A man."},
    }
    async with stubs(**answers) as services, open_gateway(p, services) as client:
        answer = await client.post("/v1/videoqna", json={"text": "Who?", "stream": False})
    assert services["embedding"].got[0].json == {"text": "Who?"}
    assert services["reranking"].got[0].json["metadata"] == [{"video": "a.mp4"}]
    assert services["lvm"].got[0].json == part | {"prompt": "Who?", "max_new_tokens": 512}
    assert answer.json()["choices"][0]["message"]["content"] == "A man."


def test_an_image_comes_from_the_body_or_from_the_conversation() -> None:
    build = build_of("LVMDoc")
    url = {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}}
    talk = [{"role": "user", "content": [{"type": "text", "text": "What?"}, url]}]
    for facets in ({"body": {"images": ["QUJD"]}}, {"body": {"image": "QUJD"}}, {"messages": talk}, {"image": "QUJD"}):
        asked = build(Call({"query": "What?", **facets}, {"top_k": 1}))
        assert asked == {"image": "QUJD", "prompt": "What?", "top_k": 1, "stream": False}


def test_text_and_image_are_embedded_together() -> None:
    build = build_of("MultimodalDoc")
    both = build(Call({"query": "What?", "image": "QUJD"}, {}))
    assert both == {"text": {"text": "What?"}, "image": {"base64_image": "QUJD"}}
    assert build(Call({"query": "", "image": "http://x/a.png"}, {})) == {"url": "http://x/a.png"}


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("WhisperResponse", {"text": "hi"}),
        ("AudioTranscriptionResponse", []),
        ("SpeechT5Response", {"tts_result": None}),
        ("AudioBytes", b""),
        ("VideoPath", {}),
        ("SDOutputs", {"images": []}),
        ("LVMVideoDoc", {"video_url": "x"}),
        ("SearchedMultimodalDoc", {"docs": []}),
        ("Prompt", {"query": 1}),
        ("ScoreDoc", [1]),
    ],
)
def test_a_reply_of_the_wrong_shape_is_told(name: str, body: object) -> None:
    with pytest.raises(WrongShape):
        read_of(name)(body, Call({"query": ""}, {}))


@pytest.mark.parametrize(
    ("name", "facets", "parameters", "body"),
    [
        (
            "DocSumChatCompletionRequest",
            {},
            {"language": "en"},
            {"messages": "Who?", "language": "en", "stream": False},
        ),
        ("Text2QueryRequest", {"body": {"conn_url": "x", "k": 1}}, {}, {"query": "Who?", "conn_url": "x"}),
        (
            "Text2SqlRequest",
            {"body": {"conn_str": {"host": "x"}}},
            {},
            {"input_text": "Who?", "conn_str": {"host": "x"}},
        ),
        ("Text2CypherRequest", {}, {}, {"input_text": "Who?"}),
        (
            "FactualityDoc",
            {"answer": "He.", "documents": [{"text": "a"}, {"text": "b"}]},
            {},
            {"reference": "a\n\nb", "text": "He."},
        ),
        ("TranslationInput", {"answer": "He."}, {"target_language": "fr"}, {"text": "He.", "target_language": "fr"}),
        ("PromptTemplateInput", {"json": {"data": {"a": 1}}}, {}, {"data": {"a": 1}}),
        ("PromptTemplateInput", {"json": {"a": 1}}, {}, {"data": {"a": 1, "initial_query": "Who?"}}),
        ("SDInputs", {"answer": "A cat."}, {"seed": 1}, {"prompt": "A cat.", "seed": 1}),
        ("SDImg2ImgInputs", {"image": "QUJD"}, {}, {"image": "QUJD", "prompt": "Who?"}),
        ("LlavaRequest", {"image": "QUJD"}, {}, {"prompt": "Who?", "img_b64_str": "QUJD"}),
        ("GptSovitsRequest", {}, {"text_language": "en"}, {"text": "Who?", "text_language": "en"}),
    ],
)
def test_a_request_is_built_as_the_service_wants_it(name: str, facets: dict, parameters: dict, body: dict) -> None:
    assert build_of(name)(Call({"query": "Who?", **facets}, parameters)) == body
