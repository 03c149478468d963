"""Stale is what nobody looked at, or what speaks of something that has changed; each with its reason in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.reviewing import world
from knowledge.articles import Article, read_articles
from knowledge.errors import ArticleRefused
from knowledge.staleness import (
    SHIPPED_REVIEWS,
    Review,
    read_reviews,
    rests_on,
    rules_face,
    stale,
    tool_face,
    write_review,
)
from policy.limits import load_limits
from policy.rules import LAWS, refund, retry

DAY = dt.date(2026, 11, 21)
WORLD = world(load_limits())
WINDOW = "limits.refund.request_window_days"


def reasons(article: Article, changed: dict[str, str | None], **review: Any) -> list[str]:
    """What is said after parts of the world have changed (None: are gone) since a review on `DAY`."""
    kept = Review(**{"reviewed": DAY, "by": "grace", "rests_on": rests_on(article, WORLD), **review})
    now = {name: face for name, face in (WORLD | changed).items() if face is not None}
    return stale([article], {article.id: kept}, now, DAY, 180).get(article.id, [])


@pytest.fixture(scope="module")
def policy() -> Article:
    return next(article for article in read_articles() if article.id == "refund-policy")


def test_what_an_article_rests_on_is_what_it_names(policy: Article) -> None:
    found = rests_on(policy, WORLD)
    assert found[WINDOW] == str(load_limits().refund.request_window_days)
    assert {f"tool.{tool}" for tool in policy.tools} <= set(found)
    assert reasons(policy, {}) == []


def test_each_change_has_its_words(policy: Article) -> None:
    assert reasons(policy, {WINDOW: "30"}) == [f"{WINDOW} was 14 and is 30."]
    assert reasons(policy, {WINDOW: None}) == [f"{WINDOW} is no more."]
    assert reasons(policy, {"limits.retry.attempts_per_invoice_day": "9"}) == []  # the article says nothing of it
    face = tool_face("Refunds.", {"properties": {"charge": {}, "tip": {}}}, "money")
    (told,) = reasons(policy, {"tool.refund": face})
    assert told.startswith("What refund takes has changed: tip is new, amount is gone")
    takes = WORLD["tool.refund"].split(" ")[0]
    assert reasons(policy, {"tool.refund": f"{takes} 0"}) == ["refund is described in another way."]
    assert reasons(policy, {"tool.refund": None, "rules.refund": None}) == [
        "No rules cover refund any more.",
        "There is no tool refund any more.",
    ]
    assert reasons(policy, {"rules.refund": "0"}) == ["The rules of refund have changed."]


def test_age_counts_from_the_last_review(article: Callable[..., Article]) -> None:
    old = article("old", "Text.")  # reviewed on 1 October
    assert stale([old], {}, {}, dt.date(2027, 3, 30), 180) == {}
    assert stale([old], {}, {}, dt.date(2027, 3, 31), 180) == {
        "old": ["Nobody has reviewed it for 181 days; 180 are allowed."]
    }
    assert stale([old], {"old": Review(reviewed=DAY, by="grace", rests_on={})}, {}, dt.date(2027, 3, 31), 180) == {}


def test_faces_follow_what_rules_do_and_not_how_they_are_written() -> None:
    assert {f"rules.{action.tool}" for action in LAWS} <= set(WORLD)
    assert WORLD["rules.refund"] != WORLD["rules.retry_payment"]
    assert rules_face([refund.REFUND.told]) != rules_face([retry.RETRY.told])
    assert rules_face([refund.REFUND.told, refund.REFUND.value]) == rules_face([refund.REFUND.value])
    assert tool_face("a", {}, "read") != tool_face("a", {}, "write")


def test_reviews_are_kept_beside_each_other_and_a_later_file_counts(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "articles" / "reviews.json", tmp_path / "shipped.json"
    for name in "ba":
        write_review(ours, name, Review(reviewed=DAY, by="anna", rests_on={WINDOW: "14"}))
    write_review(theirs, "a", Review(reviewed=DAY, by="grace", rests_on={}))
    assert {name: review.by for name, review in read_reviews(ours, theirs).items()} == {"a": "grace", "b": "anna"}
    assert read_reviews(tmp_path / "none.json") == {}
    ours.write_text('{"a": {"by": 1}}')
    with pytest.raises(ArticleRefused, match=r"reviews\.json"):
        read_reviews(ours)
    assert read_reviews(SHIPPED_REVIEWS)
