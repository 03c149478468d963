"""Coupons, promotion codes and discounts of one customer, as facts (docs.stripe.com/api/promotion_codes)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import stripe

from billing.discounts import WHOLE, CouponFacts, DiscountFacts, Priced, PromotionFacts
from billing.ids import CustomerId
from billing.money import Money
from tools import stripe_objects as objects
from tools.stripe_line import Listed
from tools.stripe_reads import CustomerReads, understood

COUPON: Final = "promotion.coupon.applies_to"
DISCOUNTS: Final = "discounts.source.coupon.applies_to"


async def promotion(reads: CustomerReads, code: str) -> PromotionFacts | None:
    """What a code, or the id of one, stands for to this customer: the active one before those that were."""
    if code.startswith("promo_"):
        one = await reads.line.look_up(lambda: reads.line.v1.promotion_codes.retrieve_async(code, {"expand": [COUPON]}))
        found = [one] if one is not None else []
    else:
        params = {"code": code, "expand": [f"data.{COUPON}"]}
        found = list((await reads.line.pages(reads.line.v1.promotion_codes.list_async, params)).items)
    theirs = [each for each in found if objects.ref(each.customer) in (None, reads.customer)]
    theirs.sort(key=lambda each: (not each.active, each.customer is None, -each.created))
    return understood(promotion_facts, theirs[0]) if theirs else None


async def given_codes(reads: CustomerReads) -> Listed[PromotionFacts]:
    """The codes that only this customer may redeem."""
    params = {"customer": reads.customer, "expand": [f"data.{COUPON}"]}
    listed = await reads.line.pages(reads.line.v1.promotion_codes.list_async, params)
    return Listed(tuple(understood(promotion_facts, each) for each in listed.items), listed.more)


async def raw_discounted(reads: CustomerReads, subscription_id: str) -> stripe.Subscription | None:
    """The subscription with its discounts and their coupons, if it is this customer's."""
    return await reads.own(
        subscription_id,
        lambda: reads.line.v1.subscriptions.retrieve_async(subscription_id, {"expand": [DISCOUNTS]}),
    )


def in_force(discounts: Iterable[Any], now: datetime) -> tuple[DiscountFacts, ...]:
    """Those that have not ended. Raises ValueError for one that was not expanded."""
    facts = [discount_facts(each) for each in discounts]
    return tuple(each for each in facts if each.end is None or each.end > now)


def discount_facts(discount: Any) -> DiscountFacts:
    if isinstance(discount, str):
        raise ValueError(f"{discount} was not expanded")
    coupon = discount.source.coupon
    return DiscountFacts(
        discount.id,
        objects.needed(objects.ref(coupon), "a discount's coupon"),
        getattr(coupon, "name", None),
        objects.ref(discount.promotion_code),
        objects.when_or_none(discount.end),
    )


def promotion_facts(found: stripe.PromotionCode) -> PromotionFacts:
    limits = found.restrictions
    minimum = None
    if limits.minimum_amount is not None:
        currency = objects.needed(limits.minimum_amount_currency, "a minimum's currency")
        minimum = Money(limits.minimum_amount, currency)
    only = objects.ref(found.customer)
    return PromotionFacts(
        id=found.id,
        code=found.code,
        coupon=coupon_facts(found.promotion.coupon),
        active=found.active,
        customer=CustomerId(only) if only else None,
        expires_at=objects.when_or_none(found.expires_at),
        used_up=found.max_redemptions is not None and found.times_redeemed >= found.max_redemptions,
        first_time_only=limits.first_time_transaction,
        minimum=minimum,
    )


def coupon_facts(coupon: Any) -> CouponFacts:
    """Raises ValueError for a percentage finer than a millionth, and for a coupon that was not expanded."""
    if coupon is None or isinstance(coupon, str):
        raise ValueError("a coupon was not expanded")
    applies = getattr(coupon, "applies_to", None)
    return CouponFacts(
        id=coupon.id,
        name=coupon.name,
        off_ppm=None if coupon.percent_off is None else _ppm(coupon.percent_off),
        amount_off=None if coupon.amount_off is None else Money(coupon.amount_off, coupon.currency),
        duration=coupon.duration,
        months=coupon.duration_in_months,
        valid=coupon.valid,
        products=None if applies is None else tuple(applies.products),
    )


def _ppm(percent: Any) -> int:
    """Through the shortest decimal text: Stripe's percentages are floats, and none enters a sum."""
    exact = Decimal(str(percent)) * WHOLE / 100
    if exact != exact.to_integral_value():
        raise ValueError(f"a percentage of {percent}")
    return int(exact)


def priced_items(subscription: stripe.Subscription, names: dict[str, str]) -> tuple[Priced, ...]:
    return tuple(
        Priced(objects.item_facts(item, names), objects.needed(objects.ref(item.price.product), "a price's product"))
        for item in objects.subscription_items(subscription)
    )
