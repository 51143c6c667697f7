# ruff: noqa: S608  # only numbers of our own are put into SQL text: a table's name cannot be a parameter
"""The vector store: documents, their passages and vectors in one SQLite file, by index.

Several processes may use it at once (WAL): dataprep writes, the retriever reads.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import cast

import apsw
import numpy as np
import sqlite_vec

from opea_nb.errors import OpeaError
from opea_nb.services.vectors import Matrix

__all__ = ["DimensionMismatch", "Found", "Passage", "Store", "StoredDocument"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS indexes(
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, dimension INTEGER NOT NULL, model TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS documents(
  id INTEGER PRIMARY KEY, index_id INTEGER NOT NULL REFERENCES indexes(id) ON DELETE CASCADE,
  name TEXT NOT NULL, bytes INTEGER NOT NULL, added REAL NOT NULL, UNIQUE(index_id, name)) STRICT;
CREATE TABLE IF NOT EXISTS passages(
  id INTEGER PRIMARY KEY, document_id INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
  number INTEGER NOT NULL, text TEXT NOT NULL, page INTEGER, heading TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS passages_by_document ON passages(document_id);
"""
NEIGHBOURS_LIMIT = 4096  # sqlite-vec answers no more


class DimensionMismatch(OpeaError):
    """Vectors of another length than the index holds."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document. `page` counts from 1, 0 where there are none."""

    text: str
    page: int = 0
    heading: str = ""


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document in an index; `added` is Unix time."""

    name: str
    passages: int
    bytes: int
    added: float


@dataclass(frozen=True, slots=True)
class Found:
    """A passage near a vector. `distance` is 1 minus the cosine: 0 same direction, 1 unrelated, 2 opposite."""

    id: int
    text: str
    source: str
    number: int
    page: int
    heading: str
    distance: float
    vector: Matrix


class Store:
    """The store in a folder, made when it is not there.

    Safe to use from several threads; close it when done (closing twice is fine).

    Parameters
    ----------
    folder
        Where its one file lies.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "store.sqlite3"
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._db = apsw.Connection(str(self.path))
            self._lock = Lock()
            self._db.set_busy_timeout(15_000)
            self._db.enable_load_extension(True)
            self._db.load_extension(sqlite_vec.loadable_path())
            self._db.enable_load_extension(False)
            self._db.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON").fetchall()
            with self._changing():
                self._db.execute(_SCHEMA)
        except (apsw.Error, OSError) as e:
            raise OpeaError(
                f"cannot open the vector store {self.path}: {e}", hint="check STORE_PATH, or move the file away"
            ) from e

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    @contextmanager
    def _changing(self) -> Iterator[None]:
        # IMMEDIATE: a second writer waits here instead of failing at its first write
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @contextmanager
    def _reading(self) -> Iterator[None]:
        with self._lock:
            self._db.execute("BEGIN")
            try:
                yield
            finally:
                self._db.execute("ROLLBACK")

    def put(
        self, index: str, documents: Sequence[tuple[str, int, Sequence[Passage], Matrix]], *, model: str = ""
    ) -> None:
        """Put documents in an index, all or none; one of a name that is there replaces it.

        Parameters
        ----------
        index
            Name of the index, made when it is not there.
        documents
            Of each: name, size in bytes, passages, and as many rows of vectors.
        model
            Name of what made the vectors, kept with a new index.

        Raises
        ------
        DimensionMismatch
            When the index holds vectors of another length.
        """
        if not documents:
            return
        dimension = int(documents[0][3].shape[1])
        with self._changing():
            number = self._open_index(index, dimension, model)
            for name, size, passages, vectors in documents:
                self._remove(number, name)
                self._insert(number, name, size, passages, vectors)

    def _open_index(self, index: str, dimension: int, model: str) -> int:
        row = self._index(index)
        if row is not None:
            _check_dimension(index, row[1], dimension)
            return row[0]
        self._db.execute("INSERT INTO indexes(name, dimension, model) VALUES (?,?,?)", (index, dimension, model))
        number = self._db.last_insert_rowid()
        self._db.execute(
            f"CREATE VIRTUAL TABLE vectors_{number} USING vec0(embedding float[{dimension}] distance_metric=cosine)"
        )
        return number

    def _index(self, index: str) -> tuple[int, int] | None:
        row = self._db.execute("SELECT id, dimension FROM indexes WHERE name = ?", (index,)).fetchone()
        return None if row is None else (int(row[0]), int(row[1]))

    def _insert(self, number: int, name: str, size: int, passages: Sequence[Passage], vectors: Matrix) -> None:
        self._db.execute(
            "INSERT INTO documents(index_id, name, bytes, added) VALUES (?,?,?,?)", (number, name, size, time.time())
        )
        document = self._db.last_insert_rowid()
        for position, (passage, vector) in enumerate(zip(passages, vectors, strict=True)):
            self._db.execute(
                "INSERT INTO passages(document_id, number, text, page, heading) VALUES (?,?,?,?,?)",
                (document, position, passage.text, passage.page or None, passage.heading),
            )
            if not vector.any():
                continue  # a text without words has no direction: it is listed, and never near to anything
            self._db.execute(
                f"INSERT INTO vectors_{number}(rowid, embedding) VALUES (?,?)",
                (self._db.last_insert_rowid(), vector.astype(np.float32).tobytes()),
            )

    def _remove(self, number: int, name: str | None) -> int:
        chosen = "SELECT id FROM documents WHERE index_id = ?1 AND (?2 IS NULL OR name = ?2)"
        self._db.execute(
            f"DELETE FROM vectors_{number} WHERE rowid IN (SELECT id FROM passages WHERE document_id IN ({chosen}))",
            (number, name),
        )
        self._db.execute(f"DELETE FROM documents WHERE id IN ({chosen})", (number, name))
        return self._db.changes()

    def delete(self, index: str, name: str | None) -> int:
        """Delete the document of that name, or all with ``None``; how many there were."""
        with self._changing():
            row = self._index(index)
            return 0 if row is None else self._remove(row[0], name)

    def documents(self, index: str) -> list[StoredDocument]:
        """The documents of an index by name; none when there is no such index."""
        query = """SELECT d.name, (SELECT count(*) FROM passages WHERE document_id = d.id), d.bytes, d.added
                   FROM documents d JOIN indexes i ON i.id = d.index_id WHERE i.name = ? ORDER BY d.name"""
        with self._lock:
            rows = self._db.execute(query, (index,)).fetchall()
        # the tables are STRICT, so the columns have these types
        return [StoredDocument(*row) for row in cast("list[tuple[str, int, int, float]]", rows)]

    def indexes(self) -> list[str]:
        """Names of the indexes that hold documents."""
        query = "SELECT name FROM indexes i WHERE EXISTS(SELECT 1 FROM documents WHERE index_id = i.id) ORDER BY name"
        with self._lock:
            return [str(name) for (name,) in self._db.execute(query)]

    def nearest(self, index: str, vector: Matrix, count: int) -> list[Found]:
        """The passages nearest to a vector, nearest first; none when there is no such index.

        Raises
        ------
        DimensionMismatch
            When the index holds vectors of another length.
        """
        with self._reading():
            row = self._index(index)
            if row is None:
                return []
            _check_dimension(index, row[1], int(vector.shape[0]))
            if not vector.any():
                return []
            query = f"""WITH near AS (SELECT rowid, distance, embedding FROM vectors_{row[0]}
                          WHERE embedding MATCH ? AND k = ?)
                        SELECT p.id, p.text, d.name, p.number, coalesce(p.page, 0), p.heading, near.distance,
                          near.embedding
                        FROM near JOIN passages p ON p.id = near.rowid JOIN documents d ON d.id = p.document_id
                        ORDER BY near.distance, p.id"""
            cursor = self._db.execute(query, (vector.astype(np.float32).tobytes(), min(count, NEIGHBOURS_LIMIT)))
            return [_found(r) for r in cursor]


def _found(row: tuple[apsw.SQLiteValue, ...]) -> Found:
    number, text, source, position, page, heading, distance, blob = row
    assert isinstance(number, int)  # the tables are STRICT
    assert isinstance(position, int)
    assert isinstance(page, int)
    assert isinstance(blob, bytes)
    assert isinstance(distance, float)
    vector = np.frombuffer(blob, dtype=np.float32)
    return Found(number, str(text), str(source), position, page, str(heading), distance, vector)


def _check_dimension(index: str, held: int, given: int) -> None:
    if held != given:
        raise DimensionMismatch(
            f"index {index!r} holds vectors of {held} numbers, and this one has {given}",
            hint="embed questions and documents with the same model: use another INDEX_NAME, or delete the documents"
            " and ingest them again",
        )
