"""Checkout links: facts that have the finding of `findings_checkouts`, and facts that nearly do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from billing.checkouts import CheckoutFacts, CheckoutItem
from billing.facts import BillingFacts
from billing.findings import RecommendedAction, RootCause, Status
from tests.billing.made import ago, facts, item, subscription, usd

ADDON = CheckoutItem("price_addon", "prod_addon", "Analytics add-on", 1, usd(4900))
SEAT = CheckoutItem("price_seat", "prod_seat", "Seat", 3, usd(2700))
OLD = CheckoutFacts("cs_old", "expired", "payment", (ADDON,), True, usd(4900), ago(days=3), ago(days=2))
NEW = replace(OLD, id="cs_new", created=ago(days=1), expires_at=ago(days=0) + timedelta(hours=1))


def lara(*sessions: CheckoutFacts, **changes: Any) -> BillingFacts:
    """Her links, the newest first."""
    return facts(checkouts=sessions or (OLD,), **changes)


BEGINS = replace(OLD, mode="subscription", items=(replace(ADDON, price="price_starter"),))

CHECKOUT_CAUSES = [
    (RootCause.CHECKOUT_LINK_EXPIRED, Status.AMBER, RecommendedAction.NEW_CHECKOUT_LINK, made)
    for made in (
        lara(),
        lara(replace(NEW, status="complete", items=(SEAT,)), OLD),  # something else was bought since
        lara(replace(NEW, status="complete", items=(replace(ADDON, quantity=2),)), OLD),
        lara(OLD, replace(OLD, id="cs_older", status="complete", created=ago(days=9))),  # bought before, wanted again
        lara(replace(OLD, expires_at=ago(days=30), created=ago(days=31))),
        lara(BEGINS, subscriptions=(subscription(items=(item("Team", 6000),)),), charges=(), entitlements=None),
    )
]
CHECKOUT_NEAR = [
    (RootCause.CHECKOUT_LINK_EXPIRED, made)
    for made in (
        lara(replace(NEW, status="complete"), OLD),  # a later one was completed
        lara(OLD, replace(NEW, status="complete")),  # in whatever order they come
        lara(replace(NEW, status="open"), OLD),
        lara(replace(NEW, status="complete", total=usd(5900), items=(replace(ADDON, price="price_2027"),)), OLD),
        lara(replace(OLD, status="open")),
        lara(replace(OLD, status="complete")),
        lara(replace(OLD, mode="setup", items=(), total=None)),
        lara(replace(OLD, expires_at=ago(days=30, seconds=1))),
        lara(BEGINS),  # the subscription it was to begin runs
        facts(),
    )
]
