"""The plan the product grants beside the plans that are paid for: whether they agree, and what lies between them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from billing.facts import BillingFacts, EntitlementFacts, SubscriptionFacts
from billing.money import Money

FREE: Final = frozenset(["free", "none", ""])

PAYS: Final = frozenset(["trialing", "active", "past_due"])
"""A subscription in these states stands for its plan, if only for a while."""

_MONTHS: Final = {"month": 1, "3 months": 3, "6 months": 6, "year": 12}


def named(plan: str, product_name: str) -> bool:
    """Whether the product's word for a plan means what is sold by that name: `team` and "Acme Cloud Team"."""
    wanted = plan.casefold().strip()
    return wanted == product_name.casefold() or wanted in product_name.casefold().split()


def grants(plan: str, subscription: SubscriptionFacts) -> bool:
    """Whether the plan is one of those the subscription pays for."""
    return any(named(plan, item.product_name) for item in subscription.items)


def unpaid_for(access: EntitlementFacts, subscriptions: Iterable[SubscriptionFacts]) -> bool:
    """A plan that costs something is granted, and no subscription pays for just that: the price list has to tell what
    lies between, and the pending prorations whether the plan changed a moment ago."""
    open_ = access.active and not access.locked_reason and access.plan.casefold().strip() not in FREE
    return open_ and not any(one.status in PAYS and grants(access.plan, one) for one in subscriptions)


def monthly_price(facts: BillingFacts, plan: str, currency: str | None = None, interval: str = "month") -> Money | None:
    """What the plan is sold for, a month, in minor units rounded down; None when the price list does not say.

    The price of the interval goes before others, then the cheapest. Without a currency: the customer's, if known."""
    balance = facts.customer.balance
    wanted = currency or (balance.currency if balance is not None else None)
    offers = [
        (price.interval != interval, cost)
        for price in facts.prices
        if price.active and named(plan, price.product_name)
        if (cost := monthly(price.unit_amount, price.interval)) is not None and wanted in (None, cost.currency)
    ]
    return min(offers, key=lambda offer: (offer[0], offer[1].amount))[1] if offers else None


def monthly_cost(subscription: SubscriptionFacts) -> Money | None:
    """What the subscription's first item costs a month; None where it is billed by use."""
    for item in subscription.items[:1]:
        cost = monthly(item.unit_amount, item.interval)
        return None if cost is None else Money(cost.amount * item.quantity, cost.currency)
    return None


def monthly(amount: Money | None, interval: str | None) -> Money | None:
    months = _MONTHS.get(interval or "")
    return None if amount is None or months is None else Money(amount.amount // months, amount.currency)
