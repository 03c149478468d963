"""Each root cause on facts that have it. Near misses: test_near_misses.py."""

from dataclasses import replace

import pytest

from billing.diagnosis import FINDERS, RecommendedAction, RootCause, Status, diagnose
from billing.facts import BillingFacts, SubscriptionItemFacts
from billing.ids import ChargeId
from tests.billing.made import (
    ENDED,
    NO_CARD,
    NOW,
    OVER_GRANTED,
    PRORATED,
    REFUNDED,
    SOON,
    TRIAL,
    TWICE,
    TWO_SUBSCRIPTIONS,
    YEARLY,
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
    mailed,
    refund,
    subscription,
    unpaid,
    usage,
    usd,
)
from tests.billing.made_checkouts import CHECKOUT_CAUSES
from tests.billing.made_prices import PRICE_CAUSES
from tests.billing.made_schedules import SCHEDULE_CAUSES
from tests.billing.made_usage import USAGE_CAUSES

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
        facts(subscriptions=(subscription(status="paused"),), entitlements=access("free"), **NO_CARD),
    ),
    (
        RootCause.SUBSCRIPTION_PAUSED,
        Status.AMBER,
        RecommendedAction.RESUME_SUBSCRIPTION,
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
    (RootCause.PLAN_OVER_GRANTED, Status.AMBER, RecommendedAction.TALK_TO_HUMAN, facts(**OVER_GRANTED)),
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
        RootCause.REFUNDED_ALREADY,
        Status.GREEN,
        RecommendedAction.WAIT,
        facts(charges=(REFUNDED,), refunds=(refund(status="succeeded"),)),
    ),
    (
        RootCause.REFUNDED_ALREADY,
        Status.GREEN,
        RecommendedAction.NONE,
        facts(charges=(REFUNDED,), refunds=(refund(status="succeeded", created=ago(days=11)),)),
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
    (
        RootCause.DUPLICATE_SUBSCRIPTION,
        Status.AMBER,
        RecommendedAction.TALK_TO_HUMAN,
        facts(subscriptions=TWO_SUBSCRIPTIONS),
    ),
    (RootCause.RENEWED_RECENTLY_YEARLY, Status.GREEN, RecommendedAction.NONE, facts(subscriptions=(YEARLY,))),
    (
        RootCause.ENTERPRISE_ACCOUNT,
        Status.GREEN,
        RecommendedAction.TALK_TO_HUMAN,
        facts(customer=customer(metadata={"segment": "enterprise", "account_manager": "Lin Okafor"})),
    ),
    *PRICE_CAUSES,
    *CHECKOUT_CAUSES,
    *SCHEDULE_CAUSES,
    *USAGE_CAUSES,
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


def test_what_is_at_stake():
    assert diagnose(facts(subscriptions=TWO_SUBSCRIPTIONS)).at_stake == usd(2000)
    assert diagnose(facts(subscriptions=(YEARLY,))).at_stake == usd(2000)
    assert diagnose(facts()).at_stake is None
    assert diagnose(facts(entitlements=access("free"))).at_stake == usd(2000)  # paid for, and locked out
    assert diagnose(facts(**OVER_GRANTED | {"subscriptions": ()})).at_stake == usd(20000)  # unlocked, and unpaid


@pytest.mark.parametrize(
    ("paid", "apart"),
    [
        (item("Team", 6000), 14000),
        (item("Team", 6000, quantity=3), 42000),
        (item("Team", 60000, interval="year"), 16666 - 5000),
        (item("Team", 6000, interval="3 months"), 16666 - 2000),
    ],
)
def test_more_than_is_paid_costs_the_difference_of_a_month(paid: SubscriptionItemFacts, apart: int):
    found = diagnose(facts(subscriptions=(subscription(items=(paid,)),), **OVER_GRANTED))
    assert (found.root_cause, found.at_stake) == (RootCause.PLAN_OVER_GRANTED, usd(apart))
