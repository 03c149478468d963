"""The index in a folder, held by Qdrant's Rust engine: a shard a collection, and a file that names the published one.

The engine takes several threads at once. A shard that is replaced is closed and deleted by the last of its readers.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import qdrant_edge as qdrant

from knowledge.embedder import Vectors
from knowledge.engine import DENSE, SPANS, WIDER, WORDS, Found, Held, Point
from knowledge.errors import IndexCorrupt, IndexMissing, IndexUnavailable
from knowledge.location import FolderLock, Location, first_line
from knowledge.sparse import SparseVector

PAGE = 1_000


class EdgeEngine:
    """One opener a folder. Raises `IndexBusy`, `IndexCorrupt`, `IndexUnavailable`, also when it is made."""

    def __init__(self, location: Location) -> None:
        assert location.folder is not None
        self._location = location
        self._lock = FolderLock(location.folder)
        self._root = location.folder / "edge"
        self._guard = threading.Lock()
        self._shards: dict[str, qdrant.EdgeShard] = {}
        self._readers: Counter[str] = Counter()
        self._retired: set[str] = set()
        self._current: str | None = None
        try:
            self._current = self._named()
            if self._current is not None:
                self._shards[self._current] = self._load(self._current)
        except BaseException:
            self._lock.close()
            raise

    def _named(self) -> str | None:
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            name = (self._root / "current").read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return None
        except UnicodeDecodeError as error:
            raise IndexCorrupt(str(self._location), "the name of its collection is damaged") from error
        except OSError as error:
            raise IndexUnavailable(str(self._location), first_line(error)) from error
        if not name or not (self._root / name).is_dir():
            raise IndexCorrupt(str(self._location), "its collection is not there")
        return name

    def _load(self, name: str) -> qdrant.EdgeShard:
        try:
            return qdrant.EdgeShard.load(str(self._root / name))
        except Exception as error:  # the engine raises nothing narrower
            raise IndexCorrupt(str(self._location), first_line(error)) from error

    def close(self) -> None:
        with self._guard:
            for shard in self._shards.values():
                shard.close()
            self._shards.clear()
            self._lock.close()

    def current(self) -> str | None:
        return self._current

    def prepare(self, collection: str, dimensions: int) -> None:
        folder = self._root / collection
        with self._guard:
            if collection in self._shards:
                return
            if folder.exists():
                with contextlib.suppress(IndexCorrupt):  # nobody reads it yet: it is made anew
                    self._shards[collection] = self._load(collection)
                    return
                shutil.rmtree(folder)
            with self._speaking():
                folder.mkdir(parents=True)
                self._shards[collection] = qdrant.EdgeShard.create(
                    str(folder),
                    qdrant.EdgeConfig(
                        vectors={
                            DENSE: qdrant.EdgeVectorParams(dimensions, qdrant.Distance.Cosine),
                            SPANS: _spans(dimensions),
                        },
                        sparse_vectors={WORDS: qdrant.EdgeSparseVectorParams(modifier=qdrant.Modifier.Idf)},
                        # Articles are its source, so a change that a crash cut off is made again: no log of changes.
                        wal_enabled=False,
                        optimizers=qdrant.EdgeOptimizersConfig(default_segment_number=1),
                    ),
                )

    def held(self, collection: str) -> Iterator[Held]:
        offset = None
        while True:
            with self.reading(collection) as shard:
                records, offset = shard.scroll(
                    qdrant.ScrollRequest(limit=PAGE, offset=offset, with_payload=["article", "version", "siblings"])
                )
            for record in records:
                known: dict[str, Any] = record.payload or {}
                yield Held(str(record.id), known["article"], known["version"], known["siblings"])
            if offset is None:
                return

    def change(self, collection: str, add: Sequence[Point], remove: Sequence[str] = ()) -> None:
        with self.reading(collection) as shard:
            if add:
                shard.update(qdrant.UpdateOperation.upsert_points([_point(each) for each in add]))
            if remove:
                shard.update(qdrant.UpdateOperation.delete_points(list(remove)))
            shard.flush()

    def publish(self, collection: str) -> None:
        with self.reading(collection) as shard:
            shard.optimize()
            shard.flush()
        if self._current != collection:
            fresh = self._root / "current.new"
            with self._speaking():
                fresh.write_text(collection, encoding="utf-8")
                fresh.replace(self._root / "current")
        with self._guard:
            self._current = collection
            self._retired |= self._shards.keys() - {collection}
            for name in [name for name in self._retired if not self._readers[name]]:
                self._drop(name)
            left = [folder for folder in self._root.iterdir() if folder.is_dir() and folder.name not in self._shards]
        for folder in left:  # of a filling that was given up
            shutil.rmtree(folder, ignore_errors=True)

    def _drop(self, name: str) -> None:
        self._retired.discard(name)
        self._shards.pop(name).close()
        shutil.rmtree(self._root / name, ignore_errors=True)

    def count(self, collection: str) -> int:
        with self.reading(collection) as shard:
            return shard.count(qdrant.CountRequest(exact=True))

    def nearest(self, dense: Vectors, words: SparseVector, limit: int) -> tuple[list[Found], list[Found]]:
        near = qdrant.Prefetch(limit=limit * WIDER, query=qdrant.Query.Nearest(dense.tolist(), using=DENSE))
        with self.reading(None) as shard:
            sides = [shard.query(_request(qdrant.Query.Nearest([dense.tolist()], using=SPANS), limit, [near]))]
            if words.indices:
                sparse = qdrant.SparseVector(list(words.indices), list(words.values))
                sides.append(shard.query(_request(qdrant.Query.Nearest(sparse, using=WORDS), limit)))
        found = [[_found(point) for point in side] for side in sides]
        return found[0], found[1] if len(found) > 1 else []

    @contextlib.contextmanager
    def reading(self, collection: str | None) -> Iterator[qdrant.EdgeShard]:
        """The shard, which is not closed before the block ends; None for the published one."""
        with self._guard:
            name = collection or self._current
            if name is None:
                raise IndexMissing(str(self._location))
            shard = self._shards.get(name)
            if shard is None:
                raise IndexUnavailable(str(self._location), "it has been closed")
            self._readers[name] += 1
        try:
            with self._speaking():
                yield shard
        finally:
            with self._guard:
                self._readers[name] -= 1
                if name in self._retired and not self._readers[name]:
                    self._drop(name)

    @contextlib.contextmanager
    def _speaking(self) -> Iterator[None]:
        """Turn what the engine and the disk raise into `IndexUnavailable`; ours pass through."""
        try:
            yield
        except (IndexUnavailable, IndexMissing, IndexCorrupt):
            raise
        except Exception as error:  # the engine raises nothing narrower
            closed = "not initialized" in str(error)
            raise IndexUnavailable(
                str(self._location), "it has been closed" if closed else first_line(error)
            ) from error


def _spans(dimensions: int) -> qdrant.EdgeVectorParams:
    """Only what is near as a whole is looked at by its spans: they need no graph, and half of the precision."""
    return qdrant.EdgeVectorParams(
        dimensions,
        qdrant.Distance.Cosine,
        multivector_config=qdrant.MultiVectorConfig(qdrant.MultiVectorComparator.MaxSim),
        datatype=qdrant.VectorStorageDatatype.Float16,
        hnsw_config=qdrant.HnswIndexConfig(m=0, ef_construct=4, full_scan_threshold=0),
    )


def _request(query: qdrant.Query, limit: int, prefetches: list[qdrant.Prefetch] | None = None) -> qdrant.QueryRequest:
    return qdrant.QueryRequest(limit=limit, query=query, prefetches=prefetches, with_payload=True, with_vector=[DENSE])


def _point(point: Point) -> qdrant.Point:
    words = qdrant.SparseVector(list(point.words.indices), list(point.words.values))
    return qdrant.Point(
        point.id, {DENSE: point.dense.tolist(), SPANS: point.spans.tolist(), WORDS: words}, point.payload
    )


def _found(point: qdrant.ScoredPoint) -> Found:
    vector: Any = point.vector
    return Found(str(point.id), point.score, dict(point.payload or {}), np.asarray(vector[DENSE], dtype=np.float32))
