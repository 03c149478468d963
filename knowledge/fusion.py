"""One order from two sides: what a question finds by meaning and what it finds by words.

Reciprocal rank fusion: a passage is worth 1/(k + rank) on each side it was found on (Cormack, Clarke and Büttcher,
SIGIR 2009). What else was tried, and what it gave, is in docs/retrieval.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from knowledge.embedder import Vectors
from knowledge.engine import Found

RRF_K = 10


@dataclass(frozen=True)
class Candidate:
    """`score` orders candidates of one question; `cosine` is the passage's to the question."""

    score: float
    cosine: float
    payload: dict[str, Any]


def fused(question: Vectors, by_meaning: Sequence[Found], by_words: Sequence[Found]) -> list[Candidate]:
    """Everything that was found, best first; of equals the nearer in meaning."""
    worth: dict[str, float] = {}
    found: dict[str, Found] = {}
    for side in (by_meaning, by_words):
        for rank, each in enumerate(side, start=1):
            found.setdefault(each.id, each)
            worth[each.id] = worth.get(each.id, 0.0) + 1 / (RRF_K + rank)
    candidates = [Candidate(worth[id], float(each.dense @ question), each.payload) for id, each in found.items()]
    return sorted(candidates, key=lambda each: (-each.score, -each.cosine))
