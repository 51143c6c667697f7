"""The runs over HTTP: a list, one of them, and one of them live."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import TypeVar
from urllib.parse import parse_qs

import orjson

from opea_nb.gateway.replies import Receive, Refused, Scope, Send, send_json
from opea_nb.gateway.run_store import RunStore
from opea_nb.gateway.runs import Run

__all__ = ["RunsApi"]

_KEEP_ALIVE = 15.0  # seconds between comments on a quiet stream, so that nothing between cuts it
_MAX_WAIT = 300.0
T = TypeVar("T")


class RunsApi:
    """``/v1/runs``, ``/v1/runs/{id}``, ``/v1/runs/{id}/events``."""

    def __init__(self, runs: RunStore) -> None:
        self._runs = runs

    async def answer(self, path: str, scope: Scope, receive: Receive, send: Send) -> bool:
        """Serve a GET of a path below ``/v1/runs``; whether there is such a path."""
        parts = path.strip("/").split("/")[2:]
        query = {k: v[-1] for k, v in parse_qs(scope["query_string"].decode("latin-1")).items()}
        if not parts:
            limit = int(_number(query, "limit", 100, 0, 10000))
            runs = [run.summary() for run in self._runs.newest(limit)]
            await send_json(send, 200, orjson.dumps({"runs": runs}))
        elif len(parts) == 1:
            run = self._known(parts[0], self._runs.get(parts[0]))
            body = {"id": run.id, "state": run.state, "events": list(run.events())}
            await send_json(send, 200, orjson.dumps(body))
        elif parts[1:] == ["events"]:
            seconds = _number(query, "wait", 10, 0, _MAX_WAIT)
            after = _number(query, "after", 0, 0, 1 << 53)
            for key, value in scope["headers"]:
                if key == b"last-event-id":
                    after = _number({"Last-Event-ID": value.decode("latin-1")}, "Last-Event-ID", 0, 0, 1 << 53)
            found = await _unless_gone(self._runs.wait_for(parts[0], seconds), receive)
            await self._follow(self._known(parts[0], found), int(after), receive, send)
        else:
            return False
        return True

    def _known(self, run_id: str, run: Run | None) -> Run:
        if run is None:
            why = " (runs are not recorded)" if self._runs.recording.mode == "off" else ""
            raise Refused(404, f"no run {run_id[:64]!r}{why}")
        return run

    async def _follow(self, run: Run, after: int, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})

        async def write() -> None:
            seq = after
            while True:
                rows = []
                for event in run.events(seq):
                    rows.append(b"id: %d\ndata: %b\n\n" % (event["seq"], orjson.dumps(event)))
                    seq = event["seq"]
                    if len(rows) == 256:
                        break
                if rows:
                    await send({"type": "http.response.body", "body": b"".join(rows), "more_body": True})
                elif run.over:
                    return
                elif not await run.more(seq, _KEEP_ALIVE):
                    await send({"type": "http.response.body", "body": b": waiting\n\n", "more_body": True})

        await _unless_gone(write(), receive)
        await send({"type": "http.response.body", "body": b""})


async def _unless_gone(work: Coroutine[object, object, T], receive: Receive) -> T | None:
    """The work's result; ``None`` when the client went away before it was done."""
    doing = asyncio.ensure_future(work)

    async def watch() -> None:
        while (await receive())["type"] != "http.disconnect":
            continue
        doing.cancel()

    watching = asyncio.ensure_future(watch())
    try:
        await asyncio.wait([doing])
        return None if doing.cancelled() else doing.result()
    finally:
        doing.cancel()
        watching.cancel()


def _number(query: Mapping[str, str], name: str, default: float, low: float, high: float) -> float:
    text = query.get(name, "")
    try:
        number = float(text) if text else default
    except ValueError as e:
        raise Refused(400, f"{name}={text[:40]!r} is no number") from e
    if not low <= number <= high:
        raise Refused(400, f"{name}={text[:40]!r} is out of range: {low:g} to {high:g}")
    return number
