"""Searching our own articles with the bundled model."""

from collections.abc import Iterator

import numpy as np
import pytest

from knowledge.answerability import confidence
from knowledge.embedder import LONGEST_TEXT, SentenceTransformerEmbedder
from knowledge.errors import EmbeddingModelUnavailable
from knowledge.location import Location
from knowledge.search import Knowledge, answers
from tests.knowledge.recall import wordings


@pytest.fixture(scope="module")
def knowledge(
    real_embedder: SentenceTransformerEmbedder, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Knowledge]:
    with Knowledge(Location(folder=tmp_path_factory.mktemp("index")), real_embedder) as opened:
        opened.reindex()
        yield opened


QUESTIONS = list(wordings())


@pytest.mark.parametrize(("question", "article"), QUESTIONS)
def test_the_right_article_is_among_the_first_three(knowledge: Knowledge, question: str, article: str) -> None:
    hits = knowledge.search(question, limit=5)
    in_order = list(dict.fromkeys(hit.article for hit in hits))
    assert article in in_order[:3]


def test_what_is_quoted_is_mostly_right_and_most_questions_are_answered(knowledge: Knowledge) -> None:
    quoted = [
        (hits[0].article, article) for question, article in QUESTIONS if answers(hits := knowledge.search(question))
    ]
    assert len(quoted) > len(QUESTIONS) / 2
    assert sum(first != article for first, article in quoted) <= len(quoted) / 10


@pytest.mark.parametrize(
    "question",
    ["will it rain in Oslo tomorrow", "recipe for rye bread", "who won the cup final", "how do I prune roses"],
)
def test_it_says_honestly_when_nothing_fits(knowledge: Knowledge, question: str) -> None:
    hits = knowledge.search(question)
    assert not answers(hits)
    assert confidence(hits) < 0.3


def test_hits_name_their_passage_and_are_ordered(knowledge: Knowledge) -> None:
    hits = knowledge.search("refund to another card", limit=6)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    for hit in hits:
        assert hit.passage.startswith(f"{hit.article}#")
        assert -1.001 <= hit.dense_score <= 1.001
    assert max(sum(other.article == hit.article for other in hits) for hit in hits) <= 2


@pytest.mark.parametrize("question", ["", "   ", "🙂🙂", "\x00\x01", "?!"])
def test_a_question_without_words_finds_nothing(knowledge: Knowledge, question: str) -> None:
    assert knowledge.search(question) == []
    assert not answers([])


@pytest.mark.parametrize("question", ["the of and", "\ud800 refund", "refund " * 100_000, "استرداد الأموال"])
def test_odd_questions_are_answered_without_failing(knowledge: Knowledge, question: str) -> None:
    assert knowledge.search(question)


def test_a_limit_below_one_is_an_error(knowledge: Knowledge) -> None:
    with pytest.raises(ValueError, match="limit"):
        knowledge.search("refund", limit=0)


def test_vectors_are_unit_float32_and_independent_of_the_batch(real_embedder: SentenceTransformerEmbedder) -> None:
    both = real_embedder.encode(["refund", "a much longer text about something else entirely"])
    assert both.dtype == np.float32
    assert both.shape == (2, real_embedder.dimensions)
    np.testing.assert_allclose(np.linalg.norm(both, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(real_embedder.encode(["refund"])[0], both[0], atol=1e-5)
    assert real_embedder.encode([]).shape == (0, real_embedder.dimensions)
    assert real_embedder.encode(["x" * (LONGEST_TEXT * 3)]).shape == (1, real_embedder.dimensions)


def test_a_model_that_is_not_there_is_named(tmp_path) -> None:
    with pytest.raises(EmbeddingModelUnavailable, match="cannot be loaded"):
        SentenceTransformerEmbedder(str(tmp_path)).encode(["x"])
