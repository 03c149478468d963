"""That something costs nothing is an amount of zero in words: no tool says so, and a model may not either."""

from __future__ import annotations

import pytest

from agent.amounts import given_away
from agent.claims import ClaimDetector
from agent.evidence import gather
from agent.reply import HeldReply
from knowledge.embedder import Embedder

GIFTS = (
    "Business is yours for free until spring.",
    "The add-on will be free of charge from now on.",
    "We switch you to Team at no extra cost.",
    "The move to Business costs you nothing.",
    "You get three complimentary months.",
    "This renewal is on us.",
    "Your seats are FREE this year!",
    "You can keep both plans without any charge.",
)
TRUTHS = (
    "You are on the Free plan.",
    "After the free trial, Team costs $60.00 a month.",
    "Feel free to write again.",
    "You are free to leave at any time.",
    "Removing a project will free up room.",
    "What is included costs nothing extra.",
    "Nothing is charged today.",
    "I see no charge of that kind on your account.",
    "The workspace moves to Free.",
)


@pytest.mark.parametrize("text", GIFTS)
def test_a_gift_in_words_is_seen(text: str) -> None:
    assert given_away(text)


@pytest.mark.parametrize("text", TRUTHS)
def test_a_plan_a_trial_and_a_phrase_are_no_gifts(text: str) -> None:
    assert not given_away(text)


def test_a_gift_goes_out_only_in_an_articles_words(embedder: Embedder) -> None:
    held = HeldReply(ClaimDetector(embedder))
    said = "Complaining costs you nothing."
    passage = {"passage": "a#1", "article": "a", "title": "A", "heading": "", "text": said}
    assert held.check(said, [], gather([], [], [])).problems
    assert held.check(said, ["a#1"], gather([("search_knowledge", {"passages": [passage]})], [], [])).problems == ()
