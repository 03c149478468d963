"""What a quantity costs under a price: per unit or in tiers, exact until the total, which is rounded once.

docs.stripe.com/products-prices/pricing-models and docs.stripe.com/api/prices/object#price_object-tiers: graduated
charges each unit at its tier's price, volume charges all units at the one tier that holds the quantity. A first tier
of flat amount only is a committed minimum with included units; one at price zero holds free units.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from billing.money import Money
from billing.proration import rounded


@dataclass(frozen=True, slots=True)
class Tier:
    """Units up to and including `up_to` (None: without end); prices in minor units, fractions allowed."""

    up_to: int | None
    unit_amount: Decimal = Decimal(0)
    flat_amount: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class UsagePrice:
    """`mode` per_unit takes the one tier's unit amount for every unit."""

    currency: str
    mode: Literal["per_unit", "graduated", "volume"]
    tiers: tuple[Tier, ...]

    def __post_init__(self) -> None:
        bounds = [tier.up_to for tier in self.tiers]
        inner = [bound for bound in bounds[:-1] if bound is not None]
        if not bounds or bounds[-1] is not None or len(inner) != len(bounds) - 1:
            raise ValueError("only the last tier of a price is without end")
        if inner != sorted(set(inner)) or any(bound <= 0 for bound in inner):
            raise ValueError("the tiers of a price rise")
        if self.mode == "per_unit" and len(bounds) != 1:
            raise ValueError("a price per unit has one tier")


@dataclass(frozen=True, slots=True)
class TierLine:
    """`first` to `last` unit of a tier. `flat` marks its flat amount, which is due once for all of them."""

    first: int
    last: int
    unit_amount: Decimal
    flat: bool
    amount: Money

    @property
    def units(self) -> int:
        return max(self.last - self.first + 1, 0)


def usage_lines(price: UsagePrice, units: int) -> tuple[TierLine, ...]:
    """The bill for `units`, tier by tier. Its sum is the exact total rounded once: every line carries the difference
    of two rounded running sums, so that no line adds a fraction of its own. Raises `ValueError` for negative units."""
    if units < 0:
        raise ValueError(f"units are not negative, got {units}")
    parts = _volume(price.tiers, units) if price.mode == "volume" else _graduated(price.tiers, units)
    lines: list[TierLine] = []
    exact, billed = Fraction(0), 0
    for first, last, unit_amount, flat, cost in parts:
        exact += cost
        lines.append(TierLine(first, last, unit_amount, flat, Money(rounded(exact) - billed, price.currency)))
        billed = rounded(exact)
    return tuple(lines)


def usage_total(price: UsagePrice, units: int) -> Money:
    return Money(sum(line.amount.amount for line in usage_lines(price, units)), price.currency)


_Part = tuple[int, int, Decimal, bool, Fraction]


def _graduated(tiers: Sequence[Tier], units: int) -> list[_Part]:
    parts: list[_Part] = []
    below = 0
    for tier in tiers:
        # The first tier is entered even without any use: that is how a committed minimum is charged.
        if below and units <= below:
            break
        last = units if tier.up_to is None else min(units, tier.up_to)
        parts += _of(tier, below + 1, last)
        below = last if tier.up_to is None else tier.up_to
    return parts


def _volume(tiers: Sequence[Tier], units: int) -> list[_Part]:
    held = next(tier for tier in tiers if tier.up_to is None or units <= tier.up_to)
    return _of(held, 1, units)


def _of(tier: Tier, first: int, last: int) -> list[_Part]:
    parts: list[_Part] = []
    if tier.flat_amount:
        parts.append((first, last, Decimal(0), True, Fraction(tier.flat_amount)))
    if last >= first:
        parts.append((first, last, tier.unit_amount, False, Fraction(tier.unit_amount) * (last - first + 1)))
    return parts
