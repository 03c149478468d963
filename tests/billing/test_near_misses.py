"""Each root cause on facts that nearly have it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from billing.diagnosis import RootCause, diagnose
from billing.facts import BillingFacts
from billing.ids import ChargeId, PaymentMethodId, SubscriptionId
from billing.money import Money
from tests.billing.made import (
    ENDED,
    NO_CARD,
    NOTHING,
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
    line,
    mailed,
    price,
    refund,
    subscription,
    unpaid,
    usage,
    usd,
)
from tests.billing.made_checkouts import CHECKOUT_NEAR
from tests.billing.made_prices import PRICE_NEAR
from tests.billing.made_schedules import SCHEDULE_NEAR
from tests.billing.made_usage import USAGE_NEAR

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
    # Paid for, paid by another subscription, changed or billed minutes ago, no price known, sold for no more, another
    # currency, switched off, behind on payment.
    (RootCause.PLAN_OVER_GRANTED, facts(**OVER_GRANTED | {"entitlements": access("starter")})),
    *(
        (RootCause.PLAN_OVER_GRANTED, facts(**OVER_GRANTED | change))
        for change in (
            {"subscriptions": (subscription(), subscription(items=(item("Business", 20000),)))},
            {"prorated_at": ago(minutes=59)},
            {"invoices": (invoice(created=ago(minutes=10)),)},
            {"prices": ()},
            {"prices": (price(amount=2000),)},
            {"prices": (price(unit_amount=None),)},
            {"prices": (price(active=False),)},
            {"prices": (price(unit_amount=Money(20000, "eur")),)},
            {"entitlements": access("business", active=False)},
            {"entitlements": access("business", locked_reason="abuse")},
            {"subscriptions": (subscription(status="past_due"),)},
            {"invoices": (unpaid(),)},
        )
    ),
    # Granted less than is paid for, with the price list at hand.
    (
        RootCause.PLAN_OVER_GRANTED,
        facts(subscriptions=(subscription(items=(item("Team", 6000),)),), prices=OVER_GRANTED["prices"]),
    ),
    (RootCause.SUBSCRIPTION_ENDED, facts(subscriptions=(replace(ENDED, ended_at=ago(days=91)),))),
    (RootCause.REFUND_PENDING, facts(refunds=(refund(status="succeeded"),))),
    # In part, not through yet, sent back by the bank, another charge's, long ago.
    *(
        (RootCause.REFUNDED_ALREADY, facts(charges=(REFUNDED,), refunds=(refund(**{"status": "succeeded", **change}),)))
        for change in (
            {"amount": usd(1999)},
            {"status": "pending"},
            {"status": "failed"},
            {"charge": ChargeId("ch_2")},
            {"created": ago(days=31)},
        )
    ),
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
    # Two workspaces, another plan, more seats, one that ended, one that will end.
    *(
        (
            RootCause.DUPLICATE_SUBSCRIPTION,
            facts(subscriptions=(replace(TWO_SUBSCRIPTIONS[0], **change), subscription())),
        )
        for change in (
            {"metadata": {"workspace": "two"}},
            {"items": (item("Team"),)},
            {"items": (item(quantity=2),)},
            {"status": "canceled"},
            {"cancel_at_period_end": True},
        )
    ),
    # Monthly, renewed long ago, begun and not renewed, not paid.
    (RootCause.RENEWED_RECENTLY_YEARLY, facts()),
    *(
        (RootCause.RENEWED_RECENTLY_YEARLY, facts(subscriptions=(YEARLY,), invoices=(replace(invoice(), **change),)))
        for change in (
            {"created": ago(days=15)},
            {"billing_reason": "subscription_create"},
            {"status": "void"},
        )
    ),
    (RootCause.ENTERPRISE_ACCOUNT, facts(customer=customer(metadata={"account_manager": "Lin Okafor"}))),
    *PRICE_NEAR,
    *CHECKOUT_NEAR,
    *SCHEDULE_NEAR,
    *USAGE_NEAR,
]


@pytest.mark.parametrize(("cause", "made"), NEAR)
def test_near_miss(cause: RootCause, made: BillingFacts):
    found = diagnose(made)
    assert cause not in {found.root_cause, *(finding.root_cause for finding in found.also)}


def test_every_cause_has_a_near_miss():
    assert {cause for cause, _ in NEAR} == set(RootCause)
