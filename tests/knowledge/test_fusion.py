"""One order from two sides."""

from __future__ import annotations

import numpy as np

from knowledge.engine import Found
from knowledge.fusion import MEANING, fused

QUESTION = np.array([1, 0], dtype=np.float32)


def found(passage: str, score: float, cosine: float = 0.5) -> Found:
    payload = {"article": passage.partition("#")[0], "passage": passage}
    return Found(passage, score, payload, np.array([cosine, 0], dtype=np.float32))


def order(by_meaning: list[Found], by_words: list[Found]) -> list[str]:
    return [each.payload["passage"] for each in fused(QUESTION, by_meaning, by_words)]


def test_two_passages_of_one_article_speak_for_it_together() -> None:
    by_meaning = [found("a#1", 0.9), found("b#1", 0.8), found("c#1", 0.1)]
    by_words = [found("a#2", 9.0), found("b#1", 4.0), found("d#1", 1.0)]
    assert order(by_meaning, by_words)[:2] == ["a#1", "b#1"]
    best = fused(QUESTION, by_meaning, by_words)[0]
    assert best.score == 1.0


def test_the_best_of_a_side_alone_is_worth_that_sides_weight() -> None:
    scores = {
        each.payload["passage"]: each.score
        for each in fused(QUESTION, [found("a#1", 0.9), found("x#1", 0.2)], [found("b#1", 7.0), found("x#1", 1.0)])
    }
    assert scores == {"a#1": MEANING, "b#1": 1 - MEANING, "x#1": 0.0}


def test_scores_alike_and_sides_without_anything_are_no_trouble() -> None:
    assert order([], []) == []
    assert order([found("a#1", 0.5, 0.1), found("b#1", 0.5, 0.9)], []) == ["b#1", "a#1"]
    assert order([], [found("a#1", 3.0)]) == ["a#1"]
