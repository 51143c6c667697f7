"""Texts as vectors, and passages scored against a question, with the static word vectors of ``wordllama``.

The weights come inside its package: nothing is fetched, and 256 numbers a text need no GPU.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from opea_nb.errors import ModelError

if TYPE_CHECKING:
    from tokenizers import Tokenizer  # the retriever uses this module for its types only

__all__ = ["MODEL_NAME", "Embedded", "Matrix", "WordVectors", "load_word_vectors"]

MODEL_NAME = "wordllama-l2-supercat-256"
Matrix: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Embedded:
    """Unit vectors, a row for each text, and how many tokens the texts had in all."""

    vectors: Matrix
    tokens: int


class WordVectors:
    """Word vectors and their tokenizer; safe to use from several threads.

    Parameters
    ----------
    vectors
        One row for each token of the vocabulary.
    tokenizer
        Turns texts into token ids, without padding.
    """

    def __init__(self, vectors: Matrix, tokenizer: Tokenizer) -> None:
        self._vectors = vectors
        self._tokenizer = tokenizer
        norms = np.linalg.norm(vectors, axis=1)
        self._units = vectors / np.maximum(norms, 1e-9)[:, None]
        self._weights = norms / max(float(norms.mean()), 1e-9)

    @property
    def dimension(self) -> int:
        """Numbers in one vector."""
        return int(self._vectors.shape[1])

    def embed(self, texts: Sequence[str]) -> Embedded:
        """The mean vector of each text's tokens, scaled to length 1; zeros for a text without tokens."""
        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        tokens = 0
        for row, ids in zip(rows, self._ids(texts), strict=True):
            tokens += len(ids)
            if len(ids):
                mean = self._vectors[ids].mean(axis=0)
                row[:] = mean / max(float(np.linalg.norm(mean)), 1e-9)
        return Embedded(rows, tokens)

    def score(self, query: str, passages: Sequence[str]) -> list[float]:
        """How well each passage answers a question, about 0 to 1.

        Half is what the retriever sees: the cosine of the mean vectors. The other half is late interaction: for each
        token of the question the nearest token of the passage, tokens that say more (longer vectors) weighing more.
        It finds names and numbers that the mean of a long passage blurs.
        """
        asked, *found = self._ids([query, *passages])
        means = self.embed([query, *passages]).vectors
        whole = means[1:] @ means[0]
        weights = self._weights[asked] ** 2
        total = max(float(weights.sum()), 1e-9)
        scores = []
        for ids, cosine in zip(found, whole, strict=True):
            near = 0.0
            if len(ids) and len(asked):
                best = (self._units[asked] @ self._units[np.unique(ids)].T).max(axis=1)
                near = float((best * weights).sum()) / total
            scores.append((float(cosine) + near) / 2)
        return scores

    def _ids(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        last = self._vectors.shape[0] - 1
        encoded = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [np.minimum(np.array(e.ids, dtype=np.int64), last) for e in encoded]


@cache
def load_word_vectors() -> WordVectors:
    """The vectors that the ``wordllama`` package carries, loaded once, offline.

    Raises
    ------
    ModelError
        When the package's files are missing or damaged.
    """
    # Read from the package's files rather than through its code: that imports much else (a second on a cold start), and
    # its last version with a wheel for Linux on ARM cannot load its own weights.
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    spec = importlib.util.find_spec("wordllama")
    folder = Path(spec.origin).parent if spec and spec.origin else Path("wordllama")
    try:
        vectors = load_file(folder / "weights" / "l2_supercat_256.safetensors")["embedding.weight"]
        tokenizer = Tokenizer.from_file(str(folder / "tokenizers" / "l2_supercat_tokenizer_config.json"))
    except Exception as e:  # both libraries raise bare kinds of their own for a missing or broken file
        raise ModelError(f"cannot read the word vectors in {folder}: {e}", hint="reinstall wordllama") from e
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return WordVectors(vectors.astype(np.float32), tokenizer)
