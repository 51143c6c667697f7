"""The embedding microservice: ``POST /v1/embeddings``, as OpenAI's."""

from __future__ import annotations

import asyncio
import base64

import numpy as np

from opea_nb.services.asgi import Microservice, Refused, Reply, Request, json_reply
from opea_nb.services.serving import Background, Readiness, run
from opea_nb.services.vectors import MODEL_NAME, Embedded, WordVectors, load_word_vectors

__all__ = ["create_app", "main"]

TEXTS_LIMIT = 2048
CHARACTERS_LIMIT = 100_000


def create_app() -> Microservice:
    """The service as an ASGI app; the model is loaded when the app starts."""
    readiness = Readiness("loading word vectors")
    model = Background[WordVectors](lambda _: load_word_vectors(), readiness)

    async def embeddings(request: Request) -> Reply:
        body = request.json()
        texts = texts_of(body.get("input"))
        encoding = body.get("encoding_format") or "float"
        if encoding not in ("float", "base64"):
            raise Refused(422, f"encoding_format must be float or base64, not {encoding!r}")
        vectors = loaded(model)
        if (wanted := body.get("dimensions")) not in (None, vectors.dimension):
            raise Refused(422, f"dimensions must be {vectors.dimension} or left out, not {wanted!r}")
        done = await asyncio.to_thread(vectors.embed, texts)
        return json_reply(_response(done, encoding))

    return Microservice(
        "opea_nb embedding",
        "Texts as vectors (wordllama, 256 numbers each)",
        {"/v1/embeddings": embeddings},
        readiness,
        model,
    )


def loaded(model: Background[WordVectors]) -> WordVectors:
    """The word vectors.

    Raises
    ------
    Refused
        503 while they are not loaded.
    """
    if model.value is None:
        raise Refused(503, f"not ready: {model.readiness.state.as_json().get('detail', '')}")
    return model.value


def texts_of(given: object) -> list[str]:
    """The texts of a request's ``input``.

    Raises
    ------
    Refused
        422 when it is neither a string nor a list of strings, or too much.

    >>> texts_of("one")
    ['one']
    """
    if given is None:
        raise Refused(422, 'no "input" in the body: send {"input": "text"} or {"input": ["text", …]}')
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not texts or not all(isinstance(t, str) for t in texts):
        raise Refused(422, '"input" must be a string or a list of strings; token ids are not taken')
    if len(texts) > TEXTS_LIMIT:
        raise Refused(422, f'"input" has {len(texts)} texts; send at most {TEXTS_LIMIT} at once')
    for number, text in enumerate(texts):
        if len(text) > CHARACTERS_LIMIT:
            raise Refused(
                422, f'text {number} of "input" has {len(text)} characters; split it at {CHARACTERS_LIMIT} or less'
            )
    return texts


def _response(done: Embedded, encoding: str) -> dict[str, object]:
    def written(row: np.ndarray) -> object:
        return base64.b64encode(row.astype("<f4").tobytes()).decode() if encoding == "base64" else row

    return {
        "object": "list",
        "model": MODEL_NAME,
        "data": [{"object": "embedding", "index": i, "embedding": written(r)} for i, r in enumerate(done.vectors)],
        "usage": {"prompt_tokens": done.tokens, "total_tokens": done.tokens, "completion_tokens": 0},
    }


def main() -> None:
    """Serve, as the environment says."""
    run(create_app(), name="embedding")


if __name__ == "__main__":
    main()
