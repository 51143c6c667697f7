"""Requests that are forms (``multipart/form-data``), as JSON: fields by name, text files as text, others as base64."""

from __future__ import annotations

import base64
import io
from typing import Any

import orjson
import python_multipart
from python_multipart.exceptions import FormParserError

from opea_nb.gateway.replies import Refused

__all__ = ["form_request"]

_TEXT = (".txt", ".md", ".csv", ".json", ".html", ".xml", ".rst", ".py")
_MEDIA = {"audio": (".wav", ".mp3", ".m4a", ".ogg", ".flac"), "video": (".mp4", ".webm", ".mov", ".avi")}
_IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".webp")
_ASKING = ("messages", "text", "query", "input", "prompt")


def form_request(content_type: str, body: bytes) -> bytes:
    r"""The JSON that the same request would be.

    Text files become part of ``messages``; sound becomes ``audio``, a film ``video``, a picture ``image``, each as
    base64. Numbers, true and false are taken as such, except where a question stands.

    Raises
    ------
    Refused
        400 for what is no form, 415 for a file of another type.

    >>> part = b'--x\r\nContent-Disposition: form-data; name="stream"\r\n\r\nfalse\r\n--x--\r\n'
    >>> form_request("multipart/form-data; boundary=x", part)
    b'{"stream":false}'
    """
    fields: list[python_multipart.multipart.Field] = []
    files: list[python_multipart.multipart.File] = []
    headers = {"Content-Type": content_type.encode("latin-1"), "Content-Length": b"%d" % len(body)}
    try:
        python_multipart.parse_form(headers, io.BytesIO(body), fields.append, files.append)
        request: dict[str, Any] = {}
        for field in fields:
            name = (field.field_name or b"").decode("utf-8", "replace")
            request[name] = _value(name, (field.value or b"").decode("utf-8", "replace"))
        texts: list[str] = []
        for file in files:
            _file(file, request, texts)
    except (FormParserError, ValueError) as e:
        raise Refused(400, f"the form cannot be read: {e}") from e
    finally:
        for file in files:
            file.close()
    if texts:
        asked = next((key for key in _ASKING if isinstance(request.get(key), str) and request[key]), "messages")
        request[asked] = "\n\n".join([*([request[asked]] if asked in request else []), *texts])
    return orjson.dumps(request)


def _value(name: str, text: str) -> Any:
    if (name == "messages" and text.lstrip()[:1] != "[") or name in _ASKING[1:]:
        return text
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {"true": True, "false": False}.get(text.lower(), text)
    return value if isinstance(value, bool | int | float | list) else text


def _file(file: python_multipart.multipart.File, request: dict[str, Any], texts: list[str]) -> None:
    name = (file.file_name or b"").decode("utf-8", "replace")
    if not name and not file.size:
        return  # how a browser sends a field for files that was left empty
    ending = "." + name.rpartition(".")[2].lower()
    file.file_object.seek(0)
    data = file.file_object.read()
    kind = str(getattr(file, "content_type", "") or "").partition("/")[0]
    if ending in _TEXT or kind == "text":
        texts.append(data.decode("utf-8", "replace"))
        return
    found = [facet for facet, endings in {**_MEDIA, "image": _IMAGES}.items() if ending in endings or kind == facet]
    if not found:
        raise Refused(415, f"{name[:200]!r} is no text, sound, film or picture", hint="send its text instead")
    request[found[0]] = base64.b64encode(data).decode()
