"""How findings become one diagnosis, and what the customer reads."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from billing.diagnosis import RecommendedAction, RootCause, diagnose
from billing.ids import ChargeId, InvoiceId
from billing.money import Money
from tests.billing.made import (
    NOW,
    TWICE,
    access,
    ago,
    card,
    charge,
    customer,
    decline,
    dispute,
    facts,
    failing,
    refund,
    unpaid,
    usd,
)
from tests.billing.made_schedules import DOWN, toby

WITH_CARD_4444 = {"payment_methods": (card("pm_1", "4444"),)}


def test_red_comes_before_amber_before_green():
    made = facts(
        refunds=(refund(),),
        charges=TWICE,
        disputes=(dispute(),),
        customer=customer(balance=usd(-5)),
        entitlements=None,
        unavailable=frozenset(["entitlements"]),
    )
    found = diagnose(made)
    assert [found.root_cause, *(finding.root_cause for finding in found.also)] == [
        RootCause.CHARGE_DISPUTED,
        RootCause.SOURCE_UNAVAILABLE,
        RootCause.DUPLICATE_CHARGE,
        RootCause.REFUND_PENDING,
        RootCause.CUSTOMER_CREDIT,
    ]


def test_without_stripe_nothing_is_concluded_from_what_is_left():
    found = diagnose(facts(unavailable=frozenset(["stripe"]), entitlements=access("free"), disputes=(dispute(),)))
    assert (found.root_cause, found.also) == (RootCause.SOURCE_UNAVAILABLE, ())


@pytest.mark.parametrize(
    "code", [decline("lost_card", "do_not_try_again"), decline("expired_card"), decline("insufficient_funds")]
)
def test_a_new_card_since_the_failure_is_tried_and_not_asked_for_again(code: Any):
    found = diagnose(failing(code, **WITH_CARD_4444))
    assert found.recommended_action is RecommendedAction.RETRY_PAYMENT
    assert "4444" in found.explanation
    assert ("payment_method", "pm_1") in found.evidence


def test_what_the_customer_reads():
    made = failing(decline("insufficient_funds", "try_again_later"))
    planned = replace(made.invoices[0], next_payment_attempt=NOW + timedelta(days=3))
    assert diagnose(replace(made, invoices=(planned,))).explanation == (
        "Your bank declined the payment of $20.00 for invoice ACME-0004 on 18 November 2026 because of the funds or "
        "limit available on your card ending 4242. The next automatic attempt is on 23 November 2026. You can also pay "
        "now, with this card or another one."
    )
    found = diagnose(facts(charges=TWICE))
    assert found.explanation == (
        "You were charged $20.00 twice on 19 November 2026 for the same purchase. The second charge looks like a "
        "duplicate that can be refunded."
    )
    assert found.evidence == (("charge", "ch_b"), ("duplicate_of", "ch_a"))


def test_a_scheduled_change_is_told_with_both_prices_and_its_day():
    assert diagnose(toby()).explanation == (
        "Your plan is set to change on 10 December 2026 from Team at $60.00 a month to Starter at $20.00 a month. "
        "Until then nothing changes."
    )
    seats = replace(DOWN, quantity=3, interval="3 months")
    assert "to 3 × Starter at $60.00 every 3 months." in diagnose(toby(seats)).explanation
    assert "to Starter. Until" in diagnose(toby(replace(DOWN, unit_amount=None))).explanation


def test_three_charges_for_one_purchase_are_two_duplicates_of_the_first():
    third = charge("ch_c", order="order_1", created=ago(hours=20))
    found = diagnose(facts(charges=(third, *TWICE)))
    told = [found.evidence, *(finding.evidence for finding in found.also)]
    assert told == [
        (("charge", "ch_b"), ("duplicate_of", "ch_a")),
        (("charge", "ch_c"), ("duplicate_of", "ch_a")),
    ]


def test_the_code_of_a_forbidden_card_is_not_even_evidence():
    found = diagnose(failing(decline("stolen_card", "do_not_try_again")))
    assert ("decline_class", "never_retry") in found.evidence
    assert "stolen" not in str(found)


def test_an_amount_in_another_currency_is_shown_in_its_own():
    euros = unpaid(total=Money(2000, "eur"), amount_remaining=Money(2000, "eur"), charges=(ChargeId("ch_x"),))
    found = diagnose(failing(None, invoices=(replace(euros, last_decline=decline("do_not_honor")),), charges=()))
    assert "€20.00" in found.explanation
    assert InvoiceId("in_1") in {evidence.value for evidence in found.evidence}
