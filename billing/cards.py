"""Which card would pay, and when it stops to."""

from __future__ import annotations

from datetime import UTC, datetime

from billing.facts import BillingFacts, PaymentMethodFacts, SubscriptionFacts
from billing.ids import SubscriptionId


def subscription_of(facts: BillingFacts, id_: SubscriptionId | None) -> SubscriptionFacts | None:
    return next((subscription for subscription in facts.subscriptions if subscription.id == id_), None)


def paying_card(facts: BillingFacts, subscription: SubscriptionFacts | None) -> PaymentMethodFacts | None:
    """The card Stripe would charge: the subscription's own default, otherwise the customer's
    (docs.stripe.com/api/subscriptions/object#subscription_object-default_payment_method)."""
    wanted = (subscription.default_payment_method if subscription else None) or facts.customer.default_payment_method
    return next((card for card in facts.payment_methods if card.id == wanted), None)


def nothing_to_charge(facts: BillingFacts, subscription: SubscriptionFacts | None) -> bool:
    """True when no payment method of any kind is on file; a default that is no card counts as one."""
    return (
        not facts.payment_methods
        and facts.customer.default_payment_method is None
        and (subscription is None or subscription.default_payment_method is None)
    )


def expires(card: PaymentMethodFacts) -> datetime | None:
    """The first moment after the card's last valid month, or None for a card that states no valid month."""
    if not (1 <= card.exp_month <= 12 and 2000 <= card.exp_year <= 9000):
        return None
    year, month = (card.exp_year + 1, 1) if card.exp_month == 12 else (card.exp_year, card.exp_month + 1)
    return datetime(year, month, 1, tzinfo=UTC)
