"""Calls to a deployment's gateway, the same for every backend."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import secrets
import weakref
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any

import httpx

from opea_nb.backends.answer import Answer, Run
from opea_nb.backends.documents import Documents
from opea_nb.backends.refusals import gateway_error, raise_for
from opea_nb.backends.runstate import RunState, apply
from opea_nb.backends.stream import server_sent
from opea_nb.errors import DeployError, RunError
from opea_nb.gateway.events import Event, from_dict
from opea_nb.gateway.sse import TokenReader

__all__ = ["Gateway", "OnState", "Question"]

Question = str | Sequence[Mapping[str, Any]]
"""A question, or a conversation as a list of OpenAI chat messages."""

OnState = Callable[[RunState], None]
"""Called after each event of a run, on the thread of the event loop that queries."""

_CHAT = "/v1/chat/completions"
_SETTLE = 10.0  # seconds for the last events of a run after its answer
_log = logging.getLogger("opea_nb")


class Gateway:
    """The calls to one gateway.

    Parameters
    ----------
    url
        ``http://host:port``.
    token
        Bearer token; it is in no repr and no message.
    """

    def __init__(self, url: str, token: str = "") -> None:
        self.url = url.rstrip("/")
        self._headers = {"authorization": f"Bearer {token}"} if token else {}
        self._clients: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, httpx.AsyncClient] = (
            weakref.WeakKeyDictionary()
        )
        self.documents = Documents(self.request)

    def __repr__(self) -> str:
        return "<gateway>"

    @property
    def _client(self) -> httpx.AsyncClient:
        loop = asyncio.get_running_loop()  # a connection belongs to the loop that opened it
        client = self._clients.get(loop)
        if client is None:
            # no proxy from the environment: the gateway is on this machine; no read limit: models are slow
            timeout = httpx.Timeout(None, connect=10.0)
            client = httpx.AsyncClient(base_url=self.url, headers=self._headers, timeout=timeout, trust_env=False)
            self._clients[loop] = client
        return client

    async def aclose(self) -> None:
        """Close the connections that the running loop opened; doing it again changes nothing."""
        client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.aclose()

    async def query(
        self,
        question: Question,
        *,
        endpoint: str = _CHAT,
        stream: bool = True,
        on_state: OnState | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - a limit that callers give
        **parameters: Any,
    ) -> Answer:
        """Ask, and follow the run until the answer is complete. Cancelling this cancels the run.

        Parameters
        ----------
        question
            Text, or chat messages.
        endpoint
            URL path of the flow to run; default: the main flow.
        stream
            Whether the answer is sent as it is made.
        on_state
            Told after each event.
        timeout
            Seconds for the whole answer; ``None`` waits as long as the gateway does.
        parameters
            Sent with the request: ``max_tokens``, ``temperature``, ``k``, ``top_n`` …

        Raises
        ------
        StepFailed
            With step, URL, status and the first lines of the body.
        RunError
            When the query failed otherwise, or took longer than `timeout`.
        DeployError
            When the gateway does not answer or refuses the token.
        """
        run_id = secrets.token_hex(16)
        messages = [{"role": "user", "content": question}] if isinstance(question, str) else list(question)
        body = {"messages": messages, "stream": stream, **parameters}
        events: list[Event] = []
        following = asyncio.create_task(self._collect(run_id, events, on_state))
        try:
            async with asyncio.timeout(timeout):
                text = await self._answer(endpoint, body, run_id)
        except TimeoutError as e:
            await _settled(following, 2.0)
            raise RunError(
                f"no answer from {self.url}{endpoint} in {timeout:g} s",
                run_id=run_id,
                hint="give it a longer timeout, or fewer max_tokens",
            ) from e
        except RunError as e:
            if e.run_id:  # a run there was: let on_state see how it ended
                await _settled(following, 2.0)
            raise
        else:
            await _settled(following, _SETTLE)
        finally:
            following.cancel()
        return Answer(text, Run.of(events))

    async def _answer(self, endpoint: str, body: Mapping[str, Any], run_id: str) -> str:
        headers = {"traceparent": f"00-{run_id}-{secrets.token_hex(8)}-01"}
        try:
            async with self._client.stream("POST", endpoint, json=body, headers=headers) as response:
                if response.status_code != 200:
                    await response.aread()
                    raise_for(response)
                if not response.headers.get("content-type", "").startswith("text/event-stream"):
                    return _text_of(json.loads(await response.aread()))
                return await self._streamed(response, run_id)
        except httpx.TransportError as e:
            raise self._unreachable(e) from e

    async def _streamed(self, response: httpx.Response, run_id: str) -> str:
        parts: list[str] = []
        reader = TokenReader()  # a flow's own endpoint speaks OPEA's dialect, /v1/chat/completions OpenAI's
        async for data in server_sent(response):
            if data.startswith('{"error"'):  # told apart here: it names the step
                raise gateway_error(json.loads(data)["error"], run_id, str(response.url))
            parts += reader.feed(f"data: {data}\n\n".encode())
            if reader.done:
                return "".join(parts)
        raise RunError(
            f"the answer of {response.url} ended before it was complete",
            run_id=run_id,
            hint="the gateway was restarted or stopped: see its status and logs",
        )

    async def _collect(self, run_id: str, events: list[Event], on_state: OnState | None) -> None:
        state = RunState()
        try:
            async with contextlib.aclosing(self.follow(run_id)) as following:
                async for event in following:
                    events.append(event)
                    state = apply(state, event)
                    if on_state is not None:
                        on_state(state)
        except (DeployError, RunError) as e:  # the answer itself says what went wrong; a lost trace must not hide it
            _log.warning("the steps of run %s could not be followed: %s", run_id, e)

    async def follow(self, run_id: str, after: int = 0, *, attempts: int = 3) -> AsyncGenerator[Event, None]:
        """The events of a run, live until it ends. A lost connection is taken up again where it broke.

        Parameters
        ----------
        after
            Number of the last event that is known; 0 for none.
        attempts
            How often to connect before giving up.
        """
        while True:
            try:
                path = f"/v1/runs/{run_id}/events"
                async with self._client.stream("GET", path, params={"after": after}) as response:
                    if response.status_code != 200:
                        await response.aread()
                        raise_for(response)
                    async for data in server_sent(response):
                        event = from_dict(json.loads(data))
                        after = event.seq
                        yield event
                return
            except httpx.TransportError as e:
                attempts -= 1
                if attempts <= 0:
                    raise self._unreachable(e) from e

    async def run(self, run_id: str) -> Run:
        """A recorded run; `RunError` when the gateway does not remember it."""
        data = await self.request("GET", f"/v1/runs/{run_id}")
        return Run.of(from_dict(e) for e in data["events"])

    async def runs(self) -> tuple[Mapping[str, Any], ...]:
        """The runs that the gateway remembers, newest first: id, flow, state, started, elapsed, error."""
        return tuple((await self.request("GET", "/v1/runs"))["runs"])

    async def request(self, method: str, path: str, **content: Any) -> Any:
        """Send one request and return the JSON of its response."""
        try:
            response = await self._client.request(method, path, **content)
        except httpx.TransportError as e:
            raise self._unreachable(e) from e
        if response.status_code != 200:
            raise_for(response)
        return response.json()

    def _unreachable(self, error: httpx.TransportError) -> DeployError:
        what = str(error) or type(error).__name__
        return DeployError(
            f"the gateway at {self.url} does not answer: {what}", service="gateway", hint="see its status and its log"
        )


def _text_of(body: Mapping[str, Any]) -> str:
    """The answer's text in a body that is not streamed; any other JSON as it is."""
    choices = body.get("choices") or ()
    message = choices[0].get("message", {}) if choices else {}
    content = message.get("content", body.get("text"))
    return content if isinstance(content, str) else json.dumps(body, ensure_ascii=False)


async def _settled(task: asyncio.Task[None], seconds: float) -> None:
    """Let `task` end by itself for so long; then end it."""
    await asyncio.wait({task}, timeout=seconds)
    if not task.done():
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    elif not task.cancelled() and (error := task.exception()) is not None:
        raise error  # a callback of the caller's raised it
