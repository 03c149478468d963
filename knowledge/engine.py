"""What an index needs of a vector engine, whichever it is.

Points are kept in collections. Readers see the one that was published last; others are filled beside it. What an engine
returns is scores of one question from two sides, by meaning and by words: how they become one order is
`knowledge.fusion`'s business, so that every engine ranks alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from knowledge.embedder import Vectors
from knowledge.sparse import SparseVector

DENSE, SPANS, WORDS = "dense", "spans", "words"
WIDER = 4  # so many times the passages that are asked for are looked at by their spans


@dataclass(frozen=True)
class Point:
    """`id` is a UUID, `dense` the vector of the whole, `spans` rows for its parts. `payload` is JSON: `article`,
    `version`, `siblings` and what a passage says of itself."""

    id: str
    dense: Vectors
    spans: Vectors
    words: SparseVector
    payload: dict[str, Any]


@dataclass(frozen=True)
class Held:
    """A point that a collection holds, and of which version of which article with how many passages it is."""

    id: str
    article: str
    version: str
    siblings: int


@dataclass(frozen=True)
class Found:
    """`score` is the cosine of the nearest span on the side of meaning, BM25's on the side of words. `dense` is the
    unit vector of the whole."""

    id: str
    score: float
    payload: dict[str, Any]
    dense: Vectors


class Engine(Protocol):
    """Safe to share between threads. Every method raises `IndexUnavailable` and `IndexCorrupt`."""

    def current(self) -> str | None:
        """The collection that readers see; None before the first one was published."""
        ...

    def prepare(self, collection: str, dimensions: int) -> None:
        """Make sure that there is this collection; what an earlier, unfinished filling left is kept."""
        ...

    def held(self, collection: str) -> Iterator[Held]: ...

    def change(self, collection: str, add: Sequence[Point], remove: Sequence[str] = ()) -> None:
        """Add points, then remove others by id; on the disk when it returns."""
        ...

    def publish(self, collection: str) -> None:
        """Readers see this one from here on; it is made fast to search first, and all others are deleted after."""
        ...

    def count(self, collection: str) -> int: ...

    def nearest(self, dense: Vectors, words: SparseVector, limit: int) -> tuple[list[Found], list[Found]]:
        """The best of the current collection by meaning and by words, best first. By meaning: of the `WIDER` times as
        many that are near as a whole, those with the nearest span. Raises `IndexMissing`."""
        ...

    def close(self) -> None: ...
