"""The index: passages of articles in Qdrant, in process from a folder or on a server by URL.

Readers follow an alias. Articles change in place, new passages before old ones go; a new embedding model or way of
cutting fills a second collection and then moves the alias. So there is no moment without an index.
"""

import contextlib
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from qdrant_client import QdrantClient, models

from knowledge import passages, sparse
from knowledge.articles import Article, published
from knowledge.embedder import Embedder, Vectors
from knowledge.errors import IndexMissing
from knowledge.passages import Passage
from knowledge.qdrant import Location, open_client, speaking_of

ALIAS = "passages"
DENSE = "dense"
WORDS = "words"
CANDIDATES = 50  # taken from each side before fusion
RRF_K = 10  # chosen on the public help centres (scripts/measure_retrieval.py)
BATCH = 128
_POINTS = uuid.UUID("5b0c2a52-3a1f-4d0e-9b60-0f4f5f1d7c11")

Progress = Callable[[int, int], None]  # (passages done, passages to do)


@dataclass(frozen=True)
class Hit:
    """A passage that was found. `score` ranks within one answer only; `dense_score` is the cosine to the question."""

    article: str
    passage: str
    title: str
    heading: str
    text: str
    score: float
    dense_score: float


@dataclass(frozen=True)
class SyncReport:
    """What `PassageIndex.sync` did: articles by fate, and how many passages were embedded."""

    unchanged: int = 0
    embedded: int = 0
    removed: int = 0
    passages_embedded: int = 0
    passages: int = 0


@dataclass(frozen=True)
class _Stored:
    """What the index holds of one version of one article; `whole` is false when writing it was cut short."""

    points: tuple[str, ...]
    whole: bool


class PassageIndex:
    """Passages of published articles, found by meaning and by words.

    Safe to share between threads. Raises `IndexBusy`, `IndexCorrupt`, `IndexUnavailable`, `IndexMissing`.
    """

    def __init__(self, location: Location, embedder: Embedder) -> None:
        self._location = location
        self._embedder = embedder
        self._lock = threading.RLock()  # the in-process engine is not made for two threads
        self._opened = open_client(location)

    def close(self) -> None:
        with self._lock:
            self._opened.close()

    def __enter__(self) -> "PassageIndex":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextlib.contextmanager
    def _client(self) -> Iterator[QdrantClient]:
        guard = self._lock if self._location.folder is not None else contextlib.nullcontext()
        with guard, speaking_of(self._location):
            yield self._opened.client

    def count(self) -> int:
        """How many passages are indexed; 0 before the first sync."""
        with self._client() as client:
            current = _current(client)
            return client.count(current, exact=True).count if current else 0

    def sync(self, articles: Iterable[Article], progress: Progress | None = None) -> SyncReport:
        """Make the index hold exactly the published ones of `articles`; only changed ones are embedded again."""
        wanted = {article.id: article for article in published(articles)}
        fingerprint = f"{passages.SCHEME}\n{sparse.SCHEME}\n{self._embedder.name}\n{self._embedder.dimensions}"
        collection = f"{ALIAS}-{uuid.uuid5(_POINTS, fingerprint).hex[:12]}"
        with self._client() as client:
            before = _current(client)
            if not client.collection_exists(collection):
                self._create(client, collection)
            stored = _stored(client, collection)
        changed = [
            article
            for article in wanted.values()
            if not (version := stored.get((article.id, article.content_hash))) or not version.whole
        ]
        embedded = self._write(collection, changed, progress)
        stale = {
            key: version
            for key, version in stored.items()
            if key[0] not in wanted or key[1] != wanted[key[0]].content_hash
        }
        with self._client() as client:
            points = [point for version in stale.values() for point in version.points]
            if points:
                client.delete(collection, models.PointIdsList(points=list(points)), wait=True)
            if before != collection:
                _move_alias(client, collection)
            if before and before != collection:
                client.delete_collection(before)
            total = client.count(collection, exact=True).count
        return SyncReport(
            unchanged=len(wanted) - len(changed),
            embedded=len(changed),
            removed=len({article for article, _ in stale if article not in wanted}),
            passages_embedded=embedded,
            passages=total,
        )

    def _create(self, client: QdrantClient, collection: str) -> None:
        client.create_collection(
            collection,
            vectors_config={
                DENSE: models.VectorParams(size=self._embedder.dimensions, distance=models.Distance.COSINE)
            },
            sparse_vectors_config={WORDS: models.SparseVectorParams(modifier=models.Modifier.IDF)},
        )

    def _write(self, collection: str, articles: Sequence[Article], progress: Progress | None) -> int:
        """Embed outside the lock, so that readers are answered meanwhile."""
        work = [
            (article.content_hash, len(cut), passage)
            for article in articles
            for cut in [passages.split(article.id, article.title, article.text)]
            for passage in cut
        ]
        for start in range(0, len(work), BATCH):
            batch = work[start : start + BATCH]
            vectors = self._embedder.encode([passage.in_context for _, _, passage in batch])
            with self._client() as client:
                client.upsert(
                    collection,
                    [_point(*entry, vector) for entry, vector in zip(batch, vectors, strict=True)],
                    wait=True,
                )
            if progress is not None:
                progress(start + len(batch), len(work))
        return len(work)

    def find(self, query: str, limit: int) -> list[Hit]:
        """The best passages for `query`, best first, by reciprocal rank fusion of meaning and words."""
        vector = self._embedder.encode([query])[0]
        words = sparse.query_vector(query)
        sides = [models.Prefetch(query=vector.tolist(), using=DENSE, limit=max(CANDIDATES, limit))]
        if words.indices:
            query_words = models.SparseVector(indices=list(words.indices), values=list(words.values))
            sides.append(models.Prefetch(query=query_words, using=WORDS, limit=max(CANDIDATES, limit)))
        with self._client() as client:
            if _current(client) is None:
                raise IndexMissing(str(self._location))
            found = client.query_points(
                ALIAS,
                prefetch=sides,
                query=models.RrfQuery(rrf=models.Rrf(k=RRF_K)),
                limit=limit,
                with_payload=True,
                with_vectors=[DENSE],
            ).points
        return [_hit(point, vector) for point in found]


def _point(version: str, siblings: int, passage: Passage, vector: Vectors) -> models.PointStruct:
    words = sparse.passage_vector(passage.in_context)
    return models.PointStruct(
        id=str(uuid.uuid5(_POINTS, f"{version}\n{passage.id}")),
        vector={
            DENSE: vector.tolist(),
            WORDS: models.SparseVector(indices=list(words.indices), values=list(words.values)),
        },
        payload={
            "article": passage.article,
            "version": version,
            "siblings": siblings,
            "passage": passage.id,
            "title": passage.title,
            "heading": passage.heading,
            "text": passage.text,
        },
    )


def _hit(point: models.ScoredPoint, query: Vectors) -> Hit:
    payload: dict[str, Any] = point.payload or {}
    stored = point.vector[DENSE] if isinstance(point.vector, dict) else []
    return Hit(
        article=payload["article"],
        passage=payload["passage"],
        title=payload["title"],
        heading=payload["heading"],
        text=payload["text"],
        score=point.score,
        dense_score=float(np.asarray(stored, dtype=np.float32) @ query),
    )


def _current(client: QdrantClient) -> str | None:
    """The collection that readers see, or None before the first sync."""
    names = [alias.collection_name for alias in client.get_aliases().aliases if alias.alias_name == ALIAS]
    return names[0] if names else None


def _move_alias(client: QdrantClient, collection: str) -> None:
    client.update_collection_aliases(
        [models.CreateAliasOperation(create_alias=models.CreateAlias(collection_name=collection, alias_name=ALIAS))]
    )


def _stored(client: QdrantClient, collection: str) -> dict[tuple[str, str], _Stored]:
    """What the collection holds, by (article, version)."""
    held: dict[tuple[str, str], _Stored] = defaultdict(lambda: _Stored((), whole=False))
    offset: Any = None
    while True:
        records, offset = client.scroll(
            collection, limit=1_000, offset=offset, with_payload=["article", "version", "siblings"], with_vectors=False
        )
        for record in records:
            payload: dict[str, Any] = record.payload or {}
            key = (payload["article"], payload["version"])
            points = (*held[key].points, str(record.id))
            held[key] = replace(held[key], points=points, whole=len(points) == payload["siblings"])
        if offset is None:
            return dict(held)
