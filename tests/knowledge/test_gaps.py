"""Which questions count as missing an article, how they are put together, and what they cost."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from billing.money import Money
from knowledge.answerability import QUOTED_FROM
from knowledge.embedder import Embedder
from knowledge.gaps import Gap, Why, clusters, gaps, missed
from knowledge.personal import Common, Privacy
from store.searches import CaseHistory
from tests.knowledge.searched import at, history, later, search

WORDS = frozenset(
    re.findall(r"\w+", "how do i export all my projects as a file is there any way to get our out sync with phone the")
)
EXPORTS = (
    "How do I export all my projects as a file?",
    "Hi, is there any way to export our projects as a file?",
    "Export projects as a file, Bettina",
)


def found(questions: Mapping[str, str], embedder: Embedder, closed: Mapping[str, float] | None = None) -> list[Gap]:
    rows = [search(case, text, n) for n, (case, text) in enumerate(questions.items())]
    cases = {case: history(case, hours=n, customer="cus_one") for n, case in enumerate(questions)}
    shut = {case: at(hours) for case, hours in (closed or {}).items()}
    privacy = Privacy(Common(words=WORDS))
    return gaps(missed(rows, cases), shut, embedder, privacy, Money(800, "usd"))


def test_the_dearest_gap_comes_first_with_its_most_central_question(real_embedder: Embedder) -> None:
    asked = {"a": "Can I sync with the phone?", **dict(zip("bcd", EXPORTS, strict=True))}
    first, second = found(asked, real_embedder)
    assert (first.cases, first.cost, first.count, first.customers) == (("b", "c", "d"), Money(2_400, "usd"), 3, 1)
    assert first.label in {EXPORTS[0], "is there any way to export our projects as a file?"}
    assert (first.first_seen, first.last_seen) == (at(1), at(3))
    assert (second.cases, second.cost) == (("a",), Money(800, "usd"))
    assert found(asked, real_embedder) == [first, second]


def test_a_published_draft_closes_its_gap_until_the_question_comes_again(real_embedder: Embedder) -> None:
    asked = dict(zip("bcd", EXPORTS, strict=True))
    assert found(asked, real_embedder, {"b": 5}) == []
    (left,) = found(asked, real_embedder, {"b": 1.5})
    assert left.cases == ("d",)
    assert left.label == "Export projects as a file, [name]"


@pytest.mark.parametrize(
    ("ended", "answers", "counts"),
    [
        (history("a"), 200, True),
        (history("a"), 600, True),  # likely to answer, and not quoted
        (history("a", reason="needs_approval"), 200, False),
        (history("a", reason="customer_asks"), 200, False),
        (history("a", proposed=True), 200, False),  # the customer wanted something done
        (history("a", outcome="awaiting_customer", reason=None), 200, True),
        (history("a", outcome="awaiting_customer", reason=None), 600, False),  # asked which one was meant
        (history("a", outcome="awaiting_customer", reason=None, later=(later("a", 2, "resolved"),)), 200, False),
        (history("a", outcome="resolved", reason=None), 200, False),  # the account answered
    ],
)
def test_what_counts_as_a_gap(ended: CaseHistory, answers: int, counts: bool) -> None:
    told = missed([search("a", "how do I?", answers=answers)], {"a": ended})
    assert bool(told) is counts
    if told:
        assert told[0].why is (Why.NOTHING_ANSWERS if answers == 200 else Why.NOT_QUOTED)


def test_a_near_passage_that_does_not_answer_leaves_a_gap_and_the_cut_is_that_of_quoting() -> None:
    asked = {"a": history("a", outcome="awaiting_customer", reason=None)}
    cut = round(QUOTED_FROM * 1000)
    assert missed([search("a", "how?", answers=cut - 1, score=900)], asked)
    assert not missed([search("a", "how?", answers=cut, score=100)], asked)


def test_a_search_from_before_the_probability_was_kept_is_judged_by_its_cosine() -> None:
    asked = {"a": history("a", outcome="awaiting_customer", reason=None)}
    assert missed([search("a", "how?", answers=None, score=419)], asked)
    assert not missed([search("a", "how?", answers=None, score=420)], asked)


def test_a_quoted_search_or_an_erased_question_is_none() -> None:
    cases = {"a": history("a")}
    assert missed([search("a", "how?", quoted=True)], cases) == []
    assert missed([search("a", None)], cases) == []
    assert missed([search("b", "of a case that is not there")], cases) == []


def test_few_questions_need_no_clustering(real_embedder: Embedder) -> None:
    assert gaps([], {}, real_embedder, Privacy(Common()), Money(800, "usd")) == []
    assert clusters(real_embedder.encode(["one"])) == [0]
