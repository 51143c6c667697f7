"""The retriever microservice: ``POST /v1/retrieval``."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from opea_nb.home import home
from opea_nb.services.asgi import Microservice, Refused, Reply, Request, json_reply
from opea_nb.services.prompt import question_in
from opea_nb.services.search import SEARCH_TYPES, Search, search
from opea_nb.services.serving import Background, Readiness, run
from opea_nb.services.store import DimensionMismatch, Found, Store
from opea_nb.services.vectors import Matrix

__all__ = ["DEFAULT_INDEX", "create_app", "main", "store_folder"]

DEFAULT_INDEX = "rag"


def store_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """The vector store's folder: ``STORE_PATH``, or ``stores/default`` in opea_nb's own folder."""
    return Path(environ["STORE_PATH"]) if environ.get("STORE_PATH") else home() / "stores" / "default"


@dataclass(frozen=True, slots=True)
class Query:
    """A request as it was understood.

    Parameters
    ----------
    openai
        Whether it is a RetrievalRequest.
    chat
        The ChatCompletionRequest, which goes on with what was found.
    """

    text: str
    vector: Matrix
    index: str
    search: Search
    openai: bool
    top_n: int
    chat: dict[str, Any] | None = None


def create_app(folder: Path | None = None, index: str = "") -> Microservice:
    """The service as an ASGI app.

    Parameters
    ----------
    folder
        The vector store's folder; default: as the environment says.
    index
        The index that requests without ``index_name`` mean; default: ``INDEX_NAME``, else ``rag``.
    """
    index = index or os.environ.get("INDEX_NAME") or DEFAULT_INDEX
    readiness = Readiness("opening the vector store")
    store = Background[Store](lambda _: Store(folder or store_folder()), readiness)

    async def retrieval(request: Request) -> Reply:
        query = understand(request.json(), index)
        if store.value is None:
            raise Refused(503, f"not ready: {readiness.state.detail}")
        try:
            found = await asyncio.to_thread(search, store.value, query.index, query.vector, query.search)
        except DimensionMismatch as e:
            raise Refused(422, str(e)) from e
        return json_reply(_answer(query, found))

    def close() -> None:
        if store.value is not None:
            store.value.close()

    return Microservice(
        "opea_nb retriever",
        "The passages nearest to a question's vector (sqlite-vec)",
        {"/v1/retrieval": retrieval},
        readiness,
        store,
        on_stop=close,
    )


def understand(body: dict[str, Any], index: str) -> Query:
    """An EmbedDoc, a RetrievalRequest, or a ChatCompletionRequest with an ``embedding``.

    Raises
    ------
    Refused
        422 for anything else; also for what other retrievers take and answer with nothing.
    """
    if "data" in body and "embedding" not in body:
        raise Refused(
            422,
            'this is an EmbeddingResponse, and the question is not in it: send {"text": question, '
            '"embedding": data[0].embedding}',
        )
    chat = "text" not in body and "messages" in body
    openai = "text" not in body and "input" in body
    text = body.get("input" if openai else "text") or (question_in(body["messages"]) if chat else None)
    if isinstance(text, list) and len(text) == 1:
        text = text[0]
    if not isinstance(text, str):
        forms = '"text" (EmbedDoc), "input" (RetrievalRequest) or "messages" (ChatCompletionRequest)'
        raise Refused(422, f"the question is missing: send {forms}")
    return Query(
        text=text,
        vector=_vector(body.get("embedding")),
        index=_text(body, "index_name") or index,
        search=_search(body),
        openai=openai,
        top_n=_whole(body, "top_n", 1, 1),
        chat=body if chat else None,
    )


def _vector(given: Any) -> Matrix:
    if isinstance(given, dict) and isinstance(data := given.get("data"), list) and len(data) == 1:
        given = data[0].get("embedding") if isinstance(data[0], dict) else None  # RetrievalRequest allows it whole
    if isinstance(given, list) and len(given) == 1 and isinstance(given[0], list):
        given = given[0]
    if given is None:
        raise Refused(422, 'the "embedding" is missing: embed the question first and send its list of numbers')
    try:
        vector = np.asarray(given, dtype=np.float32)
    except (TypeError, ValueError) as e:
        raise Refused(422, '"embedding" must be a list of numbers') from e
    if vector.ndim != 1 or not vector.size or not np.isfinite(vector).all():
        raise Refused(422, '"embedding" must be one flat list of finite numbers')
    return vector


def _search(body: dict[str, Any]) -> Search:
    kind = _text(body, "search_type") or "similarity"
    if kind not in SEARCH_TYPES:
        raise Refused(422, f'"search_type" must be one of {", ".join(SEARCH_TYPES)}, not {kind!r}')
    threshold = body.get("distance_threshold")
    if kind == "similarity_distance_threshold" and threshold is None:
        raise Refused(422, 'search_type similarity_distance_threshold needs a "distance_threshold" (0 to 2)')
    if body.get("constraints"):
        raise Refused(422, '"constraints" are not supported by the embedded retriever: leave them out')
    return Search(
        kind=kind,
        k=_whole(body, "k", 4, 1),
        fetch_k=_whole(body, "fetch_k", 20, 1),
        lambda_mult=_real(body, "lambda_mult", 0.5),
        distance_threshold=2.0 if threshold is None else _real(body, "distance_threshold", 2.0),
        score_threshold=_real(body, "score_threshold", 0.2),
    )


def _text(body: dict[str, Any], key: str) -> str:
    value = body.get(key) or ""
    if not isinstance(value, str):
        raise Refused(422, f'"{key}" must be a string')
    return value


def _whole(body: dict[str, Any], key: str, default: int, minimum: int) -> int:
    value = body.get(key)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
        raise Refused(422, f'"{key}" must be a whole number from {minimum}, not {value!r}')
    return value


def _real(body: dict[str, Any], key: str, default: float) -> float:
    value = body.get(key)
    if value is None:
        return default
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise Refused(422, f'"{key}" must be a number, not {value!r}')
    return float(value)


def _answer(query: Query, found: list[Found]) -> dict[str, Any]:
    if query.chat is not None or query.openai:
        passages = [{"text": f.text, "metadata": _metadata(f)} for f in found]
        more = {"documents": [f.text for f in found]} if query.chat is not None else {}
        return {**(query.chat or {}), "retrieved_docs": passages, **more}
    return {
        "id": secrets.token_hex(16),
        "retrieved_docs": [
            {"downstream_black_list": [], "id": str(f.id), "text": f.text, "metadata": _metadata(f)} for f in found
        ],
        "initial_query": query.text,
        "top_n": query.top_n,
    }


def _metadata(found: Found) -> dict[str, Any]:
    known: dict[str, Any] = {"source": found.source, "chunk": found.number, "distance": round(found.distance, 4)}
    if found.page:
        known["page"] = found.page
    if found.heading:
        known["heading"] = found.heading
    return known


def main() -> None:
    """Serve, as the environment says."""
    run(create_app(), name="retriever")


if __name__ == "__main__":
    main()
