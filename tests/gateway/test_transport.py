"""Both ways to call a service behave the same: kept connections over plain HTTP, and pyreqwest for the rest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from opea_nb.errors import PlanError
from opea_nb.gateway.remote import Remote
from opea_nb.gateway.transport import CallFailed, Timeouts, Transport, target
from opea_nb.gateway.wire import Wire
from tests.gateway.stubs import Got, Stub, reply, sse, stubs

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture(params=[Wire, Remote])
async def transport(request: pytest.FixtureRequest) -> AsyncIterator[Transport]:
    made: Transport = request.param()
    yield made
    await made.close()


async def hang(got: Got) -> None:
    await asyncio.Event().wait()


async def test_a_call_carries_its_headers_and_brings_the_reply(transport: Transport) -> None:
    async with stubs(s=Stub(reply({"detail": "no"}, 422), path="/v1/x?y=1")) as s:
        to = target(s["s"].url, bearer="key")
        status, content_type, body = await transport.fetch(to, b'{"a":1}', PARENT, "v=1")
    got = s["s"].got[0]
    assert (status, content_type, body) == (422, "application/json", b'{"detail": "no"}')
    assert (got.method, got.path, got.body) == ("POST", "/v1/x?y=1", b'{"a":1}')
    assert got.headers["authorization"] == "Bearer key"
    assert (got.headers["traceparent"], got.headers["tracestate"]) == (PARENT, "v=1")
    assert "key" not in repr(to)


async def test_a_stream_is_read_to_its_end(transport: Transport) -> None:
    async with stubs(s=sse(b"x" * 1_000_000)) as s:
        reply_ = await transport.stream(target(s["s"].url), b"", PARENT, "")
        data = b""
        while part := await reply_.read():
            data += part
        await reply_.close()
    assert len(data) == 1_000_000 + len(b"data: \n\ndata: [DONE]\n\n")


async def test_a_refused_connection_and_a_hanging_service_are_told_apart(transport: Transport) -> None:
    async with stubs(s=hang) as s:
        to = target(s["s"].url, timeouts=Timeouts(first_byte=0.2))
        with pytest.raises(CallFailed, match=r"within 0\.2 s") as slow:
            await transport.fetch(to, b"", PARENT, "")
    with pytest.raises(CallFailed, match="refused") as refused:
        await transport.fetch(to, b"", PARENT, "")
    assert (slow.value.timed_out, refused.value.timed_out) == (True, False)


async def test_cancelling_a_call_reaches_the_service() -> None:
    transport = Wire()
    async with stubs(s=hang) as s:
        calling = asyncio.ensure_future(transport.fetch(target(s["s"].url), b"", PARENT, ""))
        await asyncio.wait_for(s["s"].arrived.wait(), 10)
        calling.cancel()
        await asyncio.wait_for(s["s"].closed.wait(), 10)
    await transport.close()


@pytest.mark.parametrize("url", ["", "ftp://x/", "http:///x", "http://h:99999/", "http://user:pw@h/", "http://h/a b"])
def test_what_is_no_http_url_is_refused(url: str) -> None:
    with pytest.raises(PlanError):
        target(url)
