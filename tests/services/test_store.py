from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import apsw
import numpy as np
import pytest

from opea_nb.errors import OpeaError
from opea_nb.services.search import Search, search
from opea_nb.services.store import DimensionMismatch, Passage, Store
from opea_nb.services.vectors import Matrix

EAST = np.array([1, 0, 0], dtype=np.float32)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "deep" / "store")
    yield store
    store.close()


def put(store: Store, name: str, *rows: tuple[float, ...], index: str = "rag") -> None:
    passages = [Passage(f"{name} {i}", page=i + 1, heading="H") for i in range(len(rows))]
    store.put(index, [(name, 10, passages, np.array(rows, dtype=np.float32))])


def texts(store: Store, how: Search, vector: Matrix = EAST) -> list[str]:
    return [f.text for f in search(store, "rag", vector, how)]


def test_the_nearest_passages_come_first_with_where_they_stand(store: Store) -> None:
    put(store, "a.md", (0, 1, 0), (1, 0.1, 0))
    near = store.nearest("rag", EAST, 5)
    assert [f.text for f in near] == ["a.md 1", "a.md 0"]
    assert (near[0].source, near[0].number, near[0].page, near[0].heading) == ("a.md", 1, 2, "H")
    assert near[1].distance == pytest.approx(1.0)


def test_a_document_of_the_same_name_is_replaced_and_nothing_of_it_stays(store: Store) -> None:
    put(store, "a.md", (1, 0, 0), (1, 0.1, 0))
    put(store, "a.md", (0, 1, 0))
    assert texts(store, Search(k=10)) == ["a.md 0"]
    assert [(d.name, d.passages) for d in store.documents("rag")] == [("a.md", 1)]


def test_of_several_documents_all_are_put_or_none(store: Store) -> None:
    good = ("a.md", 1, [Passage("a")], np.ones((1, 3), dtype=np.float32))
    bad = ("b.md", 1, [Passage("b")], np.ones((1, 4), dtype=np.float32))
    with pytest.raises(apsw.SQLError):
        store.put("rag", [good, bad])
    assert store.documents("rag") == []
    assert store.indexes() == []


def test_delete_takes_one_document_or_all(store: Store) -> None:
    for name in "abc":
        put(store, name, (1, 0, 0))
    assert store.delete("rag", "b") == 1
    assert store.delete("rag", "b") == 0
    assert [d.name for d in store.documents("rag")] == ["a", "c"]
    assert store.delete("rag", None) == 2
    assert texts(store, Search()) == []


def test_indexes_are_kept_apart(store: Store) -> None:
    put(store, "a", (1, 0, 0))
    put(store, "b", (1, 0, 0), index='it\'s "other"')
    assert texts(store, Search(k=10)) == ["a 0"]
    assert store.indexes() == ['it\'s "other"', "rag"]
    assert store.nearest("nothing", EAST, 3) == []


def test_vectors_of_another_length_are_refused_with_what_to_do(store: Store) -> None:
    put(store, "a", (1, 0, 0))
    with pytest.raises(DimensionMismatch, match="holds vectors of 3 numbers, and this one has 2"):
        store.nearest("rag", EAST[:2], 1)
    with pytest.raises(DimensionMismatch, match="INDEX_NAME"):
        put(store, "b", (1, 0))


def test_thresholds_cut_off_what_is_far(store: Store) -> None:
    put(store, "a", (1, 0, 0), (1, 1, 0), (0, 1, 0))
    assert texts(store, Search("similarity", k=2)) == ["a 0", "a 1"]
    assert texts(store, Search("similarity_distance_threshold", distance_threshold=0.1)) == ["a 0"]
    assert texts(store, Search("similarity_score_threshold", score_threshold=0.5)) == ["a 0", "a 1"]


def test_mmr_prefers_a_different_passage_to_a_repetition(store: Store) -> None:
    put(store, "a", (1, 0.1, 0), (1, 0.11, 0), (0.8, 0, 0.8))
    assert texts(store, Search("similarity", k=2)) == ["a 0", "a 1"]
    assert texts(store, Search("mmr", k=2, lambda_mult=0.5)) == ["a 0", "a 2"]
    assert texts(store, Search("mmr", k=2, lambda_mult=1)) == ["a 0", "a 1"]
    assert texts(store, Search("mmr", k=2, fetch_k=2, lambda_mult=0)) == ["a 0", "a 1"]


def test_another_connection_sees_what_was_put_and_many_write_at_once(store: Store) -> None:
    other = Store(store.path.parent)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda i: put((store, other)[i % 2], f"d{i}", (1, i, 0)), range(12)))
    assert len(other.documents("rag")) == 12
    assert len(store.nearest("rag", EAST, 100)) == 12
    other.close()


def test_a_text_without_words_is_near_to_nothing(store: Store) -> None:
    put(store, "a", (0, 0, 0), (1, 0, 0))
    assert texts(store, Search(k=5)) == ["a 1"]
    assert texts(store, Search(k=5), np.zeros(3, dtype=np.float32)) == []
    assert store.documents("rag")[0].passages == 2


def test_a_file_that_is_no_store_is_told(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite3").write_bytes(b"something else entirely" * 100)
    with pytest.raises(OpeaError, match="cannot open the vector store"):
        Store(tmp_path)
