"""An invoice of Stripe's as the bill its sums are explained from, and a price with its tiers. Pure, as
`tools.stripe_objects`; a shape we do not understand raises `ValueError`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

import stripe

from billing.ids import PriceId
from billing.invoice_sums import Bill, BilledLine, NamedAmount
from billing.money import Money
from billing.proration import Stretch
from billing.usage_bill import Tier, UsagePrice
from tools.stripe_objects import is_proration, ref, when


def line_price(line: stripe.InvoiceLineItem) -> str | None:
    details = line.pricing.price_details if line.pricing else None
    return ref(details.price) if details else None


def stretches(lines: Iterable[stripe.InvoiceLineItem]) -> tuple[Stretch, ...]:
    """What the lines billed for a time, in full."""
    return tuple(
        Stretch(Money(line.amount, line.currency), when(line.period.start), when(line.period.end))
        for line in lines
        if line.amount > 0 and line.period.start < line.period.end
    )


def bill_of(
    invoice: stripe.Invoice,
    lines: Iterable[stripe.InvoiceLineItem],
    prices: Mapping[str, stripe.Price],
    earlier: tuple[Stretch, ...] = (),
) -> Bill:
    """`lines` are all of the invoice's; `prices` those known of its lines."""
    currency = invoice.currency
    before = invoice.starting_balance or 0
    ending = getattr(invoice, "ending_balance", None)
    return Bill(
        currency=currency,
        lines=tuple(_line(line, prices) for line in lines),
        discounts=tuple(
            NamedAmount(discount_name(each.discount), Money(each.amount, currency))
            for each in getattr(invoice, "total_discount_amounts", None) or ()
        ),
        taxes=tuple(
            NamedAmount("Tax", Money(each.amount, currency), each.tax_behavior == "inclusive")
            for each in getattr(invoice, "total_taxes", None) or ()
        ),
        total=Money(invoice.total, currency),
        balance=Money(0 if ending is None else before - ending, currency),
        credit_notes=Money(getattr(invoice, "pre_payment_credit_notes_amount", 0) or 0, currency),
        amount_due=Money(invoice.amount_due, currency),
        earlier=earlier,
    )


def discount_name(discount: Any) -> str:
    """The coupon's name where the discount was expanded, else a plain word."""
    source = getattr(discount, "source", None)
    coupon = getattr(source, "coupon", None)
    return getattr(coupon, "name", None) or ref(coupon) or "coupon"


def usage_price(price: stripe.Price) -> UsagePrice | None:
    """A price in tiers, or one that is billed by use: its tiers and its product must have been expanded. None for any
    other price, whose lines say all about it."""
    name = getattr(price.product, "name", None) or "units"
    if price.billing_scheme == "tiered":
        tiers = getattr(price, "tiers", None)
        mode: Literal["graduated", "volume"] = "volume" if price.tiers_mode == "volume" else "graduated"
        return UsagePrice(price.currency, mode, tuple(_tier(tier) for tier in tiers), name=name) if tiers else None
    if price.recurring is None or price.recurring.usage_type != "metered":
        return None
    packed = price.transform_quantity
    return UsagePrice(
        price.currency,
        "per_unit",
        (Tier(None, _exact(price, "unit_amount")),),
        package=packed.divide_by if packed else 1,
        full_only=packed is not None and packed.round == "down",
        name=name,
    )


def _tier(tier: Any) -> Tier:
    return Tier(tier.up_to, _exact(tier, "unit_amount"), _exact(tier, "flat_amount"))


def _exact(tier: Any, name: str) -> Decimal:
    found = getattr(tier, f"{name}_decimal", None)
    found = getattr(tier, name, None) if found is None else found
    return Decimal(0 if found is None else str(found))


def _line(line: stripe.InvoiceLineItem, prices: Mapping[str, stripe.Price]) -> BilledLine:
    price = line_price(line)
    known = prices.get(price) if price else None
    decimal = known.unit_amount_decimal if known else line.pricing.unit_amount_decimal if line.pricing else None
    if known is not None and known.transform_quantity:
        decimal = None
    return BilledLine(
        description=line.description or "Item",
        amount=Money(line.amount, line.currency),
        price=PriceId(price) if price else None,
        quantity=line.quantity,
        unit_amount=None if decimal is None else Fraction(str(decimal)),
        proration=is_proration(line),
        start=when(line.period.start),
        end=when(line.period.end),
    )
