"""How well a help centre is found: its articles in a scratch index, its questions asked one by one.

A question counts as found at k when its article is among the first k articles. The time of a query is all of it,
embedding included.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from knowledge.articles import Article
from knowledge.embedder import Embedder
from knowledge.errors import ArticleRefused
from knowledge.helpcentre import article_id, rows, texts
from knowledge.location import Location
from knowledge.search import Knowledge, answers

DEPTH = 30  # passages looked at for the reciprocal rank


@dataclass(frozen=True)
class Question:
    """`article` is the id of the one that answers it."""

    query: str
    article: str


@dataclass(frozen=True)
class Evaluation:
    """`ranks` are places of the right article from 1, None where it was not found; times in milliseconds."""

    ranks: tuple[int | None, ...]
    milliseconds: tuple[float, ...]
    confident: int
    passages: int

    def recall(self, depth: int) -> float:
        return sum(rank is not None and rank <= depth for rank in self.ranks) / len(self.ranks)

    @property
    def mrr(self) -> float:
        return sum(1 / rank for rank in self.ranks if rank) / len(self.ranks)

    def told(self) -> dict[str, float | int]:
        times = sorted(self.milliseconds)
        slow = statistics.quantiles(times, n=20)[-1] if len(times) > 1 else times[0]
        return {
            "recall@1": round(self.recall(1), 3),
            "recall@5": round(self.recall(5), 3),
            "mrr": round(self.mrr, 3),
            "p50_ms": round(statistics.median(times), 1),
            "p95_ms": round(slow, 1),
            "passages": self.passages,
        }


def read_questions(path: Path) -> list[Question]:
    """`{"query", "article"}` a line. Raises `ArticleRefused` with the line, also for a file without questions."""
    found = [
        Question(query, article_id(article))
        for where, row in rows(path)
        for query, article in [texts(row, where, ("query", "article"))]
    ]
    if not found:
        raise ArticleRefused(path.name, "it holds no questions")
    return found


def evaluate(articles: Sequence[Article], questions: Sequence[Question], embedder: Embedder) -> Evaluation:
    ranks: list[int | None] = []
    milliseconds: list[float] = []
    confident = 0
    with (
        tempfile.TemporaryDirectory() as scratch,
        Knowledge(Location(folder=Path(scratch)), embedder) as knowledge,
    ):
        passages = knowledge.sync(articles).passages
        knowledge.search("warm up")
        for question in questions:
            begun = time.perf_counter()
            hits = knowledge.search(question.query, limit=DEPTH)
            milliseconds.append((time.perf_counter() - begun) * 1_000)
            confident += answers(hits)
            order = list(dict.fromkeys(hit.article for hit in hits))
            ranks.append(order.index(question.article) + 1 if question.article in order else None)
    return Evaluation(tuple(ranks), tuple(milliseconds), confident, passages)
