"""Findings on what an account holds: a plan paid twice over, a year that has just been renewed, a managed account."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from billing.facts import BillingFacts, SubscriptionFacts
from billing.findings import Evidence, Finding, RecommendedAction, RootCause, Status, day
from billing.findings_subscriptions import LIVE, plan
from billing.money import Money

RENEWED: Final = timedelta(days=14)
"""A yearly renewal younger than this is what a surprised customer asks about."""


def duplicate_subscription(facts: BillingFacts) -> Iterator[Finding]:
    """A later live subscription to just what an earlier one pays for. Different metadata (two workspaces, two teams)
    tells them apart; so do different prices or quantities."""
    live = sorted(
        (one for one in facts.subscriptions if one.status in LIVE and one.items), key=lambda one: (one.created, one.id)
    )
    for place, later in enumerate(live):
        first = next((one for one in live[:place] if _bought(one) == _bought(later)), None)
        if first is not None and not later.cancel_at_period_end and not first.cancel_at_period_end:
            costs = _period_price(later)
            told = f" for {costs} each {later.items[0].interval}" if costs else ""
            yield Finding(
                Status.AMBER,
                RootCause.DUPLICATE_SUBSCRIPTION,
                f"You have two running {plan(later)} subscriptions: one since {day(first.created)}, and another{told} "
                f"since {day(later.created)}. Which of them you need, and what the other one cost, is a colleague's to "
                "settle with you.",
                RecommendedAction.TALK_TO_HUMAN,
                (Evidence("subscription", later.id), Evidence("duplicate_of", first.id)),
                at_stake=costs,
            )


def renewed_recently_yearly(facts: BillingFacts) -> Iterator[Finding]:
    for subscription in facts.subscriptions:
        for item in subscription.items[:1]:
            if subscription.status != "active" or item.interval != "year":
                continue
            for invoice in facts.invoices:
                if (
                    invoice.subscription == subscription.id
                    and invoice.billing_reason == "subscription_cycle"
                    and invoice.status == "paid"
                    and invoice.total.amount > 0
                    and invoice.created >= item.current_period_start
                    and facts.as_of - invoice.created <= RENEWED
                ):
                    yield Finding(
                        Status.GREEN,
                        RootCause.RENEWED_RECENTLY_YEARLY,
                        f"Your yearly {plan(subscription)} subscription renewed on {day(invoice.created)} for "
                        f"{invoice.total}. It runs until {day(item.current_period_end)}.",
                        RecommendedAction.NONE,
                        (Evidence("subscription", subscription.id), Evidence("invoice", invoice.id)),
                        at_stake=invoice.total,
                    )


def enterprise_account(facts: BillingFacts) -> Iterator[Finding]:
    """The company marks such a customer by metadata: `segment` and `account_manager`."""
    if facts.customer.metadata.get("segment", "").casefold() == "enterprise":
        manager = facts.customer.metadata.get("account_manager", "").strip()[:80]
        yield Finding(
            Status.GREEN,
            RootCause.ENTERPRISE_ACCOUNT,
            f"Questions about money on this account go to your account manager{f', {manager}' if manager else ''}.",
            RecommendedAction.TALK_TO_HUMAN,
            (Evidence("customer", facts.customer.id),),
        )


def _bought(subscription: SubscriptionFacts) -> tuple[object, ...]:
    items = sorted((item.price, item.quantity) for item in subscription.items)
    return (items, sorted(subscription.metadata.items()))


def _period_price(subscription: SubscriptionFacts) -> Money | None:
    """None where an item is billed by use."""
    total: Money | None = None
    for item in subscription.items:
        if item.unit_amount is None:
            return None
        cost = Money(item.unit_amount.amount * item.quantity, item.unit_amount.currency)
        total = cost if total is None else total + cost
    return total
