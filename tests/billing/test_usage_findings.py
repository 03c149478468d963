"""What is said of a bill by use. That each is found at all: test_diagnosis; near misses: test_near_misses."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.diagnosis import diagnose
from billing.findings import RootCause
from billing.money import Money
from billing.usage_bill import Tier, UsagePrice, usage_total
from billing.usage_counts import compare, reason
from tests.billing.made import usd
from tests.billing.made_usage import BEFORE, LAST, PRICE, billed, by_use, given_back


def test_too_many_are_priced_by_the_tiers_they_fall_in() -> None:
    found = diagnose(by_use(billed(170_000, 140_000)))
    # 10,000 at 0.2 cents and 20,000 at 0.1; their share of the bill would have been $38.82.
    assert found.at_stake == usd(4_000)
    assert "bills 170,000 API requests for 10 October 2026 to 10 November 2026" in found.explanation
    assert "our own count of that time is 140,000. That is 30,000 too many, which cost $40.00." in found.explanation
    assert found.evidence == (("invoice", "in_2"), ("meter", "api_requests"))


def test_a_discounted_bill_says_that_the_difference_is_before_it() -> None:
    made = by_use(billed(170_000, 140_000), invoices=(replace(LAST, discount=usd(100), tax=usd(50)), BEFORE))
    found = diagnose(made)
    assert "which cost $40.00 before discounts and tax." in found.explanation
    assert [each.value for each in found.evidence if each.kind == "apart_from"] == ["discounts", "tax"]


def test_too_few_are_nothing_to_worry_about() -> None:
    found = diagnose(by_use(billed(100_000, 120_000)))
    assert found.at_stake == usd(4_000)
    assert "20,000 fewer, so you were charged no more than you used" in found.explanation


def test_what_was_given_back_in_part_is_still_open() -> None:
    assert diagnose(given_back(3_999)).root_cause is RootCause.USAGE_BILLED_DIFFERS
    other = billed(120_000, 100_000, credits=(usd(3_999), usd(9_000)))
    assert diagnose(by_use(other)).root_cause is RootCause.USAGE_BILLED_DIFFERS


def test_overage_is_told_tier_by_tier_with_its_sum() -> None:
    found = diagnose(by_use(billed(205_000, 205_000)))
    assert found.at_stake == usd(25_500)
    assert found.explanation == (
        "Invoice ACME-0004 of 10 November 2026 comes to $315.00, after $60.00 the time before. 205,000 API requests "
        "were used from 10 October 2026 to 10 November 2026, and 50,000 of them are included. Beyond that were 100,000 "
        "API requests at 0.2 cents each (50,001 to 150,000) for $200.00 and 55,000 API requests at 0.1 cents each "
        "(150,001 to 205,000) for $55.00, together $255.00."
    )


def test_a_committed_minimum_is_named() -> None:
    price = UsagePrice("usd", "graduated", (Tier(1_000, flat_amount=Decimal(50_000)), Tier(None, Decimal(2))))
    bill = billed(1_500, 1_500, price=price, amount=usage_total(price, 1_500))
    found = diagnose(by_use(bill, invoices=(replace(LAST, total=usd(60_000)), replace(BEFORE, lines=()))))
    assert "1,000 of them are included in the committed minimum of $500.00" in found.explanation
    assert found.at_stake == usd(1_000)


COUNTS = st.integers(0, 400_000)


@settings(deadline=None)
@given(COUNTS, COUNTS, st.integers(0, 2_000))
def test_a_difference_is_acted_on_or_has_a_reason(units: int, counted: int, edges: int) -> None:
    found = compare(PRICE, units, counted, edges)
    assert found.difference == units - counted
    assert found.money == usage_total(PRICE, units) - usage_total(PRICE, counted)
    if units == counted:
        assert found.agrees
        assert reason(found) is None
    else:
        assert found.agrees == (reason(found) is not None)
    if not found.agrees:
        assert abs(found.difference) > edges
        assert found.money.amount * found.difference > 0


@pytest.mark.parametrize(
    ("units", "counted", "edges", "why"),
    [
        (100_000, 99_900, 0, "few"),
        (100_000, 99_899, 0, None),
        (100_000, 99_899, 1, "edges"),
        (12, 11, 0, None),  # of a few dear units each one counts
        (12, 11, 1, "edges"),
    ],
)
def test_what_is_tolerated(units: int, counted: int, edges: int, why: str | None) -> None:
    dear = UsagePrice("usd", "per_unit", (Tier(None, Decimal(500)),))
    found = compare(dear, units, counted, edges)
    assert found.tolerated == why
    assert found.money == Money(500 * (units - counted), "usd")
