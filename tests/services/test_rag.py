"""Embedding, dataprep, retriever and reranking together, as a deployment has them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import httpx
import pypdf
import pytest

from opea_nb.services import dataprep, embedding, reranking, retriever

pytestmark = pytest.mark.slow

LIBRARY = b"""# Tollmere

## Opening hours

The reading room of the Harbour Library closes at 19:30 on weekdays and at 16:00 on Saturdays.

## Borrowing

A visitor may borrow up to seven books for 21 days. Whoever brings a book back late pays a fine of 15 cents a day.

## The building

The roof, which is shaped like an upturned boat, was designed by the architect Pell Okonjo and repaired after the storm.
"""
PAGE = b"""<html><head><title>Pumps</title><style>p{color:red}</style><script>alert('evil')</script></head>
<body><h1>Quillfern-7</h1><p>The pump deli<b>vers</b> 3.2 litres of water per minute at 12 volts, and it must be primed
before its first use.</p><h2>Filters</h2><p>Replace the blue filter every ninety days; its part number is QF-118, and it
costs six euros at every dealer in the country.</p></body></html>"""
TOKEN = "opensesame"


class Services:
    def __init__(self, **clients: httpx.AsyncClient) -> None:
        self.clients = clients

    async def post(self, service: str, path: str, body: object = None) -> httpx.Response:
        return await self.clients[service].post(path, json=body)

    async def ingest(self, *files: tuple[str, bytes], **fields: str) -> httpx.Response:
        parts = [("files", (name, data)) for name, data in files]
        return await self.clients["dataprep"].post("/v1/dataprep/ingest", files=parts, data=fields)

    async def names(self) -> list[str]:
        return [d["name"] for d in (await self.post("dataprep", "/v1/dataprep/get", {})).json()]

    async def embed(self, text: str) -> list[float]:
        return (await self.post("embedding", "/v1/embeddings", {"input": text})).json()["data"][0]["embedding"]

    async def retrieve(self, question: str, **more: Any) -> dict[str, Any]:
        body = {"text": question, "embedding": await self.embed(question), **more}
        answer = await self.post("retriever", "/v1/retrieval", body)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
async def services(start: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    monkeypatch.setenv("STORE_PATH", str(tmp_path / "store"))
    monkeypatch.setenv("OPEA_NB_TOKEN", TOKEN)
    clients = {"embedding": await start(embedding.create_app(), token=TOKEN)}
    monkeypatch.setenv("EMBEDDING_ENDPOINT", f"{clients['embedding'].base_url}/v1/embeddings")
    for name, app in (
        ("dataprep", dataprep.create_app()),
        ("retriever", retriever.create_app()),
        ("reranking", reranking.create_app()),
    ):
        clients[name] = await start(app, token=TOKEN)
    for client in clients.values():
        client.headers["authorization"] = f"Bearer {TOKEN}"
    return Services(**clients)


@pytest.mark.parametrize(
    ("question", "fact"),
    [
        ("How many books may a visitor borrow?", "seven books"),
        ("Who designed the roof?", "Pell Okonjo"),
        ("When does the reading room close on Saturdays?", "16:00"),
        ("What is the part number of the filter?", "QF-118"),
        ("How much water does the pump deliver?", "3.2 litres"),
    ],
)
async def test_a_fact_of_the_documents_is_found_and_ranked_first(services: Services, question: str, fact: str) -> None:
    assert (await services.ingest(("library.md", LIBRARY), ("pump.html", PAGE))).status_code == 200
    found = await services.retrieve(question)
    assert found["initial_query"] == question
    ranked = (await services.post("reranking", "/v1/reranking", found)).json()
    assert ranked["query"] == question
    assert fact in ranked["documents"][0]
    assert 0.2 < ranked["scores"][0] <= 1


async def test_passages_say_where_they_stand_and_scripts_are_dropped(services: Services) -> None:
    answer = await services.ingest(("library.md", LIBRARY), ("docs/pump.html", PAGE))
    assert answer.json()["message"] == "Data preparation succeeded"
    assert [(f["name"], f["chunks"]) for f in answer.json()["files"]] == [("library.md", 3), ("pump.html", 2)]
    found = (await services.retrieve("pump filter", k=10))["retrieved_docs"]
    assert {(d["metadata"]["source"], d["metadata"]["heading"]) for d in found} == {
        ("library.md", "Opening hours"), ("library.md", "Borrowing"), ("library.md", "The building"),
        ("pump.html", "Quillfern-7"), ("pump.html", "Filters"),
    }  # fmt: skip
    whole = "".join(d["text"] for d in found)
    assert "delivers" in whole
    assert "evil" not in whole
    assert "color" not in whole


@pytest.mark.parametrize(
    ("charset", "text"),
    [("iso-8859-1", "Der Bürger “Süß”"), ("Shift_JIS", "港の図書館"), ("utf-8", "Süß"), ("x-none", "Süß")],
)
async def test_a_page_is_read_in_the_encoding_that_it_names(services: Services, charset: str, text: str) -> None:
    really = {"iso-8859-1": "cp1252", "x-none": "utf-8"}.get(charset, charset)
    page = f'<html><head><meta charset="{charset}"></head><body><p>{text} closes at 19:30.</p></body></html>'
    assert (await services.ingest(("page.html", page.encode(really)))).status_code == 200
    assert text in (await services.retrieve("When does it close?"))["retrieved_docs"][0]["text"]


async def test_a_pdf_is_read_page_by_page(services: Services) -> None:
    assert (await services.ingest(("two.pdf", pdf("The ferry costs four euros.", "Dogs travel free.")))).is_success
    found = (await services.retrieve("Do dogs travel free?", k=1))["retrieved_docs"]
    assert [(d["text"], d["metadata"]["page"]) for d in found] == [("Dogs travel free.", 2)]


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("bad.pdf", b"%PDF-1.7 nothing of a PDF", "bad.pdf: not a readable PDF"),
        ("empty.md", b"  \n", "empty.md: there is no text in it"),
        ("photo.jpg", b"\xff\xd8", "photo.jpg: files that end in .jpg are not taken"),
        ("latin.txt", "Gr\u00fc\u00dfe".encode("latin-1"), "latin.txt: not UTF-8 text"),
        ("zero.txt", b"a\0b", "zero.txt: a binary file"),
    ],
)
async def test_an_unreadable_file_is_named_and_nothing_is_half_ingested(
    services: Services, name: str, data: bytes, says: str
) -> None:
    answer = await services.ingest(("library.md", LIBRARY), (name, data))
    assert answer.status_code == 422
    assert says in answer.json()["detail"]
    assert await services.names() == []


async def test_documents_are_listed_replaced_and_deleted(services: Services) -> None:
    await services.ingest(("a.txt", b"The first text."), ("b.txt", b"The second text."))
    await services.ingest(("a.txt", b"Another text."), index_name="other")
    await services.ingest(("a.txt", b"The third text, which replaces the first."))
    assert await services.names() == ["a.txt", "b.txt"]
    assert (await services.post("dataprep", "/v1/dataprep/indices")).json() == ["other", "rag"]
    texts = {d["text"] for d in (await services.retrieve("text", k=9))["retrieved_docs"]}
    assert texts == {"The second text.", "The third text, which replaces the first."}
    deleted = await services.post("dataprep", "/v1/dataprep/delete", {"file_path": "a.txt"})
    assert deleted.json() == {"status": True, "deleted": 1}
    assert (await services.post("dataprep", "/v1/dataprep/delete", {"file_path": "a.txt"})).status_code == 404
    await services.post("dataprep", "/v1/dataprep/delete", {"file_path": "all"})
    assert await services.names() == []
    assert (await services.post("dataprep", "/v1/dataprep/get", {"index_name": "other"})).json()[0]["name"] == "a.txt"


async def test_links_are_refused_with_the_reason(services: Services) -> None:
    answer = await services.ingest(("a.txt", b"text"), link_list=json.dumps(["http://example.com"]))
    assert answer.status_code == 422
    assert "fetches nothing" in answer.json()["detail"]
    assert await services.names() == []


async def test_a_dead_embedding_service_leaves_nothing_behind(
    services: Services, monkeypatch: pytest.MonkeyPatch, start: Any
) -> None:
    monkeypatch.setenv("EMBEDDING_ENDPOINT", "http://127.0.0.1:9/v1/embeddings")
    alone = await start(dataprep.create_app())
    answer = await alone.post("/v1/dataprep/ingest", files={"files": ("a.txt", b"text")})
    assert answer.status_code == 502
    assert "http://127.0.0.1:9/v1/embeddings cannot be reached" in answer.json()["detail"]
    assert await services.names() == []


async def test_embeddings_are_openais_with_real_token_counts(services: Services) -> None:
    answer = (await services.post("embedding", "/v1/embeddings", {"input": ["a cat", "a cat", ""]})).json()
    first, second, empty = (item["embedding"] for item in answer["data"])
    assert [item["index"] for item in answer["data"]] == [0, 1, 2]
    assert first == second
    assert len(first) == 256
    assert sum(x * x for x in first) == pytest.approx(1, abs=1e-5)
    assert not any(empty)
    assert answer["usage"]["prompt_tokens"] == answer["usage"]["total_tokens"] == 4


@pytest.mark.parametrize("body", [{}, {"input": []}, {"input": [1, 2]}, {"input": "a", "dimensions": 3}])
async def test_embedding_refuses_what_it_does_not_understand(services: Services, body: dict[str, Any]) -> None:
    answer = await services.post("embedding", "/v1/embeddings", body)
    assert answer.status_code == 422
    assert answer.json()["detail"]


async def test_an_embedding_response_posted_as_it_is_gets_told_what_is_missing(services: Services) -> None:
    embedded = (await services.post("embedding", "/v1/embeddings", {"input": "Who designed the roof?"})).json()
    answer = await services.post("retriever", "/v1/retrieval", embedded)
    assert answer.status_code == 422
    assert 'send {"text": question, "embedding": data[0].embedding}' in answer.json()["detail"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"text": None}, "the question is missing"),
        ({"embedding": None}, '"embedding" is missing'),
        ({"embedding": ["a"]}, "list of numbers"),
        ({"embedding": [1.0, 2.0]}, "holds vectors of 256 numbers, and this one has 2"),
        ({"search_type": "best"}, "must be one of similarity"),
        ({"search_type": "similarity_distance_threshold"}, 'needs a "distance_threshold"'),
        ({"k": 0}, '"k" must be a whole number from 1'),
        ({"constraints": {"a": 1}}, "not supported"),
    ],
)
async def test_the_retriever_says_what_is_wrong(services: Services, change: dict[str, Any], says: str) -> None:
    await services.ingest(("a.txt", b"text"))
    body = {"text": "t", "embedding": await services.embed("t")} | change
    answer = await services.post("retriever", "/v1/retrieval", body)
    assert answer.status_code == 422
    assert says in answer.json()["detail"]


async def test_the_openai_like_forms_of_retrieval_and_reranking(services: Services) -> None:
    await services.ingest(("library.md", LIBRARY))
    question = "How many books may a visitor borrow?"
    embedded = (await services.post("embedding", "/v1/embeddings", {"input": question})).json()
    found = (await services.post("retriever", "/v1/retrieval", {"input": question, "embedding": embedded})).json()
    assert set(found) == {"retrieved_docs"}
    body = {"input": question, "retrieved_docs": found["retrieved_docs"], "top_n": 2}
    ranked = (await services.post("reranking", "/v1/reranking", body)).json()["reranked_docs"]
    assert "seven books" in ranked[0]["text"]
    assert ranked[0]["score"] > ranked[1]["score"]


async def test_a_chat_request_goes_through_retrieval_and_reranking_and_keeps_what_it_holds(services: Services) -> None:
    await services.ingest(("library.md", LIBRARY))
    messages = [{"role": "user", "content": "Who designed the roof?"}]
    asked = {"messages": messages, "embedding": await services.embed("Who designed the roof?"), "k": 3, "top_n": 1}
    found = (await services.post("retriever", "/v1/retrieval", asked)).json()
    assert len(found["retrieved_docs"]) == len(found["documents"]) == 3
    ranked = (await services.post("reranking", "/v1/reranking", found)).json()
    assert ranked["messages"] == messages
    assert [d["text"] for d in ranked["reranked_docs"]] == ranked["documents"]
    assert "Pell Okonjo" in ranked["documents"][0]


async def test_no_documents_found_keeps_the_question(services: Services) -> None:
    found = await services.retrieve("anything")
    assert found["retrieved_docs"] == []
    ranked = (await services.post("reranking", "/v1/reranking", found)).json()
    assert (ranked["query"], ranked["documents"], ranked["scores"]) == ("anything", [], [])


def pdf(*pages: str) -> bytes:
    """A PDF of pages of text, made by hand."""
    writer = pypdf.PdfWriter()
    for text in pages:
        page = writer.add_blank_page(300, 200)
        stream = pypdf.generic.DecodedStreamObject()
        stream.set_data(f"BT /F1 12 Tf 10 100 Td ({text}) Tj ET".encode())
        font = pypdf.generic.DictionaryObject(
            {
                pypdf.generic.NameObject("/Type"): pypdf.generic.NameObject("/Font"),
                pypdf.generic.NameObject("/Subtype"): pypdf.generic.NameObject("/Type1"),
                pypdf.generic.NameObject("/BaseFont"): pypdf.generic.NameObject("/Helvetica"),
            }
        )
        fonts = pypdf.generic.DictionaryObject({pypdf.generic.NameObject("/F1"): font})
        page[pypdf.generic.NameObject("/Resources")] = pypdf.generic.DictionaryObject(
            {pypdf.generic.NameObject("/Font"): fonts}
        )
        page[pypdf.generic.NameObject("/Contents")] = writer._add_object(stream)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
