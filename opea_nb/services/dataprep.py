"""The dataprep microservice: documents into the vector store."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import httpx
import numpy as np
import orjson
import python_multipart
from python_multipart.exceptions import FormParserError

from opea_nb.services.asgi import MiB, Microservice, Refused, Reply, Request, json_reply
from opea_nb.services.documents import Unreadable, read_document
from opea_nb.services.retriever import DEFAULT_INDEX, store_folder
from opea_nb.services.serving import Background, Readiness, Settings, run
from opea_nb.services.splitter import split
from opea_nb.services.store import DimensionMismatch, Passage, Store
from opea_nb.services.vectors import Matrix

__all__ = ["Embed", "EmbeddingClient", "create_app", "main"]

FILE_LIMIT = 32 * MiB
BODY_LIMIT = 64 * MiB
PASSAGES_LIMIT = 20_000
BATCH = 128
DEFAULT_ENDPOINT = "http://127.0.0.1:6000/v1/embeddings"


@dataclass(frozen=True, slots=True)
class Vectors:
    """What an embedding service gave."""

    rows: Matrix
    model: str


Embed = Callable[[Sequence[str]], Awaitable[Vectors]]


class EmbeddingClient:
    """Calls ``/v1/embeddings`` in batches.

    Parameters
    ----------
    url
        Absolute URL of the endpoint.
    token
        Bearer token to send; empty for none.
    """

    def __init__(self, url: str, token: str = "") -> None:
        self.url = url
        self._headers = {"authorization": f"Bearer {token}"} if token else {}

    async def __call__(self, texts: Sequence[str]) -> Vectors:
        """The texts' vectors, a row each.

        Raises
        ------
        Refused
            502 when the service cannot be reached or answers wrongly.
        """
        rows: list[list[float]] = []
        model = ""
        # trust_env off: a proxy of the user's must not see calls to loopback
        async with httpx.AsyncClient(headers=self._headers, timeout=60, trust_env=False) as client:
            for first in range(0, len(texts), BATCH):
                batch = list(texts[first : first + BATCH])
                data = await self._post(client, batch)
                try:
                    rows += [item["embedding"] for item in sorted(data["data"], key=lambda item: item["index"])]
                    model = str(data.get("model") or "")
                except (KeyError, TypeError) as e:
                    raise Refused(502, f"the embedding service {self.url} gave no EmbeddingResponse") from e
        try:
            matrix = np.asarray(rows, dtype=np.float32)
        except ValueError as e:
            raise Refused(502, f"the embedding service {self.url} gave vectors of different lengths") from e
        if matrix.ndim != 2 or matrix.shape[0] != len(texts):
            raise Refused(502, f"the embedding service {self.url} gave {len(rows)} vectors for {len(texts)} texts")
        return Vectors(matrix, model)

    async def _post(self, client: httpx.AsyncClient, batch: list[str]) -> Any:
        try:
            response = await client.post(self.url, json={"input": batch})
        except httpx.HTTPError as e:
            raise Refused(502, f"the embedding service {self.url} cannot be reached: {type(e).__name__}: {e}") from e
        if response.status_code != 200:
            raise Refused(
                502, f"the embedding service {self.url} answered {response.status_code}: {response.text[:300]}"
            )
        try:
            return response.json()
        except ValueError as e:
            raise Refused(502, f"the embedding service {self.url} answered no JSON") from e


@dataclass(slots=True)
class Form:
    """A multipart request: its plain fields and its files."""

    fields: dict[str, str]
    files: list[tuple[str, bytes]]

    def whole(self, name: str, default: int) -> int:
        """A field that is a whole number."""
        text = self.fields.get(name, "").strip()
        if not text:
            return default
        if not text.isdecimal():
            raise Refused(422, f'"{name}" must be a whole number, not {text[:40]!r}')
        return int(text)


def create_app(folder: Path | None = None, index: str = "", embed: Embed | None = None) -> Microservice:
    """The service as an ASGI app.

    Parameters
    ----------
    folder, index
        The vector store's folder and the index that requests without ``index_name`` mean; default: as the
        environment says.
    embed
        Makes vectors; default: a client of ``EMBEDDING_ENDPOINT``.
    """
    default_index = index or os.environ.get("INDEX_NAME") or DEFAULT_INDEX
    make_vectors: Embed = embed or EmbeddingClient(
        os.environ.get("EMBEDDING_ENDPOINT") or DEFAULT_ENDPOINT, Settings.from_environment().token
    )
    readiness = Readiness("opening the vector store")
    background = Background[Store](lambda _: Store(folder or store_folder()), readiness)

    def store() -> Store:
        if background.value is None:
            raise Refused(503, f"not ready: {readiness.state.detail}")
        return background.value

    async def ingest(request: Request) -> Reply:
        form = await asyncio.to_thread(read_form, request)
        if not form.files:
            raise Refused(422, 'no files: send multipart/form-data with one or more parts named "files"')
        size, overlap = form.whole("chunk_size", 1500), form.whole("chunk_overlap", 100)
        if not 1 <= size <= 50_000 or overlap >= size:
            raise Refused(422, f"chunk_size {size} and chunk_overlap {overlap}: need 1 ≤ size ≤ 50000, overlap < size")
        into = form.fields.get("index_name") or default_index
        target = store()
        pieces = [await asyncio.to_thread(_passages, name, data, size, overlap) for name, data in form.files]
        vectors = await make_vectors([p.text for passages in pieces for p in passages])
        # a last file of a name wins, as it would in a folder
        documents: dict[str, tuple[str, int, Sequence[Passage], Matrix]] = {}
        first = 0
        for (name, data), passages in zip(form.files, pieces, strict=True):
            documents[name] = (name, len(data), passages, vectors.rows[first : first + len(passages)])
            first += len(passages)
        try:
            await asyncio.to_thread(target.put, into, list(documents.values()), model=vectors.model)
        except DimensionMismatch as e:
            raise Refused(409, str(e)) from e
        listed = [{"name": n, "chunks": len(p), "bytes": b} for n, b, p, _ in documents.values()]
        return json_reply({"status": 200, "message": "Data preparation succeeded", "index_name": into, "files": listed})

    async def get(request: Request) -> Reply:
        found = await asyncio.to_thread(store().documents, _options(request).get("index_name") or default_index)
        return json_reply(
            [
                {
                    "name": d.name, "id": d.name, "type": "File", "parent": "",
                    "chunks": d.passages, "bytes": d.bytes, "added": d.added,
                }
                for d in found
            ]
        )  # fmt: skip

    async def delete(request: Request) -> Reply:
        options = _options(request)
        name = options.get("file_path")
        if not name:
            raise Refused(422, '"file_path" is missing: send a document\'s name, or "all"')
        at = options.get("index_name") or default_index
        count = await asyncio.to_thread(store().delete, at, None if name == "all" else _file_name(name))
        if not count and name != "all":
            raise Refused(404, f"there is no document {name!r} in index {at!r}")
        return json_reply({"status": True, "deleted": count})

    async def indices(_: Request) -> Reply:
        return json_reply(await asyncio.to_thread(store().indexes))

    def close() -> None:
        if background.value is not None:
            background.value.close()

    return Microservice(
        "opea_nb dataprep",
        "Documents into the vector store (text, Markdown, HTML, PDF)",
        {
            "/v1/dataprep/ingest": ingest,
            "/v1/dataprep/get": get,
            "/v1/dataprep/delete": delete,
            "/v1/dataprep/indices": indices,
        },
        readiness,
        background,
        on_stop=close,
        body_limit=BODY_LIMIT,
    )


def _options(request: Request) -> dict[str, str]:
    if not request.body.strip():
        return {}
    given = request.json()
    if wrong := [k for k in ("file_path", "index_name") if not isinstance(given.get(k) or "", str)]:
        raise Refused(422, f'"{wrong[0]}" must be a string')
    return {k: given[k] for k in ("file_path", "index_name") if given.get(k)}


def _file_name(given: str) -> str:
    """The last part of a path, in either notation: a client's folders mean nothing here."""
    return PurePosixPath(given.replace("\\", "/")).name


def read_form(request: Request) -> Form:
    """The fields and files of a multipart request.

    Raises
    ------
    Refused
        422 when it is malformed or holds links, 413 when a file is too large.
    """
    form = Form({}, [])

    def on_field(field: python_multipart.multipart.Field) -> None:
        if field.field_name:
            form.fields[field.field_name.decode(errors="replace")] = (field.value or b"").decode(errors="replace")

    def on_file(file: python_multipart.multipart.File) -> None:
        name = _file_name((file.file_name or b"").decode(errors="replace"))
        if file.size > FILE_LIMIT:
            raise Refused(413, f"{name}: larger than {FILE_LIMIT // MiB} MiB")
        file.file_object.seek(0)
        if name:
            form.files.append((name, file.file_object.read()))
        file.close()

    headers = {"Content-Type": request.headers.get(b"content-type", b"")}
    if not headers["Content-Type"].startswith((b"multipart/form-data", b"application/x-www-form-urlencoded")):
        raise Refused(422, "the body must be multipart/form-data")
    try:
        python_multipart.parse_form(headers, io.BytesIO(request.body), on_field, on_file)
    except (FormParserError, ValueError) as e:
        raise Refused(422, f"the multipart body is malformed: {e}") from e
    if _links(form.fields.get("link_list", "")):
        raise Refused(422, '"link_list" is not taken: the embedded dataprep fetches nothing; send the pages as files')
    return form


def _links(text: str) -> bool:
    try:
        return bool(orjson.loads(text)) if text.strip() else False
    except orjson.JSONDecodeError:
        return True


def _passages(name: str, data: bytes, size: int, overlap: int) -> list[Passage]:
    try:
        sections = read_document(name, data)
    except Unreadable as e:
        raise Refused(422, str(e)) from e
    found = [
        Passage(s.text[span.start : span.end], s.page, s.heading)
        for s in sections
        for span in split(s.text, size, overlap)
    ]
    if len(found) > PASSAGES_LIMIT:
        raise Refused(413, f"{name}: {len(found)} passages; split it, or use a larger chunk_size")
    return found


def main() -> None:
    """Serve, as the environment says."""
    run(create_app(), name="dataprep")


if __name__ == "__main__":
    main()
