"""Stripe's objects as billing facts. Pure; a shape we do not understand raises `ValueError`, never guesses.

Written for the API version of the installed SDK: an invoice reaches its payments through `payments`, a subscription's
periods are on its items, a line's price and proration under `pricing` and `parent`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import stripe

from billing.customer_details import AddressFacts, TaxIdFacts
from billing.facts import (
    ChargeFacts,
    CustomerFacts,
    Decline,
    DisputeFacts,
    InvoiceFacts,
    InvoiceLineFacts,
    PaymentMethodFacts,
    PriceFacts,
    RefundFacts,
    ScheduledChange,
    SubscriptionFacts,
    SubscriptionItemFacts,
)
from billing.ids import (
    ChargeId,
    CustomerId,
    DisputeId,
    InvoiceId,
    PaymentIntentId,
    PaymentMethodId,
    PriceId,
    RefundId,
    ScheduleId,
    SubscriptionId,
    SubscriptionItemId,
)
from billing.money import Money


def ref(value: Any) -> str | None:
    """The id behind an expandable field, expanded or not."""
    if value is None or isinstance(value, str):
        return value
    return value.id


def when(seconds: int) -> datetime:
    """Stripe's Unix seconds as an aware UTC datetime."""
    return datetime.fromtimestamp(seconds, UTC)


def when_or_none(seconds: int | None) -> datetime | None:
    return None if seconds is None else when(seconds)


def labels(metadata: Any) -> dict[str, str]:
    """An object's metadata as a plain dict."""
    return {} if metadata is None else {str(key): str(value) for key, value in metadata.to_dict().items()}


def customer_facts(customer: stripe.Customer) -> CustomerFacts:
    settings = customer.invoice_settings
    default = ref(settings.default_payment_method if settings else None) or ref(customer.default_source)
    return CustomerFacts(
        id=CustomerId(customer.id),
        name=customer.name,
        email=customer.email,
        created=when(customer.created),
        balance=Money(customer.balance or 0, customer.currency) if customer.currency else None,
        delinquent=bool(customer.delinquent),
        default_payment_method=PaymentMethodId(default) if default else None,
        metadata=labels(customer.metadata),
    )


def address_facts(address: Any) -> AddressFacts | None:
    """Stripe's `address`, where an empty part is null or an empty text."""
    if address is None:
        return None
    parts = ("line1", "line2", "city", "state", "postal_code", "country")
    return AddressFacts(**{part: getattr(address, part, None) or None for part in parts})


def payment_method_facts(method: stripe.PaymentMethod) -> PaymentMethodFacts:
    """A card, or another method under its type's name; what has no expiry is given the year 9999."""
    card = method.card if method.type == "card" else None
    if card is not None:
        return PaymentMethodFacts(
            PaymentMethodId(method.id), card.brand, card.last4 or "", card.exp_month, card.exp_year
        )
    detail = getattr(method, method.type, None)
    last4 = getattr(detail, "last4", None)
    return PaymentMethodFacts(PaymentMethodId(method.id), method.type, last4 or "", 12, 9999)


def error_decline(error: Any) -> Decline | None:
    """A PaymentIntent's `last_payment_error`; fields that do not apply are absent there, not null."""
    if error is None:
        return None
    return Decline(
        code=getattr(error, "code", None) or getattr(error, "type", "card_error"),
        decline_code=getattr(error, "decline_code", None),
        advice_code=getattr(error, "advice_code", None),
        message=getattr(error, "message", None) or "",
    )


def charge_decline(charge: stripe.Charge) -> Decline | None:
    """Why a failed charge failed: `outcome.reason` is the decline code (docs.stripe.com/api/charges/object)."""
    if charge.failure_code is None:
        return None
    outcome = charge.outcome
    reason = getattr(outcome, "reason", None)
    return Decline(
        code=charge.failure_code,
        decline_code=reason if reason != charge.failure_code else None,
        advice_code=getattr(outcome, "advice_code", None),
        message=charge.failure_message or "",
    )


def charge_facts(charge: stripe.Charge, invoice: str | None = None) -> ChargeFacts:
    """`invoice` is found by the caller: a charge does not name it."""
    customer, intent = ref(charge.customer), ref(charge.payment_intent)
    card = charge.payment_method_details.card if charge.payment_method_details else None
    metadata = labels(charge.metadata)
    return ChargeFacts(
        id=ChargeId(charge.id),
        customer=CustomerId(customer) if customer else None,
        payment_intent=PaymentIntentId(intent) if intent else None,
        invoice=InvoiceId(invoice) if invoice else None,
        amount=Money(charge.amount, charge.currency),
        amount_refunded=Money(charge.amount_refunded, charge.currency),
        status=charge.status,
        captured=charge.captured,
        disputed=charge.disputed,
        refunded=charge.refunded,
        description=charge.description,
        last4=card.last4 if card else None,
        created=when(charge.created),
        decline=charge_decline(charge),
        risk_level=getattr(charge.outcome, "risk_level", None),
        order=metadata.get("order_id"),
    )


def refund_facts(refund: stripe.Refund) -> RefundFacts:
    return RefundFacts(
        id=RefundId(refund.id),
        charge=ChargeId(needed(ref(refund.charge), "a refund's charge")),
        amount=Money(refund.amount, refund.currency),
        status=needed(refund.status, "a refund's status"),
        created=when(refund.created),
        failure_reason=getattr(refund, "failure_reason", None),
        metadata=labels(refund.metadata),
    )


def dispute_facts(dispute: stripe.Dispute) -> DisputeFacts:
    return DisputeFacts(
        id=DisputeId(dispute.id),
        charge=ChargeId(needed(ref(dispute.charge), "a dispute's charge")),
        amount=Money(dispute.amount, dispute.currency),
        status=dispute.status,
        reason=dispute.reason,
        created=when(dispute.created),
    )


def line_facts(line: stripe.InvoiceLineItem) -> InvoiceLineFacts:
    details = line.pricing.price_details if line.pricing else None
    price = ref(details.price) if details else None
    return InvoiceLineFacts(
        description=line.description or "",
        amount=Money(line.amount, line.currency),
        price=PriceId(price) if price else None,
        quantity=line.quantity,
        proration=is_proration(line),
        period_start=when(line.period.start),
        period_end=when(line.period.end),
    )


def is_proration(line: stripe.InvoiceLineItem) -> bool:
    parent = line.parent
    details = (parent.subscription_item_details or parent.invoice_item_details) if parent else None
    return bool(details and details.proration)


def invoice_facts(
    invoice: stripe.Invoice,
    *,
    charges: Iterable[str] = (),
    last_decline: Decline | None = None,
    last_payment_method: str | None = None,
    requires_action: bool = False,
    lines: Iterable[stripe.InvoiceLineItem] | None = None,
) -> InvoiceFacts:
    """What `charges` to `requires_action` say comes from the invoice's payments, which the caller follows; `lines`
    replaces the first ten that an invoice carries."""
    details = invoice.parent.subscription_details if invoice.parent else None
    subscription = ref(details.subscription) if details else None
    currency = invoice.currency
    return InvoiceFacts(
        id=InvoiceId(invoice.id),
        number=invoice.number,
        customer=CustomerId(needed(ref(invoice.customer), "an invoice's customer")),
        subscription=SubscriptionId(subscription) if subscription else None,
        status=needed(invoice.status, "an invoice's status"),
        billing_reason=invoice.billing_reason,
        total=Money(invoice.total, currency),
        amount_due=Money(invoice.amount_due, currency),
        amount_paid=Money(invoice.amount_paid, currency),
        amount_remaining=Money(invoice.amount_remaining, currency),
        attempt_count=invoice.attempt_count,
        next_payment_attempt=when_or_none(invoice.next_payment_attempt),
        due_date=when_or_none(invoice.due_date),
        hosted_invoice_url=getattr(invoice, "hosted_invoice_url", None),
        created=when(invoice.created),
        lines=tuple(line_facts(line) for line in (invoice.lines.data if lines is None else lines)),
        charges=tuple(ChargeId(charge) for charge in charges),
        last_decline=last_decline,
        last_payment_method=PaymentMethodId(last_payment_method) if last_payment_method else None,
        requires_action=requires_action,
        discount=_sum(invoice.total_discount_amounts, currency),
        tax=_sum(invoice.total_taxes, currency),
        shows_tax_id=bool(invoice.customer_tax_ids),
        credited=_credited(invoice),
    )


def _sum(parts: Iterable[Any] | None, currency: str) -> Money | None:
    """Of the parts' amounts; None where that is nothing."""
    amount = sum(part.amount for part in parts or ())
    return Money(amount, currency) if amount else None


def _credited(invoice: stripe.Invoice) -> Money | None:
    amount = sum(getattr(invoice, f"{when_}_payment_credit_notes_amount", None) or 0 for when_ in ("pre", "post"))
    return Money(amount, invoice.currency) if amount else None


def tax_id_facts(tax_id: stripe.TaxId) -> TaxIdFacts:
    verification = tax_id.verification
    return TaxIdFacts(tax_id.id, tax_id.type, tax_id.value, verification.status if verification else None)


def subscription_facts(
    subscription: stripe.Subscription, products: Mapping[str, str], change: ScheduledChange | None = None
) -> SubscriptionFacts:
    """`products` maps product ids to names: they lie deeper than Stripe expands in a list."""
    schedule = ref(subscription.schedule)
    default = ref(subscription.default_payment_method) or ref(subscription.default_source)
    return SubscriptionFacts(
        id=SubscriptionId(subscription.id),
        customer=CustomerId(needed(ref(subscription.customer), "a subscription's customer")),
        status=subscription.status,
        items=tuple(item_facts(item, products) for item in subscription_items(subscription)),
        created=when(subscription.created),
        cancel_at_period_end=subscription.cancel_at_period_end,
        cancel_at=when_or_none(subscription.cancel_at),
        canceled_at=when_or_none(subscription.canceled_at),
        ended_at=when_or_none(subscription.ended_at),
        trial_end=when_or_none(subscription.trial_end),
        schedule=ScheduleId(schedule) if schedule else None,
        scheduled_change=change,
        default_payment_method=PaymentMethodId(default) if default else None,
        metadata=labels(subscription.metadata),
    )


def subscription_items(subscription: stripe.Subscription) -> list[stripe.SubscriptionItem]:
    """The items of a subscription; Stripe allows at most twenty, so the embedded list is whole."""
    return list(subscription["items"].data)  # `.items` would be read as a mapping's method by type checkers


def item_facts(item: stripe.SubscriptionItem, products: Mapping[str, str]) -> SubscriptionItemFacts:
    price = item.price
    return SubscriptionItemFacts(
        id=SubscriptionItemId(item.id),
        price=PriceId(price.id),
        product_name=product_name(price, products),
        unit_amount=unit_amount(price),
        interval=interval(price) or "",
        quantity=getattr(item, "quantity", None) or 1,
        current_period_start=when(item.current_period_start),
        current_period_end=when(item.current_period_end),
        meter=price.recurring.meter if price.recurring else None,
    )


def price_facts(price: stripe.Price, products: Mapping[str, str]) -> PriceFacts:
    return PriceFacts(
        id=PriceId(price.id),
        product_name=product_name(price, products),
        lookup_key=price.lookup_key,
        unit_amount=unit_amount(price),
        interval=interval(price),
        active=price.active,
    )


def product_name(price: stripe.Price, products: Mapping[str, str]) -> str:
    product = price.product
    if isinstance(product, str):
        return products.get(product, product)
    return getattr(product, "name", None) or product.id


def interval(price: stripe.Price) -> str | None:
    """`month`, or `3 months` where a period is several of them; None for a price paid once."""
    every = price.recurring
    if every is None:
        return None
    return every.interval if every.interval_count == 1 else f"{every.interval_count} {every.interval}s"


def unit_amount(price: stripe.Price) -> Money | None:
    """None for tiers and for fractions of a minor unit, which are no single amount."""
    return None if price.unit_amount is None else Money(price.unit_amount, price.currency)


def needed(value: str | None, what: str) -> str:
    if value is None:
        raise ValueError(f"Stripe left out {what}")
    return value
