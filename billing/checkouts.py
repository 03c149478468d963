"""Checkout sessions as facts: what a link was made to sell, and what became of it (docs.stripe.com/api/checkout)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from billing.money import Money


@dataclass(frozen=True, slots=True)
class CheckoutItem:
    """`amount`: of all its pieces, before discounts and taxes. `quantity` None: by use."""

    price: str
    product: str
    description: str
    quantity: int | None
    amount: Money


@dataclass(frozen=True, slots=True)
class CheckoutFacts:
    """`status`: open | complete | expired; `mode`: payment | subscription | setup (which sells nothing).

    `whole`: all that it sells is among `items`. `besides`: what it has beside them, in words: a discount, tax,
    shipping, custom fields, a payment link it was opened by.
    """

    id: str
    status: str
    mode: str
    items: tuple[CheckoutItem, ...]
    whole: bool
    total: Money | None
    created: datetime
    expires_at: datetime
    besides: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TodaysPrice:
    """What an item costs now, all its pieces together; None where that is no single amount. `active`: still sold."""

    price: str
    active: bool
    amount: Money | None


def same_purchase(one: CheckoutFacts, other: CheckoutFacts) -> bool:
    """Whether both sell the same products in the same number; at which price does not matter."""
    return one.mode == other.mode and _things(one) == _things(other)


def later_one(session: CheckoutFacts, others: Iterable[CheckoutFacts]) -> CheckoutFacts | None:
    """A newer session for the same things that was completed, else one that is open; None without either."""
    newer = [
        each
        for each in others
        if each.id != session.id
        and each.created >= session.created
        and each.status in ("complete", "open")
        and same_purchase(session, each)
    ]
    return max(newer, key=lambda each: (each.status == "complete", each.created), default=None)


def sold(session: CheckoutFacts) -> str:
    """`Analytics add-on`, `2 × Seat and Analytics add-on`; `a saved card` where nothing is sold."""
    parts = [
        f"{each.quantity} × {each.description}" if each.quantity not in (None, 1) else each.description
        for each in session.items
    ]
    return " and ".join(parts) or "a saved card"


def _things(session: CheckoutFacts) -> list[tuple[str, int]]:
    return sorted((each.product, each.quantity or 0) for each in session.items)
