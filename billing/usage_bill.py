"""What a quantity costs under a price: per unit, in packages or in tiers, each line exact until it is rounded.

docs.stripe.com/products-prices/pricing-models and docs.stripe.com/api/prices/object#price_object-tiers: graduated
charges each unit at its tier's price, volume charges all units at the one tier that holds the quantity. A first tier
of flat amount only is a committed minimum with included units; one at price zero holds free units. An invoice has a
line for each tier, and each line is rounded before they are added
(docs.stripe.com/billing/subscriptions/decimal-amounts#rounding).
"""

from __future__ import annotations

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


Kind = Literal["included", "minimum", "flat", "units", "overage"]


@dataclass(frozen=True, slots=True)
class UsagePrice:
    """`mode` per_unit takes the one tier's unit amount for every unit, or for every `package` of them, where a package
    that is not full counts as one unless `full_only`. `name`: what is counted, in the plural."""

    currency: str
    mode: Literal["per_unit", "graduated", "volume"]
    tiers: tuple[Tier, ...]
    package: int = 1
    full_only: bool = False
    name: str = "units"

    def __post_init__(self) -> None:
        if self.package < 1 or (self.package > 1 and self.mode != "per_unit"):
            raise ValueError("a price by packages has no tiers, and a package holds at least one unit")
        bounds = [tier.up_to for tier in self.tiers]
        inner = [bound for bound in bounds[:-1] if bound is not None]
        if not bounds or bounds[-1] is not None or len(inner) != len(bounds) - 1:
            raise ValueError("only the last tier of a price is without end")
        if inner != sorted(set(inner)) or any(bound <= 0 for bound in inner):
            raise ValueError("the tiers of a price rise")
        if self.mode == "per_unit" and len(bounds) != 1:
            raise ValueError("a price per unit has one tier")

    @property
    def included(self) -> int:
        """The units that cost nothing beyond what is due anyway: those of the leading graduated tiers at price zero."""
        bounds = [0]
        for tier in self.tiers if self.mode == "graduated" else ():
            if tier.unit_amount or tier.up_to is None or (tier.flat_amount and len(bounds) > 1):
                break
            bounds.append(tier.up_to)
        return bounds[-1]


@dataclass(frozen=True, slots=True)
class TierLine:
    """`first` to `last` unit of a tier, charged `count` times: for each unit, each package, or once.

    `kind`: `included` units cost nothing; `minimum` is the flat amount due for a first tier of included units, used or
    not; `overage` are priced units beyond such a tier; `flat` is another flat amount; `units` are all other units."""

    first: int
    last: int
    unit_amount: Decimal
    count: int
    kind: Kind
    amount: Money

    @property
    def units(self) -> int:
        return max(self.last - self.first + 1, 0)

    @property
    def flat(self) -> bool:
        return self.kind in ("minimum", "flat")


def usage_lines(price: UsagePrice, units: int, *, on_one_line: bool = False) -> tuple[TierLine, ...]:
    """The bill for `units`, tier by tier, each line rounded for itself. `on_one_line`: the bill has a single line for
    all tiers, so only their sum was rounded; the lines then carry the differences of rounded running sums.

    Raises `ValueError` for negative units."""
    if units < 0:
        raise ValueError(f"units are not negative, got {units}")
    parts = _volume(price, units) if price.mode == "volume" else _graduated(price, units)
    lines: list[TierLine] = []
    exact, billed = Fraction(0), 0
    for first, last, unit_amount, count, kind in parts:
        cost = Fraction(unit_amount) * count
        exact += cost
        amount = rounded(exact) - billed if on_one_line else rounded(cost)
        lines.append(TierLine(first, last, unit_amount, count, kind, Money(amount, price.currency)))
        billed = rounded(exact)
    return tuple(lines)


def usage_total(price: UsagePrice, units: int) -> Money:
    return Money(sum(line.amount.amount for line in usage_lines(price, units)), price.currency)


_Part = tuple[int, int, Decimal, int, Kind]


def _graduated(price: UsagePrice, units: int) -> list[_Part]:
    parts: list[_Part] = []
    below = 0
    for tier in price.tiers:
        # The first tier is entered even without any use: that is how a committed minimum is charged.
        if below and units <= below:
            break
        last = units if tier.up_to is None else min(units, tier.up_to)
        parts += _of(price, tier, below + 1, last)
        below = last if tier.up_to is None else tier.up_to
    return parts


def _volume(price: UsagePrice, units: int) -> list[_Part]:
    held = next(tier for tier in price.tiers if tier.up_to is None or units <= tier.up_to)
    return _of(price, held, 1, units)


def _of(price: UsagePrice, tier: Tier, first: int, last: int) -> list[_Part]:
    """The flat amount of a tier, then its units."""
    includes = price.mode == "graduated" and not tier.unit_amount and tier.up_to is not None
    parts: list[_Part] = []
    if tier.flat_amount:
        parts.append((first, last, tier.flat_amount, 1, "minimum" if includes and first == 1 else "flat"))
    if last >= first:
        beyond = price.mode == "graduated" and 0 < price.included < first
        kind = "included" if not tier.unit_amount else "overage" if beyond else "units"
        parts.append((first, last, tier.unit_amount, _packages(price, last - first + 1), kind))
    return parts


def _packages(price: UsagePrice, units: int) -> int:
    return units // price.package if price.full_only else -(-units // price.package)
