"""Billing by use: facts that have each finding of `findings_usage`, and facts that nearly do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from billing.facts import BilledUsage, BillingFacts, InvoiceLineFacts
from billing.findings import RecommendedAction, RootCause, Status
from billing.ids import InvoiceId, PriceId
from billing.money import Money
from billing.usage_bill import Tier, UsagePrice, usage_total
from tests.billing.made import SUB, access, ago, charge, facts, invoice, item, subscription, usage, usd

REQUESTS = PriceId("price_requests")
PRICE = UsagePrice(
    "usd",
    "graduated",
    (Tier(50_000), Tier(150_000, Decimal("0.2")), Tier(None, Decimal("0.1"))),
    name="API requests",
)
START, END = ago(days=41), ago(days=10)
TEAM = subscription(
    items=(item("Team", 6000), item("API requests", price=REQUESTS, unit_amount=None, meter="mtr_1")),
)


def used(units: int) -> InvoiceLineFacts:
    cost = usage_total(PRICE, units)
    return InvoiceLineFacts("API requests", cost, REQUESTS, units, proration=False, period_start=START, period_end=END)


def billed(units: int, counted: int | None, edges: int = 0, **changes: Any) -> BilledUsage:
    made = BilledUsage(
        SUB,
        InvoiceId("in_2"),
        REQUESTS,
        PRICE,
        "api_requests",
        units,
        usage_total(PRICE, units),
        START,
        END,
        counted,
        edges,
    )
    return replace(made, **changes)


LAST = invoice("in_2", created=END, total=usd(6000) + usage_total(PRICE, 205_000), lines=(used(205_000),))
BEFORE = invoice("in_1", created=START, total=usd(6000), lines=(used(40_000),))


def by_use(bill: BilledUsage, **changes: Any) -> BillingFacts:
    """On Team, with requests billed by use."""
    return facts(
        **{
            "subscriptions": (TEAM,),
            "invoices": (LAST, BEFORE),
            "charges": (charge(invoice=InvoiceId("in_2"), amount=LAST.total),),
            "entitlements": access("team"),
            "usage": usage(20_000, 50_000, 205_000),
            "billed_usage": (bill,),
            **changes,
        }
    )


def given_back(amount: int) -> BillingFacts:
    return by_use(billed(120_000, 100_000), invoices=(replace(LAST, credited=usd(amount)), BEFORE))


USAGE_CAUSES = [
    (RootCause.USAGE_BILLED_DIFFERS, Status.AMBER, RecommendedAction.TALK_TO_HUMAN, by_use(billed(120_000, 100_000))),
    (RootCause.USAGE_BILLED_DIFFERS, Status.GREEN, RecommendedAction.NONE, by_use(billed(100_000, 120_000))),
    (RootCause.METERED_OVERAGE_BILLED, Status.GREEN, RecommendedAction.NONE, by_use(billed(205_000, 205_000))),
    (RootCause.METERED_OVERAGE_BILLED, Status.GREEN, RecommendedAction.NONE, by_use(billed(205_000, None))),
]
USAGE_NEAR = [
    *(
        (RootCause.USAGE_BILLED_DIFFERS, made)
        for made in (
            by_use(billed(120_000, None)),  # the usage store did not answer
            by_use(billed(120_000, 120_000)),
            by_use(billed(120_000, 119_880)),  # one event in a thousand
            by_use(billed(119_880, 120_000)),
            by_use(billed(120_000, 118_000, edges=1_880)),  # late ones, of the following hour
            by_use(billed(45_000, 20_000)),  # both within what is included
            by_use(billed(120_000, 100_000), invoices=(replace(LAST, status="void"), BEFORE)),
            given_back(4_000),
            by_use(billed(120_000, 100_000, credits=(usd(500), usd(4_000)))),
            by_use(
                billed(120_000, 100_000),
                charges=(charge(invoice=InvoiceId("in_2"), amount=LAST.total, amount_refunded=usd(4_000)),),
            ),
        )
    ),
    *(
        (RootCause.METERED_OVERAGE_BILLED, made)
        for made in (
            by_use(billed(50_000, 50_000)),
            by_use(billed(205_000, 100_000)),  # a count in doubt explains nothing
            by_use(billed(205_000, 205_000, amount=usd(25_501))),  # the tiers do not give what was billed
            by_use(billed(205_000, 205_000), invoices=(LAST,)),
            by_use(billed(205_000, 205_000), invoices=(LAST, replace(BEFORE, total=LAST.total))),
            by_use(billed(205_000, 205_000), invoices=(LAST, replace(BEFORE, total=Money(6000, "eur")))),
            by_use(billed(205_000, 205_000), invoices=(LAST, replace(BEFORE, lines=(used(205_000),)))),
            # Something was billed since.
            by_use(billed(205_000, 205_000), invoices=(invoice("in_3", created=END + timedelta(days=1)), LAST, BEFORE)),
        )
    ),
]
