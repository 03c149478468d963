"""The edges of findings on access, usage and sources, and on what is owed with nothing to charge."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from billing.diagnosis import RootCause, diagnose
from billing.facts import BillingFacts
from billing.ids import InvoiceId, SubscriptionId
from tests.billing.made import (
    NO_CARD,
    NOTHING,
    NOW,
    access,
    ago,
    facts,
    invoice,
    item,
    mailed,
    subscription,
    unpaid,
    usage,
)

SECOND = timedelta(seconds=1)
OTHER = SubscriptionId("sub_other")


def causes(made: BillingFacts) -> set[RootCause]:
    found = diagnose(made)
    return {found.root_cause, *(finding.root_cause for finding in found.also)}


@pytest.mark.parametrize(
    ("granted", "words"),
    [
        (access("free"), "still has the Free plan"),
        (access(active=False), "is locked"),
        (access(locked_reason="payment_required"), "is locked"),
        (access("team", active=False, locked_reason="abuse"), "is locked"),
    ],
)
def test_locked_out_is_said_as_it_is(granted: Any, words: str):
    found = diagnose(facts(entitlements=granted))
    assert found.root_cause is RootCause.PAID_BUT_LOCKED_OUT
    assert f"subscription is paid, but your workspace {words}." in found.explanation


@pytest.mark.parametrize("status", ["open", "uncollectible"])
def test_who_owes_is_not_locked_out_by_mistake(status: str):
    owing = mailed(status=status, due_date=NOW + timedelta(days=3), subscription=SubscriptionId("sub_me"))
    assert RootCause.PAID_BUT_LOCKED_OUT not in causes(facts(invoices=(owing,), entitlements=access("free")))
    others = replace(owing, subscription=OTHER)
    assert RootCause.PAID_BUT_LOCKED_OUT in causes(facts(invoices=(others,), entitlements=access("free")))


def test_a_subscription_without_items_buys_nothing():
    assert RootCause.PAID_BUT_LOCKED_OUT not in causes(
        facts(subscriptions=(subscription(items=()),), entitlements=access("free"))
    )


@pytest.mark.parametrize("product", ["Starter", "starter", "Acme Cloud Starter"])
def test_plans_are_compared_by_their_names(product: str):
    assert RootCause.PAID_BUT_LOCKED_OUT not in causes(facts(subscriptions=(subscription(items=(item(product),)),)))


def test_a_plan_of_two_words_is_one_plan():
    bought = subscription(items=(item("Team Plus"),))
    assert RootCause.PAID_BUT_LOCKED_OUT not in causes(facts(subscriptions=(bought,), entitlements=access("team plus")))
    assert RootCause.PAID_BUT_LOCKED_OUT in causes(facts(subscriptions=(bought,), entitlements=access("plus team")))


def test_the_product_has_an_hour_to_follow():
    def at(moment: Any) -> bool:
        made = facts(invoices=(invoice(created=moment),), entitlements=access("free"))
        return RootCause.PAID_BUT_LOCKED_OUT in causes(made)

    assert at(ago(hours=1))
    assert not at(ago(hours=1) + SECOND)
    assert not at(NOW)
    assert at(NOW + SECOND)  # a clock that disagrees hides nothing


@pytest.mark.parametrize(
    "granted", [access("team", active=False), access("team", locked_reason="abuse"), access("Free"), None]
)
def test_what_is_locked_or_free_is_not_unlocked(granted: Any):
    assert RootCause.UNPAID_BUT_UNLOCKED not in causes(facts(subscriptions=(), entitlements=granted))


@pytest.mark.parametrize("status", ["active", "trialing", "past_due", "incomplete", "paused"])
def test_a_subscription_that_stands_or_has_grace_unlocks(status: str):
    made = facts(subscriptions=(subscription(status=status),), entitlements=access("starter"))
    assert RootCause.UNPAID_BUT_UNLOCKED not in causes(made)


@pytest.mark.parametrize(
    ("used", "included", "previous", "spike"),
    [
        (1001, 1000, 500, True),
        (1000, 1000, 500, False),
        (1999, 500, 1000, False),
        (2000, 500, 1000, True),
        (2000, 1000, 0, True),
        (1999, 1000, 0, False),
        (10, 0, 5, True),
        (10, 0, 0, False),
        (0, 0, 0, False),
    ],
)
def test_a_spike_is_twice_the_usual_and_beyond_the_plan(used: int, included: int, previous: int, spike: bool):
    assert (RootCause.USAGE_SPIKE in causes(facts(usage=usage(used, included, previous)))) is spike


def test_a_spike_in_words():
    assert diagnose(facts(usage=usage(182_000, 50_000, 41_000))).explanation == (
        "You have used 182,000 API requests since 10 November 2026, after 41,000 in the period before; 50,000 are "
        "included in your plan. What goes beyond is billed by usage."
    )
    assert "41 in the period before; all of them are metered." in diagnose(facts(usage=usage(182, 0, 41))).explanation


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ({"usage"}, "cannot see your usage at the moment"),
        ({"entitlements", "usage"}, "cannot see what your plan unlocks and your usage at the moment"),
        (
            {"stripe", "entitlements", "usage"},
            "cannot see your payments and invoices, what your plan unlocks and your usage at the moment",
        ),
    ],
)
def test_missing_sources_are_named(missing: Any, words: str):
    found = diagnose(facts(unavailable=frozenset(missing)))
    assert words in found.explanation
    assert found.evidence == tuple(("source", source) for source in sorted(missing))


@pytest.mark.parametrize(
    "owed",
    [
        unpaid(status="draft", attempt_count=0, charges=()),
        unpaid(amount_remaining=NOTHING, attempt_count=0, charges=()),
        mailed(due_date=NOW + SECOND),
    ],
)
def test_what_needs_no_charge_needs_no_card(owed: Any):
    made = facts(subscriptions=(), invoices=(owed,), entitlements=access("free"), **NO_CARD)
    assert RootCause.NO_PAYMENT_METHOD not in causes(made)


def test_an_open_invoice_of_no_subscription_needs_a_card_too():
    owed = unpaid(subscription=None, attempt_count=0, charges=())
    made = facts(subscriptions=(), invoices=(owed,), entitlements=access("free"), **NO_CARD)
    assert RootCause.NO_PAYMENT_METHOD in causes(made)


@pytest.mark.parametrize(
    ("changes", "needed"),
    [
        ({}, True),
        ({"cancel_at_period_end": True}, False),
        ({"status": "trialing"}, False),
        ({"items": ()}, False),
        ({"items": (item(unit_amount=NOTHING),)}, False),
        ({"items": (item(unit_amount=NOTHING), item(unit_amount=None))}, True),
    ],
)
def test_a_renewal_needs_a_card_if_it_costs_something(changes: dict[str, Any], needed: bool):
    made = facts(subscriptions=(subscription(**changes),), **NO_CARD)
    assert (RootCause.NO_PAYMENT_METHOD in causes(made)) is needed


def test_who_pays_by_invoice_needs_no_card_for_the_renewal():
    paid_by_invoice = invoice(due_date=ago(days=3))
    assert RootCause.NO_PAYMENT_METHOD not in causes(facts(invoices=(paid_by_invoice,), **NO_CARD))
    elsewhere = replace(paid_by_invoice, subscription=OTHER)
    assert RootCause.NO_PAYMENT_METHOD in causes(facts(invoices=(elsewhere,), **NO_CARD))


def test_one_missing_card_is_told_once():
    made = facts(invoices=(unpaid(id_=InvoiceId("in_7"), attempt_count=0, charges=()),), **NO_CARD)
    found = diagnose(made)
    assert (found.root_cause, found.also) == (RootCause.NO_PAYMENT_METHOD, ())
    assert found.evidence == (("invoice", "in_7"),)


@pytest.mark.parametrize("status", ["past_due", "unpaid"])
def test_a_debt_without_an_invoice_is_for_a_human(status: str):
    late = facts(subscriptions=(subscription(status=status),))
    assert RootCause.PAYMENT_FAILED_CAUSE_UNKNOWN in causes(late)
    sent = mailed(subscription=SubscriptionId("sub_me"), due_date=ago(days=1))
    assert RootCause.PAYMENT_FAILED_CAUSE_UNKNOWN not in causes(replace(late, invoices=(sent,)))
    paid = replace(sent, status="paid")
    assert RootCause.PAYMENT_FAILED_CAUSE_UNKNOWN in causes(replace(late, invoices=(paid,)))
    untried = unpaid(attempt_count=0, charges=())
    assert RootCause.PAYMENT_FAILED_CAUSE_UNKNOWN in causes(replace(late, invoices=(untried,)))
