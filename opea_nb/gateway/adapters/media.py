"""Sound, images and video: what is sent as base64 text inside JSON, as a form, or comes back as bytes."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from typing import Any

from opea_nb.gateway.adapters.port import Build, Call, Facets, NoInput, Port, Read, WrongShape, spoken

__all__ = ["PORTS", "image_of"]


def _of_client(call: Call, facet: str, keys: Iterable[str]) -> Any:
    """What a step before gave, else what the client sent under one of the keys.

    Raises
    ------
    KeyError
        When there is neither.
    """
    if facet in call.facets:
        return call.facets[facet]
    body = call.facets.get("body")
    for key in keys:
        if isinstance(body, dict) and body.get(key):
            return body[key]
    raise KeyError(facet)


def audio_of(call: Call) -> str:
    """The sound as base64 text.

    Raises
    ------
    NoInput
        When there is none.
    """
    try:
        found = _of_client(call, "audio", ("audio", "file", "byte_str"))
    except KeyError as e:
        found = next(_message_sounds(call.facets.get("messages") or ()), "") or _said_to_be_sound(call.facets)
        if not found:
            hint = "send it as `audio` (base64), as a file of a form, or as a part of a message"
            raise NoInput("the request holds no sound", hint=hint) from e
    return _bare(found)


def image_of(call: Call) -> str:
    """The image as base64 text or URL; empty when there is none."""
    try:
        found = _of_client(call, "image", ("image", "images", "img_b64_str"))
    except KeyError:
        found = next(_message_images(call.facets.get("messages") or ()), "")
    if isinstance(found, list):
        found = found[0] if found else ""
    return _bare(found)


def _bare(found: Any) -> str:
    """What a data URL holds, else the text itself."""
    return str(found).partition(";base64,")[2] or str(found)


def _said_to_be_sound(facets: Facets) -> str:
    """OPEA's DocSum sends sound as the message, and says so."""
    body = facets.get("body")
    return facets.get("query", "") if isinstance(body, dict) and body.get("type") in ("audio", "video") else ""


def _parts(messages: Iterable[Any]) -> Iterator[dict[str, Any]]:
    for message in messages:
        content = message.get("content") if isinstance(message, dict) else None
        for part in content if isinstance(content, list) else ():
            if isinstance(part, dict):
                yield part


def _message_images(messages: Iterable[Any]) -> Iterator[Any]:
    for part in _parts(messages):
        place = part.get("image_url")
        if isinstance(place, dict) and place.get("url"):
            yield place["url"]


def _message_sounds(messages: Iterable[Any]) -> Iterator[Any]:
    for part in _parts(messages):
        given = part.get("input_audio", part.get("audio"))  # OpenAI's part, and that of OPEA's MultimodalQnA
        data = given.get("data") if isinstance(given, dict) else given
        if data:
            yield data


def build_transcription(call: Call) -> Any:
    """``AudioTranscriptionRequest``: the fields of a form."""
    return {"file": audio_of(call), **call.parameters}


def build_whisper(call: Call) -> Any:
    """``WhisperRequest``."""
    return {"audio": audio_of(call), **call.parameters}


def _heard(key: str) -> Read:
    def read(body: Any, call: Call) -> Facets:  # noqa: ARG001  # every read has one signature
        if not isinstance(body, dict) or not isinstance(body.get(key), str):
            raise WrongShape(f"there is no {key}")
        return {"query": body[key]}

    return read


def _read_aloud(key: str) -> Build:
    def build(call: Call) -> Any:
        return {key: spoken(call.facets), **call.parameters}

    return build


def read_bytes(body: Any, call: Call) -> Facets:  # noqa: ARG001  # every read has one signature
    """``AudioBytes``: the reply itself is the sound."""
    if not isinstance(body, bytes) or not body:
        raise WrongShape("there is no sound")
    return {"audio": base64.b64encode(body).decode()}


def read_speecht5(body: Any, call: Call) -> Facets:  # noqa: ARG001  # every read has one signature
    """``SpeechT5Response``."""
    if not isinstance(body, dict) or not isinstance(body.get("tts_result"), str):
        raise WrongShape("there is no tts_result")
    return {"audio": body["tts_result"]}


def build_byte_str(call: Call) -> Any:
    """``Base64ByteStrDoc``."""
    return {"byte_str": audio_of(call), **call.parameters}


def read_video(body: Any, call: Call) -> Facets:  # noqa: ARG001  # every read has one signature
    """``VideoPath``."""
    if not isinstance(body, dict) or not isinstance(body.get("video_path"), str):
        raise WrongShape("there is no video_path")
    return {"video": {"video_path": body["video_path"]}}


def build_drawing(call: Call) -> Any:
    """``SDInputs``."""
    return {"prompt": spoken(call.facets), **call.parameters}


def build_redrawing(call: Call) -> Any:
    """``SDImg2ImgInputs``.

    Raises
    ------
    NoInput
        When there is no image.
    """
    image = image_of(call)
    if not image:
        hint = "send it as `image` (base64), as a file of a form, or as an image_url of a message"
        raise NoInput("the request holds no image", hint=hint)
    prompt = {"prompt": call.facets["query"]} if call.facets.get("query") else {}
    return {"image": image, **prompt, **call.parameters}


def read_images(body: Any, call: Call) -> Facets:  # noqa: ARG001  # every read has one signature
    """``SDOutputs``: the first image is the one that goes on."""
    images = body.get("images") if isinstance(body, dict) else None
    if not isinstance(images, list) or not images or not isinstance(images[0], str):
        raise WrongShape("there is no images[0]")
    return {"image": images[0]}


PORTS = {
    "AudioTranscriptionRequest": Port(build=build_transcription, form=True),
    "AudioTranscriptionResponse": Port(read=_heard("text")),
    "WhisperRequest": Port(build=build_whisper),
    "WhisperResponse": Port(read=_heard("asr_result")),
    "AudioSpeechRequest": Port(build=_read_aloud("input")),
    "SpeechT5Request": Port(build=_read_aloud("text")),
    "SpeechT5Response": Port(read=read_speecht5),
    "GptSovitsRequest": Port(build=_read_aloud("text")),
    "AudioBytes": Port(read=read_bytes, raw=True),
    "Base64ByteStrDoc": Port(build=build_byte_str),
    "VideoPath": Port(read=read_video),
    "SDInputs": Port(build=build_drawing),
    "SDImg2ImgInputs": Port(build=build_redrawing),
    "SDOutputs": Port(read=read_images),
}
