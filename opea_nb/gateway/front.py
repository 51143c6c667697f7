"""The gateway as an ASGI app: a dictionary of endpoints, no framework in the way of a query."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import orjson

from opea_nb.formats import unified
from opea_nb.gateway.compiling import programs
from opea_nb.gateway.config import Config
from opea_nb.gateway.health import Health
from opea_nb.gateway.proxy import Proxy
from opea_nb.gateway.query import Door, Queries
from opea_nb.gateway.remote import Calls
from opea_nb.gateway.replies import Receive, Refused, Scope, Send, error_of, send_json
from opea_nb.gateway.run_store import RunStore
from opea_nb.gateway.runs_api import RunsApi
from opea_nb.pipeline import MAIN

__all__ = ["Gateway"]

_CHAT = "/v1/chat/completions"
_MODELS = "/v1/models"
_RUNS = "/v1/runs"
_GETS = ("/v1/health_check", "/v1/pipeline", _MODELS, _RUNS)


class Gateway:
    """A mega service.

    Parameters
    ----------
    config
        What it is given.

    Raises
    ------
    PlanError
        When a flow cannot run.
    """

    def __init__(self, config: Config) -> None:
        made = programs(config)
        self._doors = {v.whole.endpoint: Door(v, opea=True) for v in made.values()}
        if MAIN in made:
            self._doors[_CHAT] = Door(made[MAIN], opea=False)
        self._name = config.pipeline.name
        self._document = config.document or unified.dumps(config.pipeline)
        self._calls = Calls()
        self._proxy = Proxy(config)
        self.runs = RunStore(config.recording)
        self._runs_api = RunsApi(self.runs)
        self._health = Health(config, self._calls)
        self._queries = Queries(self._calls, self.runs, config.body_limit)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] == "http":
            door = self._doors.get(scope["path"])
            begun = False

            async def told(message: MutableMapping[str, Any]) -> None:
                nonlocal begun
                begun = True
                await send(message)

            try:
                if door is not None and scope["method"] == "POST":
                    await self._queries.answer(door, scope, receive, send)
                else:
                    await self._other(scope, receive, told)
            except Exception as e:  # whatever it is, the client gets JSON that says so
                if begun:
                    raise
                status, error = error_of(e)
                headers = e.headers if isinstance(e, Refused) else ()
                await send_json(send, status, orjson.dumps({"error": error}), headers)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)

    async def _other(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, method = scope["path"], scope["method"].replace("HEAD", "GET")
        if path == "/v1/health_check" and method == "GET":
            status, body = await self._health.check()
            await send_json(send, status, orjson.dumps(body))
        elif (path == _RUNS or path.startswith(_RUNS + "/")) and method == "GET":
            if not await self._runs_api.answer(path, scope, receive, send):
                raise self._unknown(method, path)
        elif path == _MODELS and method == "GET":  # chat clients ask it before anything else
            models = [{"id": self._name, "object": "model", "created": 0, "owned_by": "opea_nb"}]
            await send_json(send, 200, orjson.dumps({"object": "list", "data": models if _CHAT in self._doors else []}))
        elif path == "/v1/pipeline" and method == "GET":
            text = self._document.encode()
            headers = [(b"content-type", b"application/yaml"), (b"content-length", b"%d" % len(text))]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": text})
        elif (service := self._proxy.find(path)) is not None:
            await self._proxy.forward(*service, scope, receive, send)
        else:
            raise self._unknown(method, path)

    def _unknown(self, method: str, path: str) -> Refused:
        allowed = "POST" if path in self._doors else "GET" if path in _GETS or path.startswith(_RUNS + "/") else ""
        if allowed and method != allowed:
            return Refused(405, f"use {allowed} for {path}", headers=[(b"allow", allowed.encode())])
        posts = [f"POST {p}" for p in self._doors] + [f"{p}…" for p in self._proxy.prefixes]
        endpoints = [*posts, *(f"GET {p}" for p in _GETS), "GET /v1/runs/{id}", "GET /v1/runs/{id}/events"]
        return Refused(404, f"there is no {method} {path[:200]}", endpoints=endpoints)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def close(self) -> None:
        """Close every connection to services; again is fine."""
        await self._calls.close()
        await self._proxy.close()
