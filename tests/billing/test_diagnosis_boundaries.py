"""The edges of findings on invoices and subscriptions: the last moment at which one holds, the first at which not."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from billing.diagnosis import RootCause, diagnose
from billing.facts import BillingFacts, SubscriptionFacts
from billing.ids import SubscriptionId
from tests.billing.made import (
    NO_CARD,
    NOTHING,
    NOW,
    access,
    ago,
    card,
    decline,
    facts,
    invoice,
    item,
    line,
    mailed,
    subscription,
    unpaid,
    usd,
)

SECOND = timedelta(seconds=1)
OTHER = SubscriptionId("sub_other")


def causes(made: BillingFacts) -> set[RootCause]:
    found = diagnose(made)
    return {found.root_cause, *(finding.root_cause for finding in found.also)}


def said(made: BillingFacts) -> str:
    return diagnose(made).explanation


def test_overdue_from_the_due_moment_to_thirty_days_after():
    def at(due: timedelta) -> set[RootCause]:
        kinds = {RootCause.INVOICE_DUE, RootCause.INVOICE_OVERDUE, RootCause.PAYMENT_LINK_EXPIRED}
        return causes(facts(invoices=(mailed(due_date=NOW + due),))) & kinds

    assert at(SECOND) == {RootCause.INVOICE_DUE}
    assert at(timedelta()) == {RootCause.INVOICE_OVERDUE}
    assert at(-timedelta(days=30) + SECOND) == {RootCause.INVOICE_OVERDUE}
    assert at(-timedelta(days=30)) == {RootCause.PAYMENT_LINK_EXPIRED}


def test_written_off_for_ninety_days():
    def at(days: float) -> bool:
        written_off = unpaid(status="uncollectible", created=ago(days=days))
        return RootCause.INVOICE_UNCOLLECTIBLE in causes(facts(invoices=(written_off,)))

    assert at(90)
    assert not at(90.001)


def prorated(*amounts: int, created: Any = None, before: int | None = None) -> BillingFacts:
    lines = tuple(line(amount, proration=True) for amount in amounts)
    last = invoice(lines=lines, created=created or ago(days=1))
    earlier = (invoice("in_0", created=ago(days=40), total=usd(before)),) if before is not None else ()
    return facts(invoices=(*earlier, last))


def test_a_proration_explains_a_bill_for_thirty_five_days_and_only_a_higher_one():
    assert RootCause.MID_CYCLE_UPGRADE_PRORATION in causes(prorated(1, created=ago(days=35)))
    assert RootCause.MID_CYCLE_UPGRADE_PRORATION not in causes(prorated(1, created=ago(days=35.001)))
    assert RootCause.MID_CYCLE_UPGRADE_PRORATION not in causes(prorated(-1000, 1000))


def test_the_bill_before_is_named_only_where_it_differs():
    assert "comes to $20.00, after $15.00 the time before: $5.00 of it" in said(prorated(500, before=1500))
    assert "comes to $20.00: $5.00 of it" in said(prorated(500, before=2000))
    assert "comes to $20.00: $5.00 of it" in said(prorated(500))


def ended(**changes: Any) -> SubscriptionFacts:
    return subscription(**{"status": "canceled", "ended_at": ago(days=5), "canceled_at": ago(days=9), **changes})


def after_end(*invoices: Any, **changes: Any) -> BillingFacts:
    return facts(subscriptions=(ended(**changes),), invoices=invoices, entitlements=access("free"))


UNTRIED = {"attempt_count": 0, "charges": ()}


@pytest.mark.parametrize(
    "last",
    [
        unpaid(attempt_count=1, charges=()),
        unpaid(**UNTRIED, status="uncollectible"),
        unpaid(**UNTRIED, last_decline=decline("do_not_honor")),
        unpaid(status="void", amount_remaining=NOTHING),
    ],
)
def test_an_end_for_want_of_payment(last: Any):
    found = diagnose(after_end(last))
    assert found.root_cause is RootCause.SUBSCRIPTION_CANCELED_UNPAID
    assert "ended on 15 November 2026 because its invoice over $20.00 was not paid" in found.explanation
    assert RootCause.SUBSCRIPTION_ENDED not in causes(after_end(last))


@pytest.mark.parametrize(
    "invoices",
    [
        (unpaid(**UNTRIED),),  # nobody tried it
        (unpaid(status="draft"),),
        (unpaid(total=NOTHING, amount_remaining=NOTHING),),
        (unpaid(subscription=OTHER),),
        (invoice("in_2", created=ago(days=1)), unpaid()),  # paid in the end
    ],
)
def test_an_end_that_leaves_nothing_owed(invoices: tuple[Any, ...]):
    found = causes(after_end(*invoices))
    assert RootCause.SUBSCRIPTION_ENDED in found
    assert RootCause.SUBSCRIPTION_CANCELED_UNPAID not in found


def test_an_end_is_told_for_ninety_days():
    assert RootCause.SUBSCRIPTION_ENDED in causes(after_end(ended_at=ago(days=90)))
    assert RootCause.SUBSCRIPTION_ENDED not in causes(after_end(ended_at=ago(days=90.001)))


def test_an_end_without_its_moment():
    by_request = ended(ended_at=None, canceled_at=ago(days=4))
    assert "ended on 16 November 2026 because" in said(
        facts(subscriptions=(by_request,), invoices=(unpaid(),), entitlements=access("free"))
    )
    assert RootCause.SUBSCRIPTION_ENDED not in causes(after_end(ended_at=None, canceled_at=ago(days=4)))
    assert "subscription ended because" in said(
        after_end(unpaid(), ended_at=None, canceled_at=None, created=ago(days=50))
    )
    long_ago = after_end(unpaid(), ended_at=None, canceled_at=ago(days=91), created=ago(days=50))
    assert RootCause.SUBSCRIPTION_CANCELED_UNPAID not in causes(long_ago)


@pytest.mark.parametrize("status", ["paused", "unpaid", "incomplete"])
def test_what_has_not_ended_did_not_end_unpaid(status: str):
    made = facts(subscriptions=(subscription(status=status, created=ago(days=9)),), invoices=(unpaid(),))
    assert RootCause.SUBSCRIPTION_CANCELED_UNPAID not in causes(made)


def test_what_never_began_did_not_end():
    never = subscription(status="incomplete_expired", created=ago(days=3), ended_at=ago(days=2))
    assert causes(facts(subscriptions=(never,), invoices=(), entitlements=access("free"))) == {
        RootCause.SUBSCRIPTION_CANCELED_UNPAID
    }


def trial(end: timedelta, **changes: Any) -> BillingFacts:
    item_ = item(current_period_end=NOW + timedelta(days=40))
    made = subscription(**{"status": "trialing", "trial_end": NOW + end, "items": (item_,), **changes})
    return facts(subscriptions=(made,), invoices=(), charges=(), **NO_CARD)


def test_a_trial_is_warned_of_in_its_last_seven_days():
    wanted = RootCause.TRIAL_ENDING_WITHOUT_CARD
    assert wanted in causes(trial(timedelta(days=7)))
    assert wanted not in causes(trial(timedelta(days=7) + SECOND))
    assert wanted in causes(trial(timedelta()))
    assert wanted not in causes(trial(-SECOND))
    assert wanted not in causes(trial(timedelta(days=1), status="active"))
    assert wanted not in causes(trial(timedelta(days=1), cancel_at_period_end=True))
    assert wanted not in causes(trial(timedelta(), trial_end=None))


def renewing(days: float, **changes: Any) -> BillingFacts:
    """The card is good to the end of November 2026: ten and a half days from now."""
    renewal = item(current_period_end=NOW + timedelta(days=days))
    made = subscription(**{"items": (renewal,), **changes})
    return facts(subscriptions=(made,), payment_methods=(card(month=11, year=2026),))


def test_a_card_is_warned_of_thirty_days_before_the_renewal_it_cannot_pay():
    wanted = RootCause.CARD_EXPIRES_BEFORE_RENEWAL
    assert wanted in causes(renewing(10.5))
    assert wanted not in causes(renewing(10.499))
    assert wanted in causes(renewing(30))
    assert wanted not in causes(renewing(30.001))
    assert wanted not in causes(renewing(20, cancel_at_period_end=True))
    assert wanted not in causes(renewing(20, status="past_due"))
    assert wanted not in causes(renewing(20, items=()))
    assert wanted not in causes(replace(renewing(20), payment_methods=(card(month=0, year=2026),)))


def test_a_card_has_expired_at_the_end_of_its_month():
    def at(days: float) -> str:
        return said(replace(renewing(20), as_of=NOW + timedelta(days=days)))

    assert "expires before then" in at(10.499)
    assert "has expired" in at(10.5)


def test_a_cancellation_is_scheduled_until_its_moment():
    def at(**changes: Any) -> bool:
        return RootCause.CANCELLATION_SCHEDULED in causes(facts(subscriptions=(subscription(**changes),)))

    assert at(cancel_at=NOW)
    assert not at(cancel_at=NOW - SECOND)
    assert at(cancel_at=NOW + SECOND, status="past_due")
    assert not at(cancel_at=NOW + SECOND, status="canceled")
    assert not at(cancel_at_period_end=True, items=())
    assert not at()
    planned = subscription(cancel_at=NOW + timedelta(days=1), cancel_at_period_end=True)
    assert "set to end on 21 November 2026" in said(facts(subscriptions=(planned,)))


def test_a_first_payment_is_that_of_its_own_subscription():
    waiting = subscription(status="incomplete")
    made = facts(
        subscriptions=(waiting, subscription(id=OTHER, status="past_due")),
        invoices=(unpaid(subscription=OTHER, last_decline=decline("do_not_honor")),),
    )
    first = next(each for each in diagnose(made).also if each.root_cause is RootCause.FIRST_PAYMENT_INCOMPLETE)
    assert first.evidence == (("subscription", "sub_me"),)
    assert "its first payment was not completed" in first.explanation
    paid = facts(subscriptions=(waiting,), invoices=(invoice(),))
    assert ("invoice", "in_1") not in diagnose(paid).evidence
