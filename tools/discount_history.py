"""Every discount a customer has or had: of the subscriptions, of the customer, and of the invoices that bear them.

An ended discount leaves its subscription; what remains of it is on the invoices (docs.stripe.com/api/invoices/object).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import stripe

from billing.discounts import CouponFacts, DiscountFacts, Priced
from billing.money import Money
from tools import stripe_objects as objects
from tools.stripe_discounts import coupon_facts, discount_facts, priced_items, raw_discounted
from tools.stripe_line import PAGE
from tools.stripe_reads import SUBSCRIPTIONS, CustomerReads, together, understood

COUPON_OF_ONE: Final = "discount.source.coupon.applies_to"
COUPONS_IN_A_LIST: Final = "data.discounts.source.coupon"
OVER: Final = ("canceled", "incomplete_expired")


@dataclass(frozen=True, slots=True)
class Redeemed:
    """`subscription` None: it is the customer's own, for every subscription without one. `items` are what it lowers.

    `over_since` None: it is running. `last`: what it took off the newest invoice that bears it.
    """

    discount: DiscountFacts
    coupon: CouponFacts
    started: datetime
    subscription: str | None
    items: tuple[Priced, ...]
    over_since: datetime | None
    last: Money | None


@dataclass(frozen=True, slots=True)
class DiscountHistory:
    """Running ones first, then the newest. `live`: what each running subscription costs, by its id."""

    redeemed: tuple[Redeemed, ...]
    live: dict[str, tuple[Priced, ...]]
    cut: bool


async def discount_history(reads: CustomerReads, now: datetime) -> DiscountHistory:
    """Raises `FactsUnavailable`."""
    v1, who = reads.line.v1, reads.customer
    customer, subscriptions, invoices = await together(
        reads.line.read(lambda: v1.customers.retrieve_async(who, {"expand": [COUPON_OF_ONE]})),
        reads.line.pages(
            v1.subscriptions.list_async,
            {"customer": who, "status": "all", "expand": [COUPONS_IN_A_LIST]},
            SUBSCRIPTIONS,
        ),
        reads.line.pages(v1.invoices.list_async, {"customer": who, "expand": [COUPONS_IN_A_LIST]}, PAGE),
    )
    names, whole = await together(reads.product_names(subscriptions.items), _whole(reads, subscriptions.items))
    told = understood(_Told, whole, invoices.items, names, now)
    found = understood(told.all, getattr(customer, "discount", None))
    return DiscountHistory(found, told.live, subscriptions.more or invoices.more)


async def _whole(reads: CustomerReads, listed: Iterable[stripe.Subscription]) -> list[stripe.Subscription]:
    """The same, where a running discount is on one with the products it is for: those lie too deep for a list."""
    fetched: list[stripe.Subscription | None] = await together(
        *(raw_discounted(reads, each.id) for each in listed if each.discounts and each.status not in OVER)
    )
    by_id = {each.id: each for each in fetched if each is not None}
    return [by_id.get(each.id, each) for each in listed]


class _Told:
    """What subscriptions and invoices say of discounts, joined by the discount's id."""

    def __init__(
        self,
        subscriptions: Iterable[stripe.Subscription],
        invoices: Iterable[stripe.Invoice],
        names: dict[str, str],
        now: datetime,
    ) -> None:
        self._now = now
        self._subscriptions = {each.id: each for each in subscriptions}
        self._items = {id_: priced_items(each, names) for id_, each in self._subscriptions.items()}
        self.live = {id_: self._items[id_] for id_, each in self._subscriptions.items() if each.status not in OVER}
        self._billed: dict[str, tuple[Any, stripe.Invoice]] = {}  # discount -> itself, and the newest that bears it
        for invoice in invoices:
            for discount in invoice.discounts or ():
                if invoice.status not in ("draft", "void"):
                    self._billed.setdefault(
                        objects.needed(objects.ref(discount), "a discount's id"), (discount, invoice)
                    )

    def all(self, own: Any) -> tuple[Redeemed, ...]:
        """`own`: the customer's discount, or None."""
        held: list[tuple[Any, str | None]] = [
            (each, id_) for id_, sub in self._subscriptions.items() for each in sub.discounts or ()
        ]
        held += [(own, None)] if own is not None else []
        found = {_id(discount): self._redeemed(discount, of) for discount, of in held}
        for id_, (discount, _) in self._billed.items():
            if id_ not in found:
                of = objects.ref(getattr(discount, "subscription", None))
                found[id_] = self._redeemed(discount, of, gone=True)
        return tuple(sorted(found.values(), key=lambda each: (each.over_since is not None, -each.started.timestamp())))

    def _redeemed(self, discount: Any, of: str | None, *, gone: bool = False) -> Redeemed:
        facts = discount_facts(discount)
        invoice = self._billed[facts.id][1] if facts.id in self._billed else None
        return Redeemed(
            facts,
            coupon_facts(discount.source.coupon),
            objects.when(discount.start),
            of,
            self._items.get(of or "", ()),
            self._over_since(facts, of, invoice, gone=gone),
            _taken(invoice, facts.id) if invoice is not None else None,
        )

    def _over_since(
        self, discount: DiscountFacts, of: str | None, invoice: stripe.Invoice | None, *, gone: bool
    ) -> datetime | None:
        """Its end, that of its subscription, or for one that was used up or taken away the invoice that bore it."""
        if discount.end is not None and discount.end <= self._now:
            return discount.end
        subscription = self._subscriptions.get(of or "")
        if subscription is not None and subscription.status in OVER:
            return objects.when_or_none(subscription.ended_at) or self._now
        return objects.when(invoice.created) if gone and invoice is not None else None


def _id(discount: Any) -> str:
    return objects.needed(objects.ref(discount), "a discount's id")


def _taken(invoice: stripe.Invoice, discount: str) -> Money | None:
    amounts = [each.amount for each in invoice.total_discount_amounts or () if objects.ref(each.discount) == discount]
    return Money(sum(amounts), invoice.currency) if amounts else None
