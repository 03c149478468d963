"""Proration as Stripe counts it: the share of a billed stretch by seconds, in whole minor units.

A change within a period credits the unused rest of what was debited, and debits the rest at the new price
(docs.stripe.com/billing/subscriptions/prorations; since flexible billing mode a credit is a share of the amount
originally debited: docs.stripe.com/billing/subscriptions/billing-mode/compare).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from billing.money import Money


@dataclass(frozen=True, slots=True)
class Stretch:
    """What `[start, end)` costs in full; `amount` is never negative."""

    amount: Money
    start: datetime
    end: datetime

    @property
    def seconds(self) -> int:
        return int((self.end - self.start).total_seconds())


@dataclass(frozen=True, slots=True)
class Share:
    """`part` of `whole` seconds of something that costs `full`; negative when it is given back."""

    amount: Money
    full: Money
    part: int
    whole: int


def rounded(exact: Fraction) -> int:
    """To whole minor units, halves away from zero."""
    whole = (2 * abs(exact.numerator) + exact.denominator) // (2 * exact.denominator)
    return -whole if exact < 0 else whole


def rest_of(stretch: Stretch, moment: datetime) -> Share:
    """The rest of a stretch from `moment` on, at its share. Raises `ValueError` for a stretch of no length, a negative
    amount, or a moment outside it."""
    if stretch.seconds <= 0 or not stretch.start <= moment <= stretch.end:
        raise ValueError(f"{moment} does not lie within {stretch.start} to {stretch.end}")
    if stretch.amount.amount < 0:
        raise ValueError(f"what was billed is never negative, got {stretch.amount}")
    part = int((stretch.end - moment).total_seconds())
    exact = Fraction(stretch.amount.amount * part, stretch.seconds)
    return Share(Money(rounded(exact), stretch.amount.currency), stretch.amount, part, stretch.seconds)


def reproduce(amount: Money, start: datetime, end: datetime, stretches: Iterable[Stretch]) -> Share | None:
    """The stretch and share that give a proration line of `amount` over `[start, end)` to the minor unit; None when
    none of those known does. A negative line is the credit for a stretch that was billed before."""
    for stretch in stretches:
        if stretch.end != end or not stretch.start <= start < end or stretch.amount.currency != amount.currency:
            continue
        found = rest_of(stretch, start)
        if found.amount.amount == abs(amount.amount):
            return found if amount.amount >= 0 else Share(amount, found.full, found.part, found.whole)
    return None
