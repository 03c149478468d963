"""Searching the help centre, and saying honestly when it has no answer."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from knowledge.articles import PUBLISHED_ARTICLES, Article, read_articles
from knowledge.embedder import Embedder
from knowledge.index import Hit, PassageIndex, Progress, SyncReport
from knowledge.location import Location

# At this cosine of the best passage: 62 % of our examples on topics with an article lie above it (they are mostly
# indirect), and 7 % of those that are not ours. Questions to other companies' help centres: 28 %.
ANSWERS_FROM = 0.36
_STEEPNESS = 14.0
PASSAGES_PER_ARTICLE = 2  # a third one of the same article says less than the first of another


class Knowledge:
    """The help centre as the agent sees it. `close` it: a folder has one opener at a time."""

    def __init__(self, location: Location, embedder: Embedder) -> None:
        self.index = PassageIndex(location, embedder)

    def close(self) -> None:
        self.index.close()

    def __enter__(self) -> "Knowledge":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def reindex(self, folder: Path = PUBLISHED_ARTICLES, progress: Progress | None = None) -> SyncReport:
        """Read the folder's articles and make the index equal to them. Raises `ArticleRefused` before any change."""
        return self.sync(read_articles(folder), progress)

    def sync(self, articles: Sequence[Article], progress: Progress | None = None) -> SyncReport:
        return self.index.sync(articles, progress)

    def add(self, articles: Sequence[Article]) -> SyncReport:
        """Beside what is indexed already. Raises `IndexOutdated` when the index has to be made anew first."""
        return self.index.sync(articles, beside=True)

    def search(self, query: str, limit: int = 5) -> list[Hit]:
        """The best passages, best first, at most two of one article; none for a query without a letter or digit."""
        if limit < 1:
            raise ValueError("limit must be at least 1")
        if not any(character.isalnum() for character in query):
            return []
        kept: list[Hit] = []
        for hit in self.index.find(query, limit * 4):
            if sum(other.article == hit.article for other in kept) < PASSAGES_PER_ARTICLE:
                kept.append(hit)
        return kept[:limit]


def answer_confidence(hits: Sequence[Hit]) -> float:
    """How likely it is, 0 to 1, that these passages answer the question: a logistic curve of the best cosine."""
    if not hits:
        return 0.0
    best = max(hit.dense_score for hit in hits)
    return float(1 / (1 + np.exp(-_STEEPNESS * (best - ANSWERS_FROM))))


def answers(hits: Sequence[Hit]) -> bool:
    """Whether the passages are near enough to be quoted. When not, say so and offer the human."""
    return answer_confidence(hits) >= 0.5
