"""What a promotion code takes off a subscription's invoices (docs.stripe.com/billing/subscriptions/coupons)."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from billing.facts import SubscriptionItemFacts
from billing.ids import CustomerId
from billing.money import Money

WHOLE: Final = 1_000_000  # parts of a price
MOST_INVOICES: Final = 1_000
_EVERY: Final = re.compile(r"(?:(\d{1,3}) )?(day|week|month|year)s?")


@dataclass(frozen=True, slots=True)
class CouponFacts:
    """Either `off_ppm` (parts per million: 200000 is 20 %) or `amount_off` is set. `products` None: off everything."""

    id: str
    name: str | None
    off_ppm: int | None
    amount_off: Money | None
    duration: str  # once | repeating | forever
    months: int | None  # of a repeating one
    valid: bool
    products: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class PromotionFacts:
    """`customer`: the only one who may redeem it. `minimum`: what the next invoice must reach."""

    id: str
    code: str
    coupon: CouponFacts
    active: bool
    customer: CustomerId | None = None
    expires_at: datetime | None = None
    used_up: bool = False
    first_time_only: bool = False
    minimum: Money | None = None


@dataclass(frozen=True, slots=True)
class DiscountFacts:
    """A discount in force. `end` None: for good, or for one invoice."""

    id: str
    coupon: str
    name: str | None
    promotion: str | None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Priced:
    """An item with the product its price belongs to."""

    item: SubscriptionItemFacts
    product: str


def full_price(items: Sequence[Priced]) -> Money | None:
    """One period's price; None where an item has no fixed one, currencies differ, or they renew apart."""
    amounts = [each.item.unit_amount for each in items]
    rhythm = {(each.item.interval, each.item.current_period_end) for each in items}
    if not amounts or None in amounts or len(rhythm) != 1 or len({money.currency for money in amounts if money}) != 1:
        return None
    return Money(sum(_cost(each) for each in items), next(money.currency for money in amounts if money))


def off_one(coupon: CouponFacts, items: Sequence[Priced]) -> Money | None:
    """What is taken off one invoice, rounded half up; None where there is no full price or the currency is another."""
    whole = full_price(items)
    if whole is None:
        return None
    within = sum(_cost(each) for each in items if coupon.products is None or each.product in coupon.products)
    if coupon.off_ppm is not None:
        return Money((2 * within * coupon.off_ppm + WHOLE) // (2 * WHOLE), whole.currency)
    if coupon.amount_off is None or coupon.amount_off.currency != whole.currency:
        return None
    return Money(min(coupon.amount_off.amount, within), whole.currency)


def invoices(coupon: CouponFacts, items: Sequence[Priced], now: datetime) -> int:
    """How many renewals it reaches when redeemed now; for one without an end, those of a year."""
    if coupon.duration == "once":
        return 1
    months = coupon.months if coupon.duration == "repeating" and coupon.months is not None else 12
    return renewals_before(later(now, months), items[0].item)


def renewals_before(end: datetime, item: SubscriptionItemFacts) -> int:
    """How often it still renews before `end`, a thousand times at most."""
    reached = 0
    for moment in renewals(item):
        if moment >= end or reached == MOST_INVOICES:
            break
        reached += 1
    return reached


def worth(coupon: CouponFacts) -> str:
    """`20% off`, `12.5% off`, `$5.00 off`."""
    if coupon.off_ppm is not None:
        whole, rest = divmod(coupon.off_ppm, WHOLE // 100)
        return f"{whole}{f'.{rest:04}'.rstrip('0') if rest else ''}% off"
    return f"{coupon.amount_off} off" if coupon.amount_off is not None else "nothing off"


def renewals(item: SubscriptionItemFacts) -> Iterator[datetime]:
    """Its next renewal and all after it. Raises ValueError for an interval that is not understood."""
    found = _EVERY.fullmatch(item.interval)
    if found is None:
        raise ValueError(f"an interval of {item.interval!r}")
    step, unit, first = int(found[1] or 1), found[2], item.current_period_end
    if step == 0:
        raise ValueError("an interval of nothing")
    n = 0
    while True:
        if unit in ("day", "week"):
            yield first + timedelta(days=n * step * (7 if unit == "week" else 1))
        else:
            yield later(first, n * step * (12 if unit == "year" else 1))
        n += 1


def later(moment: datetime, months: int) -> datetime:
    """So many months on, at the last day where the month is too short."""
    year, month = divmod(moment.month - 1 + months, 12)
    year += moment.year
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def _cost(priced: Priced) -> int:
    if priced.item.unit_amount is None:
        raise ValueError(f"{priced.item.id} has no fixed price")
    return priced.item.unit_amount.amount * priced.item.quantity
