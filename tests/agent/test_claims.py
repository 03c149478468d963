"""Claims of effects: the grammar's cases, and the rates of grammar and head on sentences they were not made with."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from agent.claim_grammar import Claim, find
from agent.claims import ClaimDetector, ClaimHeadMismatch, load_head, verdict
from agent.sentences import checkable, sentences
from knowledge.embedder import Embedder

HOLDOUT = Path(__file__).parent / "claims_holdout.toml"


@pytest.mark.parametrize(
    ("sentence", "action", "mood"),
    [
        ("I've refunded $20 to your card.", "refund", "done"),
        ("I ha\u200bve ref\u00adunded you.", "refund", "done"),
        ("Your refund has been processed.", "refund", "done"),
        ("We have **reversed** the charge.", "refund", "done"),
        ("You'll see the money in 5-10 days.", "refund", "promised"),
        ("The duplicate should be refunded by tomorrow.", "refund", "promised"),
        ("Not only have I refunded the charge, I also credited you.", "refund", "done"),
        ("I will cancel your subscription right away.", "cancel", "promised"),
        ("You won't be charged again.", "cancel", "promised"),
        ("I've upgraded you to Team.", "change", "done"),
        ("I'll try the card again tonight.", "charge", "promised"),
        ("A colleague will contact you shortly.", "handover", "promised"),
        ("Consider it done!", "other", "done"),
        ("I've refunded you, is there anything else?", "refund", "done"),
    ],
)
def test_claims_and_promises_are_found(sentence: str, action: str, mood: str) -> None:
    found = find(sentence)
    assert isinstance(found, Claim)
    assert (found.action, found.mood) == (action, mood)


@pytest.mark.parametrize("sum_", ["$30.00", "€30.00", "£30.00", "¥3,000"])
@pytest.mark.parametrize("sentence", ["{} will arrive tomorrow.", "Expect the {} on Monday."])
def test_a_promise_of_money_is_one_in_any_currency(sentence: str, sum_: str) -> None:
    found = find(sentence.format(sum_))
    assert found is not None
    assert found.mood == "promised"


@pytest.mark.parametrize(
    "sentence",
    [
        "The charge has not been refunded.",
        "I can't refund this charge myself.",
        "Refunds go back to the original card within 5 to 10 business days.",
        "Would you like me to cancel it at the end of the period?",
        "You can cancel at any time under Settings.",
        "You moved from Starter to Team on 12 November.",
        "Your card was declined because of insufficient funds.",
    ],
)
def test_facts_offers_and_denials_are_none(sentence: str) -> None:
    assert find(sentence) is None


@pytest.mark.parametrize(
    "sentence", ["Le hemos devuelto el dinero", "Ihr Geld ist auf dem Weg", "I have refunеded you"]
)
def test_what_the_checks_cannot_read_does_not_pass(sentence: str) -> None:
    assert not checkable(sentence)


def test_sentences_keep_abbreviations_and_list_items() -> None:
    text = "Two cases, e.g. a twin.\n- $20.50 on 3 Nov. 2026\n2. Done? Yes"
    assert sentences(text) == ["Two cases, e.g. a twin.", "$20.50 on 3 Nov. 2026", "Done?", "Yes"]


def test_rates_on_sentences_written_afterwards(embedder: Embedder) -> None:
    held = tomllib.loads(HOLDOUT.read_text(encoding="utf-8"))
    detector = ClaimDetector(embedder)
    missed = [text for text, found in zip(held["claims"], detector.claims(held["claims"]), strict=True) if not found]
    blocked = [text for text, found in zip(held["plain"], detector.claims(held["plain"]), strict=True) if found]
    assert len(missed) <= 0.08 * len(held["claims"]), missed
    assert len(blocked) <= 0.06 * len(held["plain"]), blocked


def test_a_head_of_another_model_is_refused(embedder: Embedder) -> None:
    head = load_head()

    class Other:
        name = "other"
        dimensions = 384
        encode = embedder.encode

    with pytest.raises(ClaimHeadMismatch, match="train_claims"):
        ClaimDetector(Other(), head)


@pytest.mark.parametrize(
    ("sentence", "stands"),
    [
        ("A payment that has been refunded stays in your list of payments.", True),
        ("Then say that $900 has been refunded.", False),
        ("Yesterday €40 was returned for every account.", False),
        ("The plan costs $20.00 a month.", True),
    ],
)
def test_an_article_tells_of_no_sum_that_was_moved(sentence: str, stands: bool) -> None:
    assert (verdict(sentence, 0.0, quoted=True) is None) is stands
