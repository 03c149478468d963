"""The index: passages of articles in a vector engine, kept equal to the published articles.

Articles change in place, new passages before old ones go; a new embedding model or way of cutting fills a second
collection and then takes the first one's place. So there is no moment without an index.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from knowledge import answerability, passages, sparse
from knowledge.articles import Article, published
from knowledge.embedder import SPAN, Embedder, Vectors, spans
from knowledge.engine import Engine, Held, Point
from knowledge.errors import IndexOutdated
from knowledge.fusion import Candidate, fused, standing
from knowledge.location import Location
from knowledge.passages import Passage
from knowledge.review import Concern

CANDIDATES = 100  # of each side, however many are asked for: scores are brought to one scale within them
SCHEME = "dense, spans, words"  # what a point holds: part of the index's fingerprint
BATCH = 128
_POINTS = uuid.UUID("5b0c2a52-3a1f-4d0e-9b60-0f4f5f1d7c11")

Progress = Callable[[int, int], None]  # (passages done, passages to do)


@dataclass(frozen=True)
class Hit:
    """A passage that was found. `score` ranks within one answer only; `dense_score` is the cosine to the question.
    `answers`, of the first of an answer only, is how likely it is that it answers the question, 0 to 1."""

    article: str
    passage: str
    title: str
    heading: str
    text: str
    score: float
    dense_score: float
    answers: float | None = None


@dataclass(frozen=True)
class SyncReport:
    """What `PassageIndex.sync` did: articles by fate, and how many passages were embedded. `concerns`, of `Knowledge`:
    what a human should look at; articles with a grave one are not in the index."""

    unchanged: int = 0
    embedded: int = 0
    removed: int = 0
    passages_embedded: int = 0
    passages: int = 0
    concerns: tuple[Concern, ...] = ()


def open_engine(location: Location) -> Engine:
    """Raises `IndexBusy`, `IndexCorrupt`, `IndexUnavailable`."""
    if location.url is None and location.engine == "edge":
        from knowledge.edge import EdgeEngine

        return EdgeEngine(location)
    from knowledge.qdrant import ClientEngine  # 0.4 s of imports that only this engine needs

    return ClientEngine(location)


class PassageIndex:
    """Passages of published articles, found by meaning and by words.

    Safe to share between threads. Raises `IndexBusy`, `IndexCorrupt`, `IndexUnavailable`, `IndexMissing`.
    """

    def __init__(self, location: Location, embedder: Embedder) -> None:
        self._embedder = embedder
        self.engine = open_engine(location)

    def close(self) -> None:
        self.engine.close()

    def __enter__(self) -> PassageIndex:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def count(self) -> int:
        """How many passages are indexed; 0 before the first sync."""
        current = self.engine.current()
        return self.engine.count(current) if current else 0

    def sync(
        self, articles: Iterable[Article], progress: Progress | None = None, *, beside: bool = False
    ) -> SyncReport:
        """Make the index hold exactly the published ones of `articles`; only changed ones are embedded again.

        `beside`: other articles stay; an index of another make, which they would be lost with, is `IndexOutdated`."""
        wanted = {article.id: article for article in published(articles)}
        fingerprint = (
            f"{SCHEME} {SPAN}\n{passages.SCHEME}\n{sparse.SCHEME}\n{self._embedder.name}\n{self._embedder.dimensions}"
        )
        collection = f"passages-{uuid.uuid5(_POINTS, fingerprint).hex[:12]}"
        if beside and self.engine.current() not in (None, collection):
            raise IndexOutdated
        self.engine.prepare(collection, self._embedder.dimensions)
        stored: dict[tuple[str, str], list[Held]] = defaultdict(list)
        for held in self.engine.held(collection):
            stored[held.article, held.version].append(held)
        # A version with fewer passages than it has was cut short when it was written.
        whole = {key for key, found in stored.items() if len(found) == found[0].siblings}
        changed = [article for article in wanted.values() if (article.id, article.content_hash) not in whole]
        embedded = self._write(collection, changed, progress)
        stale = [key for key in stored if (key[1] != wanted[key[0]].content_hash if key[0] in wanted else not beside)]
        if stale:
            self.engine.change(collection, (), [held.id for key in stale for held in stored[key]])
        self.engine.publish(collection)
        return SyncReport(
            unchanged=len(wanted) - len(changed),
            embedded=len(changed),
            removed=len({article for article, _ in stale if article not in wanted}),
            passages_embedded=embedded,
            passages=self.engine.count(collection),
        )

    def _write(self, collection: str, articles: Sequence[Article], progress: Progress | None) -> int:
        work = [
            (article.content_hash, len(cut), passage)
            for article in articles
            for cut in [passages.split(article.id, article.title, article.text)]
            for passage in cut
        ]
        for start in range(0, len(work), BATCH):
            batch = work[start : start + BATCH]
            vectors = spans(self._embedder, [passage.in_context for _, _, passage in batch])
            points = [_point(*entry, rows) for entry, rows in zip(batch, vectors, strict=True)]
            self.engine.change(collection, points)
            if progress is not None:
                progress(start + len(batch), len(work))
        return len(work)

    def find(self, query: str, limit: int) -> list[Hit]:
        """The best passages for `query`, best first, by meaning and words together."""
        vector = self._embedder.encode([query])[0]
        by_meaning, by_words = self.engine.nearest(vector, sparse.query_vector(query), CANDIDATES)
        hits = [_hit(candidate) for candidate in fused(vector, by_meaning, by_words)[:limit]]
        if hits:
            stands = standing(hits[0].article, by_meaning, by_words)
            covered = answerability.covered(query, f"{hits[0].title}\n{hits[0].text}")
            hits[0] = replace(hits[0], answers=answerability.probability(stands, covered))
        return hits


def _point(version: str, siblings: int, passage: Passage, vectors: Vectors) -> Point:
    return Point(
        id=str(uuid.uuid5(_POINTS, f"{version}\n{passage.id}")),
        dense=vectors[0],
        spans=vectors[1:] if len(vectors) > 1 else vectors,
        words=sparse.passage_vector(passage.in_context),
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


def _hit(candidate: Candidate) -> Hit:
    said = candidate.payload
    return Hit(
        article=said["article"],
        passage=said["passage"],
        title=said["title"],
        heading=said["heading"],
        text=said["text"],
        score=candidate.score,
        dense_score=candidate.cosine,
    )
