"""The server-sent-event dialects of OPEA's services, read however the bytes are split, and the two that we speak.

====  =============================================================================================
F1    ``data: b'tok'``: the repr of the token's UTF-8 bytes (OPEA's mega services)
F2    ``data: {"choices":[{"delta":{"content": …}}]}`` (OpenAI chat chunks)
F3    ``data: {"choices":[{"text": …}]}`` (OpenAI completions)
F4    ``data: {"ops":[{"path":"/streamed_output/-","value": …}]}`` (OPEA's docsum and faqgen)
F5    raw lines, and ``data: {'agent': {'messages': [AIMessage(content=…)]}}`` or ``data: 'text'`` (OPEA's agents)
F6    a line ``{'video_url': …}`` and then bare text to the end of the bytes (OPEA's video-llama)
====  =============================================================================================

F1 to F5 end with ``data: [DONE]``; a ``finish_reason`` is an end as well.
"""

from __future__ import annotations

import ast
import codecs
from collections.abc import Mapping

import orjson

from opea_nb.gateway.agent_events import answer_in, is_working, quoted

__all__ = ["DONE", "StreamError", "TokenReader", "chat_chunk", "error_event", "opea_chunk", "whole_text"]

DONE = b"data: [DONE]\n\n"
_VIDEO = b"{'video_url'"
_BOM = b"\xef\xbb\xbf"  # may stand before a stream, and is no part of it
_MAX_EVENT = 8 * 1024 * 1024


class StreamError(Exception):
    """An event that says the service failed, or that cannot be read."""


class TokenReader:
    r"""Reads the text out of a stream of any of these dialects.

    >>> reader = TokenReader()
    >>> reader.feed(b"data: b'Hel'\n\ndata: {\"choices\":[{\"del"), reader.feed(b'ta":{"content":"lo"}}]}\n\n')
    (['Hel'], ['lo'])
    >>> reader.feed(b"data: [DONE]\n\n"), reader.done
    ([], True)
    """

    __slots__ = (
        "_fresh",
        "_held",
        "_line",
        "_parts",
        "_skip_lf",
        "_text",
        "_working",
        "done",
        "events",
        "finish_reason",
        "usage",
    )

    def __init__(self) -> None:
        self.done = False
        self.finish_reason = ""
        self.usage: Mapping[str, object] | None = None
        self.events = 0
        self._fresh = True
        self._line = b""
        self._parts: list[bytes] = []
        self._skip_lf = False
        self._held = ""  # what an agent wrote last, which is its answer if it writes no more
        self._working = False  # whether it is an agent's stream
        self._text: codecs.IncrementalDecoder | None = None  # of bare text, once a stream has shown that it is F6

    def feed(self, data: bytes) -> list[str]:
        """Take the next bytes; the tokens that they complete.

        Raises
        ------
        StreamError
            When an event reports an error or is none of the dialects.
        """
        tokens: list[str] = []
        if self._text is not None:
            return [text] if (text := self._text.decode(data)) else []
        if self._skip_lf and data:
            if data[:1] == b"\n":
                data = data[1:]
            self._skip_lf = False
        data = self._line + data
        if self._fresh and data:
            if _BOM.startswith(data[:3]) and len(data) < len(_BOM):
                self._line = data  # its other bytes may follow
                return tokens
            self._fresh = False
            data = data.removeprefix(_BOM)
        if not self.events and data.startswith(_VIDEO) and b"\n" in data:
            self._text = codecs.getincrementaldecoder("utf-8")("replace")
            self._line, rest = b"", data.partition(b"\n")[2]
            return self.feed(rest)
        if len(data) > _MAX_EVENT or sum(map(len, self._parts)) > _MAX_EVENT:
            raise StreamError(f"one event is over {_MAX_EVENT} bytes")
        if b"\r" in data:
            # a CR may be the first half of CRLF: whether it is, only the next byte tells
            self._skip_lf = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, self._line = data.split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                self._parts.append(line[6:] if line.startswith(b"data: ") else line[5:])
            elif not line and self._parts:
                payload = b"\n".join(self._parts)
                self._parts = []
                self._event(payload, tokens)
            elif line:
                self._working = self._working or is_working(line)
        return tokens

    def finish(self) -> list[str]:
        """The end of the bytes: tokens of a last event that was not closed by an empty line."""
        if self._text is not None:
            self.done = True
            return [text] if (text := self._text.decode(b"", final=True)) else []
        return self.feed(b"\n\n") if self._line or self._parts else []

    @property
    def complete(self) -> bool:
        """Whether the stream said that it is at its end."""
        return self.done or bool(self.finish_reason)

    def _event(self, payload: bytes, tokens: list[str]) -> None:
        if self.done:
            return  # nothing belongs to the answer once it is at its end
        self.events += 1
        text = payload.strip()
        if text == b"[DONE]":
            self.done = True
            if self._held:
                tokens.append(self._held)
        elif text[:2] in (b"b'", b'b"'):
            tokens.append(_unrepr(text))
        elif text[:1] == b"{":
            try:
                chunk = orjson.loads(text)
            except orjson.JSONDecodeError as e:
                if (written := answer_in(text)) is not None:
                    self._held = written or self._held
                    return
                raise StreamError(f"an event is no JSON ({e}): {_start(text)}") from e
            self._chunk(chunk, text, tokens)
        elif (whole := quoted(text)) is not None:
            self._held = whole
        elif text and not self._working:
            raise StreamError(f"an event is of no known dialect: {_start(text)}")

    def _chunk(self, chunk: dict[str, object], text: bytes, tokens: list[str]) -> None:
        choices = chunk.get("choices")
        if chunk.get("error") or chunk.get("object") == "error":  # some say so in a chunk like all others
            raise StreamError(_message(chunk))
        if isinstance(choices, list):
            for choice in choices[:1]:
                if not isinstance(choice, dict):
                    raise StreamError(f"an event has a choice that is no object: {_start(text)}")
                delta = choice.get("delta")
                token = delta.get("content") if isinstance(delta, dict) else choice.get("text")
                if isinstance(token, str) and token:
                    tokens.append(token)
                if isinstance(choice.get("finish_reason"), str):
                    self.finish_reason = choice["finish_reason"]
        elif isinstance(chunk.get("ops"), list):
            for op in chunk["ops"]:  # type: ignore[attr-defined]  # a list: the line above looked
                # other paths repeat the same text
                if isinstance(op, dict) and op.get("path") == "/streamed_output/-":
                    value = op.get("value")
                    if isinstance(value, str) and value:
                        tokens.append(value)
        elif chunk.get("detail"):
            raise StreamError(_message(chunk))
        if isinstance(chunk.get("usage"), dict):
            self.usage = chunk["usage"]  # type: ignore[assignment]  # a dict: the line above looked


def _unrepr(text: bytes) -> str:
    try:
        value = ast.literal_eval(text.decode("ascii"))
        return value.decode() if isinstance(value, bytes) else str(value)
    except (ValueError, SyntaxError):
        # upstream's own fake streams put the text between b' and ' without escaping it
        return text[2:-1].decode("utf-8", "replace")


def _message(chunk: Mapping[str, object]) -> str:
    error = chunk.get("error") or chunk.get("message") or chunk.get("detail")
    if isinstance(error, dict):
        error = error.get("message") or error
    return f"the stream reports an error: {error}"


def _start(text: bytes) -> str:
    return text[:200].decode("utf-8", "replace")


def whole_text(body: bytes) -> str:
    r"""The text of a whole stream, from a service that streams whatever it is asked for; empty for anything else.

    >>> whole_text(b"{'video_url': 'http://x/1.mp4'}\nA cat.")
    'A cat.'
    >>> whole_text(b"data: b'A '\n\ndata: b'cat.'\n\ndata: [DONE]\n\n"), whole_text(b"data: b'A '\n\n")
    ('A cat.', '')
    """
    if not body.startswith((_VIDEO, b"data:")):
        return ""
    reader = TokenReader()
    try:
        tokens = reader.feed(body) + reader.finish()
    except StreamError:
        return ""
    return "".join(tokens).strip() if reader.complete else ""


def opea_chunk(token: str) -> bytes:
    r"""A token in F1, as OPEA's mega services write it.

    >>> opea_chunk("it's\n")
    b'data: b"it\'s\\n"\n\n'
    """
    return b"data: %b\n\n" % repr(token.encode()).encode("ascii")


def chat_chunk(run: str, model: str, created: int, delta: Mapping[str, str], finish_reason: str = "") -> bytes:
    """A chat completion chunk (F2)."""
    chunk = {
        "id": f"chatcmpl-{run}",
        "object": "chat.completion.chunk",
        "created": created,
        "model": model,
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason or None}],
    }
    return b"data: %b\n\n" % orjson.dumps(chunk)


def error_event(error: Mapping[str, object]) -> bytes:
    """What ends a stream that cannot go on; no ``[DONE]`` follows."""
    return b"data: %b\n\n" % orjson.dumps({"error": error})
