"""Days and identifiers of a reply have to stand in the facts, to the letter."""

from __future__ import annotations

import pytest

from agent.references import days, facts, identifiers, unknown_days, unknown_identifiers

FACTS = [
    {"created": "2026-11-03T23:30:00+00:00", "number": "AC-0007", "id": "in_1", "card": "4242"},
    {"period_end": 1_796_256_000},  # 3 December 2026
    "On the 9th of October I paid for ord_17.",
]
KNOWN_DAYS, KNOWN_WORDS = facts(FACTS)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("on 3 November 2026", {(2026, 11, 3)}),
        ("on the 3rd of Nov.", {(None, 11, 3)}),
        ("November 3rd, 2026, and Dec 4", {(2026, 11, 3), (None, 12, 4)}),
        ("2026-11-03T10:00", {(2026, 11, 3)}),
        ("in November 2026, for $3 Nov.", set()),
        ("in 5 to 10 days, 12.50 march", set()),
    ],
)
def test_days_are_read_in_every_common_form(text: str, found: set[object]) -> None:
    assert days(text) == found


@pytest.mark.parametrize("text", ["3 November 2026", "Nov 3", "3 December 2026", "9 October 2026", "no day at all"])
def test_days_of_the_facts_are_known(text: str) -> None:
    assert unknown_days(text, KNOWN_DAYS) == []


@pytest.mark.parametrize("text", ["4 November 2026", "3 November 2025", "Oct 10", "3 January"])
def test_any_other_day_is_not(text: str) -> None:
    assert len(unknown_days(text, KNOWN_DAYS)) == 1


def test_identifiers_are_ids_numbers_and_last_digits() -> None:
    text = "in_1, AC-0007, order ord_17, refund reference 88310, the card ending in 4242, **** 1881"
    assert identifiers(text) == {"IN_1", "AC-0007", "ORD_17", "88310", "4242", "1881"}
    assert unknown_identifiers(text, KNOWN_WORDS) == ["1881", "88310"]


@pytest.mark.parametrize("text", ["in_11", "AC-00071", "the card ending 242 or 0000"])
def test_a_part_of_an_identifier_is_another_one(text: str) -> None:
    assert not identifiers(text) or unknown_identifiers(text, KNOWN_WORDS)
