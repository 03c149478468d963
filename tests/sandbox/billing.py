"""What the billing tests share: a price list and short ways to say common things."""

from datetime import UTC, datetime
from typing import Any

import stripe

HOUR = 3600
DAY = 24 * HOUR


def unix(*parts: int) -> int:
    """A UTC date as unix seconds: `unix(2026, 11, 2, 9)`."""
    return int(datetime(*parts, tzinfo=UTC).timestamp())


def price(client: stripe.StripeClient, amount: int, interval: str | None = "month", **params: Any) -> stripe.Price:
    """A price of its own product; `interval=None` makes it one-time."""
    name = params.pop("name", f"Plan {amount}")
    if interval:
        params["recurring"] = {"interval": interval, **params.pop("recurring", {})}
    asked: Any = {"currency": "usd", "unit_amount": amount, "product_data": {"name": name}, **params}
    return client.v1.prices.create(asked)


def subscribe(client: stripe.StripeClient, customer: str, price_id: str, **params: Any) -> stripe.Subscription:
    quantity = params.pop("quantity", 1)
    asked: Any = {"customer": customer, "items": [{"price": price_id, "quantity": quantity}], **params}
    return client.v1.subscriptions.create(asked)


def item_of(subscription: stripe.Subscription) -> stripe.SubscriptionItem:
    return subscription["items"].data[0]


def change(
    client: stripe.StripeClient, subscription: stripe.Subscription, *, item: Any = None, **params: Any
) -> stripe.Subscription:
    """Update the subscription's only item with the fields in `item`."""
    asked: Any = {"items": [{"id": item_of(subscription).id, **(item or {})}], **params}
    return client.v1.subscriptions.update(subscription.id, asked)


def pending(client: stripe.StripeClient, customer: stripe.Customer) -> list[stripe.InvoiceItem]:
    return list(reversed(client.v1.invoice_items.list({"customer": customer.id, "pending": True}).data))


def invoices(client: stripe.StripeClient, **params: Any) -> list[stripe.Invoice]:
    asked: Any = params
    return client.v1.invoices.list(asked).data


def amounts(invoice: stripe.Invoice) -> list[int]:
    return [line.amount for line in invoice.lines.data]


def event_types(client: stripe.StripeClient, since: int = 0) -> list[str]:
    """The event types of the last 30 days, oldest first."""
    return [event.type for event in reversed(client.v1.events.list({"limit": 100, "created": {"gte": since}}).data)]


def use_card(client: stripe.StripeClient, customer: str, token: str) -> str:
    """Save a test card and make it the customer's default for invoices."""
    method = client.v1.payment_methods.attach(token, {"customer": customer})
    client.v1.customers.update(customer, {"invoice_settings": {"default_payment_method": method.id}})
    return method.id
