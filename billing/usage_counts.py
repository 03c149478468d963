"""Whether two counts of the same use agree: what Stripe's meter billed, and what the company's own store counted.

The store counts by whole hours and a billing period begins at a second, and an event may reach Stripe in the hour after
it happened; so the hours at both ends of a period are nobody's for certain. An event that is reported again under
another identifier counts again (docs.stripe.com/api/billing/meter-event/object, `identifier`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from billing.money import Money
from billing.usage_bill import UsagePrice, usage_total

FEW: Final = 1_000
"""One event in so many may be lost or reported again on its way, whatever the meter."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """`difference` in units and `money` by the tiers, positive when more was billed than counted. `tolerated`: why a
    difference is none to act on; None for one that is, and where there is no difference."""

    difference: int
    money: Money
    tolerated: Literal["few", "edges", "same_cost"] | None

    @property
    def agrees(self) -> bool:
        return not self.difference or self.tolerated is not None


def compare(price: UsagePrice, billed: int, counted: int, edges: int) -> Comparison:
    """`edges`: the units of the hours at the period's ends. Raises `ValueError` for negative counts."""
    difference = billed - counted
    money = usage_total(price, billed) - usage_total(price, counted)
    few = max(billed, counted) // FEW
    if not difference:
        tolerated = None
    elif abs(difference) <= few:
        tolerated = "few"
    elif abs(difference) <= few + edges:
        tolerated = "edges"
    else:
        tolerated = None if money.amount else "same_cost"
    return Comparison(difference, money, tolerated)


def reason(found: Comparison) -> str | None:
    """Why the difference is tolerated, in a sentence."""
    match found.tolerated:
        case "few":
            return "A difference of up to one in a thousand comes from events that were lost or reported twice."
        case "edges":
            return (
                "The difference is no more than what was used in the hours in which the period begins and ends, which "
                "may be counted on either side."
            )
        case "same_cost":
            return "The difference changes nothing about the cost."
        case None:
            return None
