"""An embedder that counts, small articles, and the demo company seeded once a process."""

import asyncio
import datetime as dt
import hashlib
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import pytest

from knowledge.articles import Article, Provenance, Resolution, State
from knowledge.embedder import SentenceTransformerEmbedder, Vectors, load_embedder
from knowledge.sparse import stems
from sandbox.demo.seeding import demo_world
from sandbox.world import World

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


@cache
def _told() -> World:
    return asyncio.run(demo_world(NOW))


@pytest.fixture(scope="session")
def acme() -> World:
    """The demo company at `NOW`: to be copied, not changed."""
    return _told()


class CountingEmbedder:
    """Bags of hashed stems: real vectors whose cosine is the overlap of words, and a record of what was encoded."""

    def __init__(self, name: str = "bag-of-stems", dimensions: int = 128) -> None:
        self.name = name
        self.dimensions = dimensions
        self.encoded: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.encoded.extend(texts)
        rows = np.full((len(texts), self.dimensions), 1e-3, dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for stem in stems(text):
                row[int(hashlib.sha256(stem.encode()).hexdigest(), 16) % self.dimensions] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def embedder() -> CountingEmbedder:
    return CountingEmbedder()


@pytest.fixture(scope="session")
def real_embedder() -> SentenceTransformerEmbedder:
    return load_embedder()


@pytest.fixture
def article() -> Callable[..., Article]:
    def make(name: str, text: str, state: State = State.PUBLISHED) -> Article:
        day = dt.date(2026, 10, 1)
        return Article(
            id=name,
            title=name.capitalize(),
            topics=("how_to",),
            resolution=Resolution.SELF_SERVE,
            state=state,
            provenance=Provenance(author_role="writer", source="a test", created=day, reviewed=day),
            text=text,
        )

    return make
