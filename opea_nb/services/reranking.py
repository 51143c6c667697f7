"""The reranking microservice: ``POST /v1/reranking``."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

from opea_nb.services.asgi import Microservice, Refused, Reply, Request, json_reply
from opea_nb.services.embedding import loaded
from opea_nb.services.prompt import question_in
from opea_nb.services.serving import Background, Readiness, run
from opea_nb.services.vectors import WordVectors, load_word_vectors

__all__ = ["create_app", "main"]

PASSAGES_LIMIT = 1000


def create_app() -> Microservice:
    """The service as an ASGI app; the model is loaded when the app starts."""
    readiness = Readiness("loading word vectors")
    model = Background[WordVectors](lambda _: load_word_vectors(), readiness)

    async def reranking(request: Request) -> Reply:
        body = request.json()
        query = body.get("initial_query", body.get("input")) or question_in(body.get("messages"))
        if not isinstance(query, str):
            raise Refused(422, 'the question is missing: send "initial_query" (SearchedDoc), "input" or "messages"')
        passages = passages_of(body.get("retrieved_docs"))
        top_n = body.get("top_n", 1)
        if not isinstance(top_n, int) or isinstance(top_n, bool) or top_n < 1:
            raise Refused(422, f'"top_n" must be a whole number from 1, not {top_n!r}')
        vectors = loaded(model)
        scores = await asyncio.to_thread(vectors.score, query, passages) if passages else []
        # sorted() keeps the retriever's order among equals
        best = sorted(zip(passages, scores, strict=True), key=lambda pair: -pair[1])[:top_n]
        if "initial_query" in body:
            return json_reply(_as_llm_params(query, best))
        # a ChatCompletionRequest goes on with what was found
        chat = {**body, "documents": [text for text, _ in best]} if "messages" in body else {}
        return json_reply({**chat, **_as_response(best)})

    return Microservice(
        "opea_nb reranking",
        "The passages that fit a question best (wordllama)",
        {"/v1/reranking": reranking},
        readiness,
        model,
    )


def passages_of(given: object) -> list[str]:
    """The texts of ``retrieved_docs``, each a string or an object with a ``text``.

    Raises
    ------
    Refused
        422 when it is something else.
    """
    if not isinstance(given, list):
        raise Refused(422, '"retrieved_docs" must be a list of {"text": …}')
    texts: list[str] = []
    for number, passage in enumerate(given):
        text = passage.get("text") if isinstance(passage, dict) else passage
        if not isinstance(text, str):
            raise Refused(422, f'"retrieved_docs"[{number}] has no "text" string')
        texts.append(text)
    if len(texts) > PASSAGES_LIMIT:
        raise Refused(422, f"{len(texts)} passages; send at most {PASSAGES_LIMIT}")
    return texts


def _as_llm_params(query: str, best: list[tuple[str, float]]) -> dict[str, Any]:
    # "scores" is ours, for the trace; OPEA's readers ignore keys they do not know
    return {
        "id": secrets.token_hex(16),
        "query": query,
        "documents": [text for text, _ in best],
        "scores": [round(score, 4) for _, score in best],
    }


def _as_response(best: list[tuple[str, float]]) -> dict[str, Any]:
    return {"reranked_docs": [{"text": text, "score": round(score, 6)} for text, score in best]}


def main() -> None:
    """Serve, as the environment says."""
    run(create_app(), name="reranking")


if __name__ == "__main__":
    main()
