"""What tax a line of an invoice carries: integer minor units, pure.

docs.stripe.com/billing/taxes/tax-rates: an exclusive rate comes on top of the amount after discounts, an inclusive one
lies within it. Tax is rounded on each line, halves away from zero, so that the lines add up to the invoice's tax.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from sandbox.discount_amounts import half_up, spread


@dataclass(frozen=True)
class Rate:
    """`percent` of the amount without tax."""

    id: str
    percent: Fraction
    inclusive: bool


@dataclass(frozen=True)
class Tax:
    """One rate's tax on a line, and what it was reckoned from; negative on a line that is owed back."""

    rate: Rate
    amount: int
    taxable: int


def taxes_on(amount: int, rates: Sequence[Rate]) -> list[Tax]:
    """The taxes of a line that comes to `amount` after discounts, in the order of the rates."""
    sign, size = (-1 if amount < 0 else 1), abs(amount)
    within = sum((rate.percent for rate in rates if rate.inclusive), Fraction(0))
    included = half_up(size * within / (100 + within))
    taxable = size - included
    # The rates within the amount share its whole tax, so that none of it is lost in rounding.
    weights = [_whole(rate.percent) if rate.inclusive else 0 for rate in rates]
    shares = spread(included if any(weights) else 0, weights)
    return [
        Tax(rate, sign * (share if rate.inclusive else half_up(taxable * rate.percent / 100)), sign * taxable)
        for rate, share in zip(rates, shares, strict=True)
    ]


def _whole(percent: Fraction) -> int:
    """A percentage of up to four decimals as a whole number of its ten-thousandths."""
    return int(percent * 10_000)
