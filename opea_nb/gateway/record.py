"""What of a request or reply is kept in a trace, and how it is shown: bounded, shortened, without secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

__all__ = ["Recording", "mode_of"]

Mode = Literal["bodies", "none", "off"]

# "max_tokens" and "prompt_tokens" are no secrets: a word must end the key
_SECRET_KEY = re.compile(r"(?i)(api[_-]?key|authorization|secret|passw(or)?d|(^|[_-])token|[a-z]Token)$")
_HIDDEN = "[redacted]"
_NUMBERS = 8
_DEPTH = 100  # levels that are shown: JSON can be written no deeper than 254


@dataclass(frozen=True, slots=True)
class Recording:
    """How much is recorded.

    Parameters
    ----------
    mode
        ``bodies``: everything; ``none``: events without bodies and texts; ``off``: no events at all.
    limit
        Bytes of each body that are kept.
    secrets
        Values that are never shown, wherever they turn up.
    """

    mode: Mode = "bodies"
    limit: int = 32 * 1024
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def kept(self, body: bytes) -> bytes:
        """What of a body may stay in memory: its beginning, without secrets."""
        for secret in self.secrets:
            if (value := secret.encode()) in body:
                body = body.replace(value, _HIDDEN.encode())
        start = body[: self.limit]
        return _hide_in_text(start.decode("utf-8", "replace")).encode() if _suspect(start) else start

    def hide(self, text: str) -> str:
        """The text without the secrets' values."""
        for secret in self.secrets:
            if secret in text:
                text = text.replace(secret, _HIDDEN)
        return text

    def shown(self, body: bytes | None, size: int) -> Any:
        """A kept body as JSON for people: secrets hidden, vectors shortened; text when it is no JSON or was cut."""
        if body is None:
            return None
        text = self.hide(body.decode("utf-8", "replace"))
        if size > self.limit:
            return {"truncated": True, "size": size, "start": _hide_in_text(text)}
        try:
            return _shorten(orjson.loads(text))
        except orjson.JSONDecodeError:
            return _hide_in_text(text)

    def visible(self, value: Any) -> Any:
        """Any JSON value without secrets."""
        return _shorten(orjson.loads(self.hide(orjson.dumps(value).decode())))


def _suspect(body: bytes) -> bool:
    # Plain searches for the ends of such keys: a hundredth of the cost of a pattern, on bodies that hold none of them.
    low = body.lower()
    return b'key"' in low or b'token"' in low or b'secret"' in low or b"passw" in low or b'authorization"' in low


def _hide_in_text(text: str) -> str:
    pattern = (
        r'(?i)("[^"\\]{0,64}?(?:api[_-]?key|authorization|secret|passw(?:or)?d|token)"\s*:\s*)'
        r'(?:"(?:[^"\\]|\\.)*"?|[\w.+-]+)'
    )
    return re.sub(pattern, rf'\1"{_HIDDEN}"', text)


def _shorten(value: Any, depth: int = 0) -> Any:
    if depth > _DEPTH and isinstance(value, dict | list):
        return "…"
    if isinstance(value, dict):
        return {k: _HIDDEN if v and _SECRET_KEY.search(k) else _shorten(v, depth + 1) for k, v in value.items()}
    if isinstance(value, list):
        if len(value) > 2 * _NUMBERS and all(isinstance(x, int | float) for x in value):
            return [*value[:_NUMBERS], f"… {len(value)} numbers"]
        return [_shorten(x, depth + 1) for x in value]
    return value


def mode_of(text: str) -> Mode:
    """The mode that ``OPEA_NB_RECORD`` names; anything unknown records no bodies."""
    return "bodies" if text in ("", "bodies") else "off" if text == "off" else "none"


def usable(secrets: Iterable[str]) -> tuple[str, ...]:
    """Those long enough to be told from ordinary text, the longest first."""
    return tuple(sorted({s for s in secrets if len(s) >= 6}, key=len, reverse=True))
