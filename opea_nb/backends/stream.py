"""Server-sent events of an httpx response, whatever pieces they come in."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx

__all__ = ["server_sent"]


async def server_sent(response: httpx.Response) -> AsyncIterator[str]:
    """The ``data`` of each event of `response`, several data lines joined by a newline.

    `httpx.Response.aiter_lines` is no use here: it also splits at characters that JSON text may hold (U+2028, U+0085).
    """
    rest = b""
    data: list[str] = []
    async for piece in response.aiter_bytes():
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            line = line.removesuffix(b"\r")
            if line.startswith(b"data:"):
                data.append(line[5:].removeprefix(b" ").decode("utf-8", "replace"))
            elif not line and data:
                yield "\n".join(data)
                data = []
    if rest.startswith(b"data:"):
        data.append(rest[5:].strip().decode("utf-8", "replace"))
    if data:
        yield "\n".join(data)
