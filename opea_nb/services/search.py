"""The four ways to search a vector store that OPEA's retriever knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from opea_nb.services.store import NEIGHBOURS_LIMIT, Found, Store
from opea_nb.services.vectors import Matrix

__all__ = ["SEARCH_TYPES", "Search", "diverse", "search"]

SEARCH_TYPES = ("similarity", "similarity_distance_threshold", "similarity_score_threshold", "mmr")


@dataclass(frozen=True, slots=True)
class Search:
    """How to search.

    Parameters
    ----------
    kind
        One of `SEARCH_TYPES`.
    k
        Most passages to give, from 1.
    fetch_k
        For mmr: how many near passages to choose from; at least `k`.
    lambda_mult
        For mmr: 1 for near only, 0 for different only.
    distance_threshold
        Largest distance (1 minus the cosine).
    score_threshold
        Smallest score (the cosine).
    """

    kind: str = "similarity"
    k: int = 4
    fetch_k: int = 20
    lambda_mult: float = 0.5
    distance_threshold: float = 2.0
    score_threshold: float = 0.2


def search(store: Store, index: str, vector: Matrix, how: Search) -> list[Found]:
    """The passages of an index that a search finds, best first."""
    if how.kind == "mmr":
        near = store.nearest(index, vector, min(max(how.fetch_k, how.k), NEIGHBOURS_LIMIT))
        return diverse(vector, near, how.k, how.lambda_mult)
    near = store.nearest(index, vector, how.k)
    if how.kind == "similarity_distance_threshold":
        return [f for f in near if f.distance <= how.distance_threshold]
    if how.kind == "similarity_score_threshold":
        return [f for f in near if 1 - f.distance >= how.score_threshold]
    return near


def diverse(vector: Matrix, near: Sequence[Found], k: int, lambda_mult: float) -> list[Found]:
    """Up to `k` passages, each near to the vector and unlike those chosen before (maximal marginal relevance)."""
    if not near:
        return []
    rows = np.stack([f.vector for f in near])
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    relevance = rows @ (vector / max(float(np.linalg.norm(vector)), 1e-9))
    chosen: list[int] = []
    left = list(range(len(near)))
    while left and len(chosen) < k:
        alike = (rows[left] @ rows[chosen].T).max(axis=1) if chosen else np.zeros(len(left))
        best = left[int(np.argmax(lambda_mult * relevance[left] - (1 - lambda_mult) * alike))]
        chosen.append(best)
        left.remove(best)
    return [near[i] for i in chosen]
