"""Putting a subscription under a schedule."""

from __future__ import annotations

from typing import Any

import stripe

from tests.tools.shop import Shop


def put_under(shop: Shop, subscription: stripe.Subscription, *later: Any, **fields: Any) -> stripe.SubscriptionSchedule:
    """The present items to the end of the period, then the phases of `later`."""
    made = shop.v1.subscription_schedules.create({"from_subscription": subscription.id})
    now = {
        "items": [{"price": item.price.id, "quantity": item.quantity} for item in subscription["items"].data],
        "start_date": made.phases[0].start_date,
        "end_date": made.phases[0].end_date,
    }
    params: Any = {"phases": [now, *later], **fields}
    return shop.v1.subscription_schedules.update(made.id, params)


def phase(price: stripe.Price, quantity: int = 1) -> Any:
    return {"items": [{"price": price.id, "quantity": quantity}]}
