"""Every dialect of OPEA's services is read however its bytes are split."""

from __future__ import annotations

import ast
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opea_nb.gateway.sse import StreamError, TokenReader, opea_chunk

TOKENS = ["Hé", "llo 你好", ' "it\'s"', "\n", "\\x41", "b'"]


def _events(*payloads: bytes, newline: bytes = b"\n") -> bytes:
    return b"".join(b"data: %b%b%b" % (p, newline, newline) for p in [*payloads, b"[DONE]"])


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


DIALECTS = {
    "F1": _events(*(repr(t.encode()).encode() for t in TOKENS)),
    "F2": _events(
        _json({"choices": [{"index": 0, "delta": {"role": "assistant", "content": None}}]}),
        *(_json({"choices": [{"index": 0, "delta": {"content": t}, "finish_reason": None}]}) for t in TOKENS),
        _json({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}),
        _json({"choices": [], "usage": {"completion_tokens": 6}}),
    ),
    "F3": _events(*(_json({"object": "text_completion", "choices": [{"index": 0, "text": t}]}) for t in TOKENS)),
    "F4": _events(
        *(
            _json(
                {
                    "ops": [
                        {"op": "add", "path": "/logs/llm/streamed_output_str/-", "value": t},
                        {"op": "add", "path": "/streamed_output/-", "value": t},
                        {"op": "replace", "path": "/final_output", "value": {"x": 1}},
                    ]
                }
            )
            for t in TOKENS
        )
    ),
}


ANSWER = 'Paris is "it".\nIt isn\'t Rome.'
GRAPH = (
    b"--- CALL agent ---\n"
    b"messages: [AIMessage(content='', tool_calls=[{'name': 'search'}])]\n"
    b"data: {'agent': {'messages': [AIMessage(content='I look.', tool_calls=[{'name': 'search'}])]}}\n\n"
    b"--- CALL tools ---\n"
    b"data: {'tools': {'messages': [ToolMessage(content='Rome', name='search')]}}\n\n"
    b"data: {'agent': {'messages': [HumanMessage(content='q'), AIMessage(content=%b, id='run-1')]}}\n\n"
    b"data: [DONE]\n\n"
)
AGENTS = {
    "langgraph": GRAPH % repr(ANSWER).encode(),
    "objects": (GRAPH % repr(ANSWER).encode()).replace(b"id='run-1'", b"client=<object at 0x7f>"),
    "output": b"--- CALL generate ---\noutput: x\ndata: {'generate': {'output': %b}}\n\ndata: [DONE]\n\n"
    % repr(ANSWER).encode(),
    "langchain": b"Calling Tool: `search`\nTool Result: `data`\n\ndata: %b\n\ndata: [DONE]\n\n" % repr(ANSWER).encode(),
}


@pytest.mark.parametrize("strategy", AGENTS)
def test_an_agents_answer_is_the_last_that_its_model_wrote(strategy: str) -> None:
    data = AGENTS[strategy]
    for at in range(len(data) + 1):
        reader = TokenReader()
        assert reader.feed(data[:at]) + reader.feed(data[at:]) + reader.finish() == [ANSWER], at
        assert reader.done


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["", "bom"])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"], ids=["lf", "crlf", "cr"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_stream_split_in_two_at_any_byte_gives_the_same_tokens(dialect: str, newline: bytes, mark: str) -> None:
    data = mark.encode() + DIALECTS[dialect].replace(b"\n", newline)
    for at in range(len(data) + 1):
        reader = TokenReader()
        tokens = reader.feed(data[:at]) + reader.feed(data[at:]) + reader.finish()
        assert tokens == TOKENS, at
        assert reader.done


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_stream_that_comes_byte_by_byte_gives_the_same_tokens(dialect: str) -> None:
    reader = TokenReader()
    data = DIALECTS[dialect]
    assert [t for i in range(len(data)) for t in reader.feed(data[i : i + 1])] == TOKENS
    assert reader.done


@given(st.text())
def test_what_is_written_in_opeas_dialect_is_what_upstream_clients_evaluate(text: str) -> None:
    written = opea_chunk(text)
    assert ast.literal_eval(written[6:].decode("ascii")).decode() == text
    assert TokenReader().feed(written) == [text]


def test_upstreams_unescaped_fake_stream_is_read() -> None:
    assert TokenReader().feed(b"data: b'it's not allowed'\n\n") == ["it's not allowed"]


@pytest.mark.parametrize(
    "event",
    [
        b'{"error": {"message": "out of memory"}}',
        b'{"error": "gone", "choices": [{"delta": {"content": ""}, "finish_reason": "error"}]}',
        b'{"choices": [{"del',
        b"plain words",
        b'{"detail":"no"}',
    ],
)
def test_an_event_that_reports_or_is_an_error_is_one(event: bytes) -> None:
    with pytest.raises(StreamError):
        TokenReader().feed(b"data: %b\n\n" % event)


def test_a_stream_without_its_end_is_not_complete() -> None:
    reader = TokenReader()
    reader.feed(b'data: {"choices":[{"delta":{"content":"half"}}]}\n\n')
    assert not reader.complete


def test_nothing_belongs_to_the_answer_after_its_end() -> None:
    assert TokenReader().feed(b"data: b'A cat.'\n\ndata: [DONE]\n\ndata: b' And'\n\n") == ["A cat."]
