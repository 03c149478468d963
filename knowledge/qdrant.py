"""The index behind qdrant-client: on a server by URL, or in process in Python, an exact scan for small help centres.

Readers follow an alias, which moves when another collection is published.
"""

from __future__ import annotations

import contextlib
import pickle
import sqlite3
import threading
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import numpy as np
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import ApiException, ResponseHandlingException, UnexpectedResponse

from knowledge.embedder import Vectors
from knowledge.engine import DENSE, SPANS, WIDER, WORDS, Found, Held, Point
from knowledge.errors import IndexCorrupt, IndexMissing, IndexUnavailable
from knowledge.location import FolderLock, Location, first_line
from knowledge.sparse import SparseVector

ALIAS = "passages"
SERVER_TIMEOUT_SECONDS = 5
PAGE = 1_000
# What reading a damaged folder was seen to raise: broken JSON, wrong shapes, cut pages, cut pickles.
_UNREADABLE = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    RuntimeError,
    EOFError,
    pickle.PickleError,
    sqlite3.DatabaseError,
)


class ClientEngine:
    """Safe to share between threads: the in-process client is used by one at a time."""

    def __init__(self, location: Location) -> None:
        self._location = location
        self._lock: FolderLock | None = None
        self._guard = threading.RLock()
        if location.url is not None:
            with self._speaking():
                # The compatibility check would call the server now, and only warn.
                self._opened = QdrantClient(
                    url=location.url,
                    api_key=location.api_key,
                    timeout=SERVER_TIMEOUT_SECONDS,
                    check_compatibility=False,
                )
            return
        assert location.folder is not None
        self._lock = FolderLock(location.folder)
        try:
            with warnings.catch_warnings():
                # Advice about size: the measured limits stand in docs, and a warning must not stop a search.
                warnings.simplefilter("ignore", UserWarning)
                self._opened = QdrantClient(path=str(location.folder / "qdrant"))
        except _UNREADABLE as error:
            self._lock.close()
            raise IndexCorrupt(str(location), first_line(error)) from error
        except OSError as error:
            self._lock.close()
            raise IndexUnavailable(str(location), first_line(error)) from error

    def close(self) -> None:
        with self._guard:
            self._opened.close()
            if self._lock is not None:
                self._lock.close()

    @contextlib.contextmanager
    def _client(self) -> Iterator[QdrantClient]:
        guard = self._guard if self._lock is not None else contextlib.nullcontext()
        with guard, self._speaking():
            yield self._opened

    def current(self) -> str | None:
        with self._client() as client:
            return _current(client)

    def prepare(self, collection: str, dimensions: int) -> None:
        with self._client() as client:
            if not client.collection_exists(collection):
                client.create_collection(
                    collection,
                    vectors_config={
                        DENSE: models.VectorParams(size=dimensions, distance=models.Distance.COSINE),
                        SPANS: _spans(dimensions),
                    },
                    sparse_vectors_config={WORDS: models.SparseVectorParams(modifier=models.Modifier.IDF)},
                )

    def held(self, collection: str) -> Iterator[Held]:
        offset: Any = None
        while True:
            with self._client() as client:
                records, offset = client.scroll(
                    collection,
                    limit=PAGE,
                    offset=offset,
                    with_payload=["article", "version", "siblings"],
                    with_vectors=False,
                )
            for record in records:
                known: dict[str, Any] = record.payload or {}
                yield Held(str(record.id), known["article"], known["version"], known["siblings"])
            if offset is None:
                return

    def change(self, collection: str, add: Sequence[Point], remove: Sequence[str] = ()) -> None:
        with self._client() as client:
            if add:
                client.upsert(collection, [_point(each) for each in add], wait=True)
            if remove:
                client.delete(collection, models.PointIdsList(points=list(remove)), wait=True)

    def publish(self, collection: str) -> None:
        with self._client() as client:
            before = _current(client)
            if before == collection:
                return
            seen = models.CreateAlias(collection_name=collection, alias_name=ALIAS)
            client.update_collection_aliases([models.CreateAliasOperation(create_alias=seen)])
            if before is not None:
                client.delete_collection(before)

    def count(self, collection: str) -> int:
        with self._client() as client:
            return client.count(collection, exact=True).count

    def nearest(self, dense: Vectors, words: SparseVector, limit: int) -> tuple[list[Found], list[Found]]:
        near = models.Prefetch(query=dense.tolist(), using=DENSE, limit=limit * WIDER)
        asked = [_request([dense.tolist()], SPANS, limit, near)]
        if words.indices:
            sparse = models.SparseVector(indices=list(words.indices), values=list(words.values))
            asked.append(_request(sparse, WORDS, limit))
        with self._client() as client:
            try:
                sides = client.query_batch_points(ALIAS, asked)
            except (UnexpectedResponse, ValueError) as error:
                if _current(client) is None:
                    raise IndexMissing(str(self._location)) from error
                raise
        found = [[_found(point) for point in side.points] for side in sides]
        return found[0], found[1] if len(found) > 1 else []

    @contextlib.contextmanager
    def _speaking(self) -> Iterator[None]:
        """Turn what the client raises into `KnowledgeError`s; ours pass through."""
        where = str(self._location)
        try:
            yield
        except UnexpectedResponse as error:
            raise IndexUnavailable(where, f"the server answered {error.status_code}") from error
        except (ResponseHandlingException, ApiException, httpx.HTTPError, OSError) as error:
            raise IndexUnavailable(where, first_line(error)) from error
        except sqlite3.OperationalError as error:  # disk full, read-only folder
            raise IndexUnavailable(where, first_line(error)) from error
        except (sqlite3.DatabaseError, pickle.PickleError, EOFError, KeyError) as error:
            raise IndexCorrupt(where, first_line(error)) from error
        except RuntimeError as error:
            if "closed" not in str(error):
                raise
            raise IndexUnavailable(where, "it has been closed") from error


def _spans(dimensions: int) -> models.VectorParams:
    """Only what is near as a whole is looked at by its spans: they need no graph, and half of the precision."""
    return models.VectorParams(
        size=dimensions,
        distance=models.Distance.COSINE,
        multivector_config=models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM),
        datatype=models.Datatype.FLOAT16,
        hnsw_config=models.HnswConfigDiff(m=0),
    )


def _request(query: Any, using: str, limit: int, near: models.Prefetch | None = None) -> models.QueryRequest:
    return models.QueryRequest(
        query=query, using=using, limit=limit, prefetch=near, with_payload=True, with_vector=[DENSE]
    )


def _point(point: Point) -> models.PointStruct:
    words = models.SparseVector(indices=list(point.words.indices), values=list(point.words.values))
    return models.PointStruct(
        id=point.id,
        vector={DENSE: point.dense.tolist(), SPANS: point.spans.tolist(), WORDS: words},
        payload=point.payload,
    )


def _found(point: models.ScoredPoint) -> Found:
    stored = point.vector[DENSE] if isinstance(point.vector, dict) else []
    return Found(str(point.id), point.score, point.payload or {}, np.asarray(stored, dtype=np.float32))


def _current(client: QdrantClient) -> str | None:
    """The collection that readers see, or None before the first was published."""
    names = [alias.collection_name for alias in client.get_aliases().aliases if alias.alias_name == ALIAS]
    return names[0] if names else None
