"""One order from two sides: what a question finds by meaning and what it finds by words.

A convex combination of scores, each brought to 0..1 within what the question found (Bruch, Gai and Ingber, "An Analysis
of Fusion Functions for Hybrid Retrieval", 2023). It is made for articles: the passage that means the same and the one
that uses the same words may be two of one article, and together they speak for it. What else was tried, and what it
gave, is in docs/retrieval.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from knowledge.embedder import Vectors
from knowledge.engine import Found

MEANING = 0.6  # the weight of meaning; from .5 to .7 little changes


@dataclass(frozen=True)
class Candidate:
    """`score` orders candidates of one question, from 0 to 1; `cosine` is the whole passage's to the question."""

    score: float
    cosine: float
    payload: dict[str, Any]


@dataclass(frozen=True)
class Standing:
    """How an article stands among what a question found. `nearest` is the cosine of its nearest span, `lead` how much
    nearer that is than any other article's, `word_lead` the same of BM25's scores, as a share of the greater: -1..1."""

    nearest: float
    lead: float
    word_lead: float


def fused(question: Vectors, by_meaning: Sequence[Found], by_words: Sequence[Found]) -> list[Candidate]:
    """Everything that was found, best first. The best passage of an article stands for it, with the best that any
    of its passages has by meaning and by words; its others follow where they are by themselves."""
    meaning, words = _scaled(by_meaning), _scaled(by_words)
    found = {each.id: each for each in (*by_words, *by_meaning)}
    of: dict[str, list[str]] = defaultdict(list)
    for each in found.values():
        of[each.payload["article"]].append(each.id)
    score = {id: _together(meaning, words, [id]) for id in found}
    for ids in of.values():
        score[max(ids, key=lambda id: score[id])] = _together(meaning, words, ids)
    candidates = [Candidate(score[id], float(each.dense @ question), each.payload) for id, each in found.items()]
    return sorted(candidates, key=lambda each: (-each.score, -each.cosine))


def standing(article: str, by_meaning: Sequence[Found], by_words: Sequence[Found]) -> Standing:
    """An article that was not found on a side counts there as the last that was, by words as nothing."""
    near, others = _best(article, by_meaning, min((each.score for each in by_meaning), default=0.0))
    words, other_words = _best(article, by_words, 0.0)
    most = max(words, other_words)
    return Standing(near, near - others, (words - other_words) / most if most > 0 else 0.0)


def _best(article: str, side: Sequence[Found], least: float) -> tuple[float, float]:
    """The best score of the article, and of all others."""
    own = max((each.score for each in side if each.payload["article"] == article), default=least)
    return own, max((each.score for each in side if each.payload["article"] != article), default=least)


def _together(meaning: Mapping[str, float], words: Mapping[str, float], ids: Sequence[str]) -> float:
    best = (max(side.get(id, 0.0) for id in ids) for side in (meaning, words))
    return sum(weight * score for weight, score in zip((MEANING, 1 - MEANING), best, strict=True))


def _scaled(side: Sequence[Found]) -> dict[str, float]:
    """0 for the last that was found, 1 for the first, and for all where they are alike."""
    if not side:
        return {}
    highest, lowest = side[0].score, min(each.score for each in side)
    spread = highest - lowest
    return {each.id: (each.score - lowest) / spread if spread > 0 else 1.0 for each in side}
