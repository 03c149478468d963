"""Searching the help centre, and saying honestly when it has no answer."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from knowledge.answerability import QUOTED_FROM, confidence
from knowledge.articles import PUBLISHED_ARTICLES, Article, published, read_articles
from knowledge.embedder import Embedder
from knowledge.index import Hit, PassageIndex, Progress, SyncReport
from knowledge.location import Location
from knowledge.review import reviewed

PASSAGES_PER_ARTICLE = 2  # a third one of the same article says less than the first of another


class Search(Protocol):
    """`Knowledge`, for those who only search."""

    def search(self, query: str, limit: int = 5) -> list[Hit]: ...


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

    def sync(
        self, articles: Sequence[Article], progress: Progress | None = None, *, vouched: Collection[str] = ()
    ) -> SyncReport:
        """Make the index hold what of these is published and no grave concern is about, unless a human vouches for it:
        `vouched` are ids. The one way into the index that customers are answered from."""
        kept, concerns = reviewed(published(articles), vouched)
        return replace(self.index.sync(kept, progress), concerns=tuple(concerns))

    def add(self, articles: Sequence[Article]) -> SyncReport:
        """Beside what is indexed already. Raises `IndexOutdated` when the index has to be made anew first."""
        kept, concerns = reviewed(published(articles), ())
        return replace(self.index.sync(kept, beside=True), concerns=tuple(concerns))

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


def answers(hits: Sequence[Hit]) -> bool:
    """Whether the first passage may be quoted. When not, say so and offer the human."""
    return confidence(hits) >= QUOTED_FROM
