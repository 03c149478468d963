"""What discounts take off the lines of an invoice: integer minor units, pure.

Discounts apply one after the other, each to what the ones before have left
(docs.stripe.com/billing/subscriptions/coupons#stacking-order). One discount's amount is rounded once, half up, and then
shared out among the lines it applies to in proportion, so that the shares add up to it exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Part:
    """A line as discounts see it: its amount in minor units and its product. What is owed back is never discounted."""

    amount: int
    product: str | None
    discountable: bool = True


@dataclass(frozen=True)
class Reduction:
    """One discount: a percentage (0 to 100) or an amount in minor units; `products` limits it, None does not."""

    discount: str
    percent: Fraction | None = None
    amount: int | None = None
    products: frozenset[str] | None = None

    def applies_to(self, part: Part) -> bool:
        return part.discountable and part.amount > 0 and (self.products is None or part.product in self.products)


def taken_off(parts: Sequence[Part], reductions: Sequence[Reduction]) -> list[list[int]]:
    """For each reduction what it takes off each part: never negative, never more than is left."""
    left = [part.amount for part in parts]
    taken: list[list[int]] = []
    for reduction in reductions:
        within = [max(0, left[at]) if reduction.applies_to(part) else 0 for at, part in enumerate(parts)]
        whole = sum(within)
        if reduction.percent is not None:
            off = half_up(whole * reduction.percent / 100)
        else:
            off = min(reduction.amount or 0, whole)
        shares = spread(off, within)
        left = [rest - share for rest, share in zip(left, shares, strict=True)]
        taken.append(shares)
    return taken


def spread(total: int, weights: Sequence[int]) -> list[int]:
    """`total` ≥ 0 in whole shares proportional to `weights` ≥ 0: each rounded down, the units left over go to the
    largest remainders, the earlier first. Raises ValueError when there is something to share and no weight."""
    whole = sum(weights)
    if total < 0 or any(weight < 0 for weight in weights):
        raise ValueError("neither what is shared nor a weight is negative")
    if whole == 0:
        if total:
            raise ValueError(f"nobody to take a share of {total}")
        return [0] * len(weights)
    shares = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda at: (-(total * weights[at] % whole), at))
    for at in by_remainder[: total - sum(shares)]:
        shares[at] += 1
    return shares


def half_up(exact: Fraction) -> int:
    """An exact amount ≥ 0 in whole minor units."""
    return (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)
