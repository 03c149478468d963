"""Each root cause on facts that have it, and on facts that nearly have it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from billing.diagnosis import FINDERS, RecommendedAction, RootCause, Status, diagnose
from billing.facts import BillingFacts
from billing.ids import ChargeId, InvoiceId, PaymentMethodId, SubscriptionId
from billing.money import Money
from tests.billing.made import (
    NO_CARD,
    NOTHING,
    NOW,
    access,
    ago,
    card,
    charge,
    customer,
    decline,
    dispute,
    facts,
    failing,
    invoice,
    item,
    line,
    mailed,
    refund,
    subscription,
    unpaid,
    usage,
    usd,
)

SOON = NOW + timedelta(days=3)
ENDED = subscription(status="canceled", ended_at=ago(days=5), canceled_at=ago(days=5))
WITH_CARD_4444 = {"payment_methods": (card("pm_1", "4444"),)}
TWICE = (
    charge("ch_b", order="order_1", created=ago(days=1)),
    charge("ch_a", order="order_1", created=ago(days=1, seconds=40)),
)
PRORATED = invoice(total=usd(8000), lines=(line(-1000, proration=True), line(3000, proration=True)))
TRIAL = subscription(status="trialing", trial_end=SOON, items=(item(current_period_end=SOON),))

Case = tuple[RootCause, Status, RecommendedAction, BillingFacts]
CAUSES: list[Case] = [
    (
        RootCause.SOURCE_UNAVAILABLE,
        Status.AMBER,
        RecommendedAction.TALK_TO_HUMAN,
        BillingFacts(NOW, customer(), unavailable=frozenset(["stripe"])),
    ),
    (
        RootCause.SOURCE_UNAVAILABLE,
        Status.AMBER,
        RecommendedAction.WAIT,
        facts(entitlements=None, usage=None, unavailable=frozenset(["entitlements", "usage"])),
    ),
    (
        RootCause.CARD_MUST_NOT_BE_RETRIED,
        Status.RED,
        RecommendedAction.UPDATE_CARD,
        failing(decline("lost_card", "do_not_try_again")),
    ),
    (
        RootCause.AUTHENTICATION_REQUIRED,
        Status.RED,
        RecommendedAction.COMPLETE_AUTHENTICATION,
        failing(decline("authentication_required", code="authentication_required")),
    ),
    (
        RootCause.AUTHENTICATION_REQUIRED,
        Status.RED,
        RecommendedAction.COMPLETE_AUTHENTICATION,
        failing(None, invoices=(unpaid(requires_action=True),)),
    ),
    (
        RootCause.CARD_EXPIRED,
        Status.RED,
        RecommendedAction.UPDATE_CARD,
        failing(decline("expired_card", "confirm_card_data", code="expired_card")),
    ),
    (
        RootCause.CARD_DETAILS_INCORRECT,
        Status.RED,
        RecommendedAction.UPDATE_CARD,
        failing(decline("incorrect_cvc", "confirm_card_data", code="incorrect_cvc")),
    ),
    (
        RootCause.CARD_DECLINED_INSUFFICIENT_FUNDS,
        Status.RED,
        RecommendedAction.RETRY_PAYMENT,
        failing(decline("insufficient_funds", "try_again_later")),
    ),
    (
        RootCause.CARD_DECLINED_BY_BANK,
        Status.RED,
        RecommendedAction.UPDATE_CARD,
        failing(decline("do_not_honor")),
    ),
    (
        RootCause.CARD_DECLINED_BY_BANK,
        Status.RED,
        RecommendedAction.RETRY_PAYMENT,
        failing(decline("do_not_honor", "try_again_later")),
    ),
    (
        RootCause.CARD_DECLINED_BY_BANK,
        Status.AMBER,
        RecommendedAction.UPDATE_CARD,
        facts(charges=(charge("ch_f", status="failed", amount=usd(4900), decline=decline("do_not_honor")),)),
    ),
    (
        RootCause.PAYMENT_PROCESSING_ERROR,
        Status.AMBER,
        RecommendedAction.RETRY_PAYMENT,
        failing(decline("processing_error", "try_again_later", code="processing_error")),
    ),
    (
        RootCause.NO_PAYMENT_METHOD,
        Status.RED,
        RecommendedAction.UPDATE_CARD,
        failing(None, charges=(), invoices=(unpaid(charges=()),), **NO_CARD),
    ),
    (RootCause.NO_PAYMENT_METHOD, Status.AMBER, RecommendedAction.UPDATE_CARD, facts(**NO_CARD)),
    # Tried without a card; one was added since.
    (
        RootCause.NO_PAYMENT_METHOD,
        Status.RED,
        RecommendedAction.RETRY_PAYMENT,
        failing(None, charges=(), invoices=(unpaid(charges=()),)),
    ),
    (
        RootCause.FIRST_PAYMENT_INCOMPLETE,
        Status.AMBER,
        RecommendedAction.PAY_INVOICE,
        facts(
            subscriptions=(subscription(status="incomplete"),),
            invoices=(unpaid(attempt_count=0, charges=()),),
            entitlements=access("free"),
            **NO_CARD,
        ),
    ),
    (
        RootCause.INVOICE_UNCOLLECTIBLE,
        Status.AMBER,
        RecommendedAction.TALK_TO_HUMAN,
        facts(invoices=(unpaid(status="uncollectible"),)),
    ),
    (RootCause.PAYMENT_FAILED_CAUSE_UNKNOWN, Status.RED, RecommendedAction.TALK_TO_HUMAN, failing(None)),
    (
        RootCause.PAYMENT_FAILED_CAUSE_UNKNOWN,
        Status.RED,
        RecommendedAction.TALK_TO_HUMAN,
        facts(subscriptions=(subscription(status="unpaid"),)),
    ),
    (
        RootCause.PAYMENT_LINK_EXPIRED,
        Status.RED,
        RecommendedAction.NEW_PAYMENT_LINK,
        facts(invoices=(mailed(due_date=ago(days=30)),)),
    ),
    (
        RootCause.INVOICE_OVERDUE,
        Status.RED,
        RecommendedAction.PAY_INVOICE,
        facts(invoices=(mailed(due_date=ago(days=29)),)),
    ),
    (
        RootCause.SUBSCRIPTION_CANCELED_UNPAID,
        Status.RED,
        RecommendedAction.TALK_TO_HUMAN,
        failing(decline("insufficient_funds"), subscriptions=(ENDED,), entitlements=access("free")),
    ),
    (
        RootCause.SUBSCRIPTION_CANCELED_UNPAID,
        Status.RED,
        RecommendedAction.TALK_TO_HUMAN,
        facts(
            subscriptions=(subscription(status="incomplete_expired", created=ago(days=3)),),
            invoices=(),
            entitlements=access("free"),
        ),
    ),
    (
        RootCause.PAID_BUT_LOCKED_OUT,
        Status.RED,
        RecommendedAction.TALK_TO_HUMAN,
        facts(entitlements=access("free")),
    ),
    (
        RootCause.PAID_BUT_LOCKED_OUT,
        Status.RED,
        RecommendedAction.TALK_TO_HUMAN,
        facts(entitlements=access(locked_reason="payment_required")),
    ),
    (RootCause.CHARGE_DISPUTED, Status.RED, RecommendedAction.TALK_TO_HUMAN, facts(disputes=(dispute(),))),
    (
        RootCause.REFUND_FAILED,
        Status.RED,
        RecommendedAction.TALK_TO_HUMAN,
        facts(refunds=(refund(status="failed", failure_reason="lost_or_stolen_card"),)),
    ),
    # Another charge was refunded since, an older refund went through, and one made since was canceled.
    (
        RootCause.REFUND_FAILED,
        Status.RED,
        RecommendedAction.TALK_TO_HUMAN,
        facts(
            refunds=(
                refund(status="failed"),
                refund("re_2", status="succeeded", charge=ChargeId("ch_2")),
                refund("re_3", status="succeeded", created=ago(days=3)),
                refund("re_4", status="canceled", created=ago(days=1)),
            )
        ),
    ),
    (RootCause.DUPLICATE_CHARGE, Status.AMBER, RecommendedAction.REFUND_DUPLICATE, facts(charges=TWICE)),
    (
        RootCause.DUPLICATE_CHARGE,
        Status.AMBER,
        RecommendedAction.REFUND_DUPLICATE,
        facts(charges=(replace(TWICE[0], created=ago(days=89)), replace(TWICE[1], created=ago(days=90)))),
    ),
    (
        RootCause.USAGE_SPIKE,
        Status.AMBER,
        RecommendedAction.REVIEW_USAGE,
        facts(usage=usage(182_000, 50_000, 41_000)),
    ),
    (RootCause.USAGE_SPIKE, Status.AMBER, RecommendedAction.REVIEW_USAGE, facts(usage=usage(100_000, 50_000, 0))),
    (
        RootCause.TRIAL_ENDING_WITHOUT_CARD,
        Status.AMBER,
        RecommendedAction.UPDATE_CARD,
        facts(subscriptions=(TRIAL,), invoices=(), charges=(), **NO_CARD),
    ),
    (
        RootCause.CARD_EXPIRES_BEFORE_RENEWAL,
        Status.AMBER,
        RecommendedAction.UPDATE_CARD,
        facts(payment_methods=(card(month=11, year=2026),)),
    ),
    (
        RootCause.SUBSCRIPTION_PAUSED,
        Status.AMBER,
        RecommendedAction.UPDATE_CARD,
        facts(subscriptions=(subscription(status="paused"),), entitlements=access("free")),
    ),
    (
        RootCause.CANCELLATION_SCHEDULED,
        Status.AMBER,
        RecommendedAction.NONE,
        facts(subscriptions=(subscription(cancel_at_period_end=True),)),
    ),
    (
        RootCause.UNPAID_BUT_UNLOCKED,
        Status.AMBER,
        RecommendedAction.TALK_TO_HUMAN,
        facts(subscriptions=(), entitlements=access("team")),
    ),
    (
        RootCause.SUBSCRIPTION_ENDED,
        Status.AMBER,
        RecommendedAction.NONE,
        facts(subscriptions=(ENDED,), entitlements=access("free")),
    ),
    (RootCause.REFUND_PENDING, Status.GREEN, RecommendedAction.WAIT, facts(refunds=(refund(),))),
    (
        RootCause.REFUND_PENDING,
        Status.GREEN,
        RecommendedAction.WAIT,
        facts(refunds=(refund(created=ago(days=10)),)),
    ),
    (
        RootCause.REFUND_PENDING,
        Status.AMBER,
        RecommendedAction.TALK_TO_HUMAN,
        facts(refunds=(refund(status="requires_action"),)),
    ),
    (
        RootCause.REFUND_PENDING,
        Status.AMBER,
        RecommendedAction.TALK_TO_HUMAN,
        facts(refunds=(refund(created=ago(days=11)),)),
    ),
    (
        RootCause.MID_CYCLE_UPGRADE_PRORATION,
        Status.GREEN,
        RecommendedAction.NONE,
        facts(invoices=(PRORATED, invoice("in_0", created=ago(days=40)))),
    ),
    (
        RootCause.INVOICE_DUE,
        Status.GREEN,
        RecommendedAction.PAY_INVOICE,
        facts(invoices=(mailed(due_date=SOON),)),
    ),
    (
        RootCause.CUSTOMER_CREDIT,
        Status.GREEN,
        RecommendedAction.NONE,
        facts(customer=customer(balance=usd(-1500))),
    ),
    (RootCause.HEALTHY, Status.GREEN, RecommendedAction.NONE, facts()),
    (
        RootCause.HEALTHY,
        Status.GREEN,
        RecommendedAction.NONE,
        facts(subscriptions=(), invoices=(), charges=(), entitlements=access("free"), **NO_CARD),
    ),
]


@pytest.mark.parametrize(("cause", "status", "action", "made"), CAUSES)
def test_cause(cause: RootCause, status: Status, action: RecommendedAction, made: BillingFacts):
    found = diagnose(made)
    assert (found.root_cause, found.status, found.recommended_action) == (cause, status, action)
    assert found.self_serve_eligible is (action is not RecommendedAction.TALK_TO_HUMAN)
    assert found.evidence


def test_every_cause_has_one_finder_and_is_reached_above():
    causes = [cause for cause, _ in FINDERS]
    assert sorted([*causes, RootCause.HEALTHY]) == sorted(RootCause)
    assert {cause for cause, *_ in CAUSES} == set(RootCause)


def test_a_finder_finds_its_own_cause_only():
    for cause, find in FINDERS:
        for *_, made in CAUSES:
            assert {finding.root_cause for finding in find(made)} <= {cause}


NEAR: list[tuple[RootCause, BillingFacts]] = [
    (RootCause.SOURCE_UNAVAILABLE, facts(entitlements=None, usage=None)),
    (RootCause.CARD_MUST_NOT_BE_RETRIED, failing(decline("do_not_honor", "confirm_card_data"))),
    (RootCause.AUTHENTICATION_REQUIRED, failing(decline("do_not_honor"))),
    # Expired by its date, but the bank gave another reason.
    (RootCause.CARD_EXPIRED, failing(decline("insufficient_funds"), payment_methods=(card(month=1, year=2026),))),
    (RootCause.CARD_DETAILS_INCORRECT, failing(decline("expired_card", "confirm_card_data"))),
    # Paid since.
    (
        RootCause.CARD_DECLINED_INSUFFICIENT_FUNDS,
        failing(decline("insufficient_funds"), invoices=(invoice(last_decline=decline("insufficient_funds")),)),
    ),
    (
        RootCause.CARD_DECLINED_INSUFFICIENT_FUNDS,
        failing(decline("insufficient_funds"), invoices=(unpaid(status="void"),)),
    ),
    # A one-off that went through a minute later, and one too long ago.
    (
        RootCause.CARD_DECLINED_BY_BANK,
        facts(
            charges=(
                charge("ch_ok", order="order_1", created=ago(days=1)),
                charge("ch_f", order="order_1", status="failed", created=ago(days=1, minutes=1)),
            )
        ),
    ),
    (
        RootCause.CARD_DECLINED_BY_BANK,
        facts(charges=(charge("ch_f", status="failed", amount=usd(1), created=ago(days=31)),)),
    ),
    (RootCause.PAYMENT_PROCESSING_ERROR, failing(decline("processing_error", "do_not_try_again"))),
    # A default that is no card; an invoice the customer pays by link.
    (RootCause.NO_PAYMENT_METHOD, facts(payment_methods=())),
    (RootCause.NO_PAYMENT_METHOD, facts(invoices=(mailed(subscription=SubscriptionId("sub_me")),), **NO_CARD)),
    (RootCause.NO_PAYMENT_METHOD, facts(subscriptions=(subscription(items=(item("Free", 0),)),), **NO_CARD)),
    # Just finalised and not tried yet.
    (RootCause.PAYMENT_FAILED_CAUSE_UNKNOWN, facts(invoices=(unpaid(attempt_count=0, charges=()),))),
    (RootCause.PAYMENT_FAILED_CAUSE_UNKNOWN, facts(subscriptions=(subscription(status="incomplete"),))),
    # Its first payment was tried: the decline is the finding.
    (
        RootCause.FIRST_PAYMENT_INCOMPLETE,
        failing(decline("do_not_honor"), subscriptions=(subscription(status="incomplete"),)),
    ),
    (RootCause.INVOICE_UNCOLLECTIBLE, facts(invoices=(unpaid(status="uncollectible", created=ago(days=91)),))),
    (
        RootCause.INVOICE_UNCOLLECTIBLE,
        facts(invoices=(unpaid(status="uncollectible"),), subscriptions=(ENDED,), entitlements=access("free")),
    ),
    (RootCause.PAYMENT_LINK_EXPIRED, facts(invoices=(mailed(due_date=ago(days=29, hours=23)),))),
    (RootCause.PAYMENT_LINK_EXPIRED, facts(invoices=(mailed(due_date=ago(days=60), status="paid"),))),
    (RootCause.INVOICE_OVERDUE, facts(invoices=(mailed(due_date=NOW + timedelta(seconds=1)),))),
    (RootCause.INVOICE_OVERDUE, facts(invoices=(mailed(due_date=ago(days=1), amount_remaining=NOTHING),))),
    (RootCause.SUBSCRIPTION_CANCELED_UNPAID, facts(subscriptions=(ENDED,))),
    (
        RootCause.SUBSCRIPTION_CANCELED_UNPAID,
        failing(decline("do_not_honor"), subscriptions=(ENDED, subscription(id=SubscriptionId("sub_2")))),
    ),
    (RootCause.PAID_BUT_LOCKED_OUT, failing(decline("do_not_honor"), entitlements=access("free"))),
    (RootCause.PAID_BUT_LOCKED_OUT, facts(subscriptions=(subscription(items=(item("Acme Cloud Starter"),)),))),
    # Paid ten minutes ago: the product may not know yet.
    (
        RootCause.PAID_BUT_LOCKED_OUT,
        facts(invoices=(invoice(created=ago(minutes=10)),), entitlements=access("free")),
    ),
    (RootCause.CHARGE_DISPUTED, facts(disputes=(dispute(status="won"),))),
    (RootCause.REFUND_FAILED, facts(refunds=(refund(status="failed"), refund("re_2", created=ago(days=1))))),
    (RootCause.REFUND_FAILED, facts(refunds=(refund(status="failed"), refund("re_2", status="succeeded")))),
    (RootCause.REFUND_FAILED, facts(refunds=(refund(status="canceled"),))),
    (RootCause.DUPLICATE_CHARGE, facts(charges=(TWICE[0], replace(TWICE[1], order="order_2")))),
    (
        RootCause.DUPLICATE_CHARGE,
        facts(charges=tuple(replace(each, created=each.created - timedelta(days=90)) for each in TWICE)),
    ),
    (RootCause.USAGE_SPIKE, facts(usage=usage(50_000, 50_000, 1000))),  # doubled, but within the plan
    (RootCause.USAGE_SPIKE, facts(usage=usage(99_999, 50_000, 50_000))),  # beyond the plan, but as ever
    (RootCause.USAGE_SPIKE, facts(usage=usage(99_999, 50_000, 0))),  # a first period has nothing to compare with
    (RootCause.USAGE_SPIKE, facts(usage=usage(10, 0, 0))),
    (RootCause.TRIAL_ENDING_WITHOUT_CARD, facts(subscriptions=(TRIAL,), invoices=())),
    (
        RootCause.TRIAL_ENDING_WITHOUT_CARD,
        facts(subscriptions=(replace(TRIAL, trial_end=NOW + timedelta(days=8)),), invoices=(), **NO_CARD),
    ),
    (RootCause.CARD_EXPIRES_BEFORE_RENEWAL, facts(payment_methods=(card(month=12, year=2026),))),
    (
        RootCause.CARD_EXPIRES_BEFORE_RENEWAL,
        facts(
            payment_methods=(card(month=11, year=2026),),
            subscriptions=(subscription(default_payment_method=PaymentMethodId("pm_2")),),
        ),
    ),
    (
        RootCause.CARD_EXPIRES_BEFORE_RENEWAL,
        facts(
            payment_methods=(card(month=11, year=2026),),
            subscriptions=(subscription(items=(item(current_period_end=NOW + timedelta(days=31)),)),),
        ),
    ),
    (RootCause.SUBSCRIPTION_PAUSED, facts(subscriptions=(TRIAL,))),
    (RootCause.CANCELLATION_SCHEDULED, facts(subscriptions=(ENDED,))),
    (RootCause.UNPAID_BUT_UNLOCKED, failing(decline("do_not_honor"))),  # the grace period
    (RootCause.UNPAID_BUT_UNLOCKED, facts(subscriptions=(), entitlements=access("free"))),
    (
        RootCause.UNPAID_BUT_UNLOCKED,
        facts(subscriptions=(replace(ENDED, ended_at=ago(minutes=59)),), entitlements=access("starter")),
    ),
    (RootCause.SUBSCRIPTION_ENDED, facts(subscriptions=(replace(ENDED, ended_at=ago(days=91)),))),
    (RootCause.REFUND_PENDING, facts(refunds=(refund(status="succeeded"),))),
    (
        RootCause.MID_CYCLE_UPGRADE_PRORATION,
        facts(invoices=(invoice(lines=(line(-3000, proration=True), line(1000, proration=True))),)),
    ),
    (RootCause.MID_CYCLE_UPGRADE_PRORATION, facts(invoices=(invoice(lines=(line(6000, proration=False),)),))),
    (
        RootCause.MID_CYCLE_UPGRADE_PRORATION,
        facts(invoices=(invoice("in_2", created=ago(days=1)), PRORATED)),
    ),
    (RootCause.INVOICE_DUE, facts(invoices=(mailed(due_date=SOON, status="paid"),))),
    (RootCause.CUSTOMER_CREDIT, facts(customer=customer(balance=usd(1500)))),
    (RootCause.CUSTOMER_CREDIT, facts(customer=customer(balance=None))),
    (RootCause.HEALTHY, failing(None)),
]


@pytest.mark.parametrize(("cause", "made"), NEAR)
def test_near_miss(cause: RootCause, made: BillingFacts):
    found = diagnose(made)
    assert cause not in {found.root_cause, *(finding.root_cause for finding in found.also)}


def test_every_cause_has_a_near_miss():
    assert {cause for cause, _ in NEAR} == set(RootCause)


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
