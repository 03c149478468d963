"""Working out a plan change without making it (docs.stripe.com/billing/subscriptions/prorations).

Preview and change use the same items and the same proration date, so the amounts agree to the cent.
"""

from __future__ import annotations

from typing import Any, Final

import stripe

from billing.money import Money
from tools import stripe_objects as objects
from tools.stripe_reads import CustomerReads

PRORATION: Final = "always_invoice"  # what is owed for the change is charged, or credited, at once


def plan_item(subscription: stripe.Subscription) -> stripe.SubscriptionItem | None:
    """The item that is the plan: the only one that is not metered. None when that is not clear."""
    licensed = [
        item
        for item in objects.subscription_items(subscription)
        if item.price.recurring is not None and item.price.recurring.usage_type == "licensed"
    ]
    return licensed[0] if len(licensed) == 1 else None


def changed_items(item: stripe.SubscriptionItem, price: str) -> list[dict[str, Any]]:
    """The item at its new price. The quantity is repeated, so that nothing rests on a default."""
    return [{"id": item.id, "price": price, "quantity": getattr(item, "quantity", None) or 1}]


async def preview(
    reads: CustomerReads, subscription: stripe.Subscription, item: stripe.SubscriptionItem, price: str, date: int
) -> stripe.Invoice | None:
    """The invoice that the change would make at `date` (Unix seconds); None when Stripe refuses such a change.

    Raises `FactsUnavailable`."""
    params: dict[str, Any] = {
        "customer": reads.customer,
        "subscription": subscription.id,
        "subscription_details": {
            "items": changed_items(item, price),
            "proration_behavior": PRORATION,
            "proration_date": date,
        },
    }
    return await reads.line.try_read(
        lambda: reads.line.v1.invoices.create_preview_async(params)  # pyright: ignore[reportArgumentType]
    )


def amount_now(previewed: stripe.Invoice, item: stripe.SubscriptionItem) -> Money:
    """What is charged at once; negative is what is credited, which `amount_due` would show as zero.

    A change that costs nothing at once (within a trial, say) is previewed as the invoice of the next renewal: nothing
    is due then, whatever that invoice says.
    """
    starts = [line.period.start for line in previewed.lines.data]
    if starts and min(starts) >= item.current_period_end:
        return Money(0, previewed.currency)
    amount = previewed.total if previewed.total < 0 else previewed.amount_due
    return Money(amount, previewed.currency)
