"""What Stripe says of ONE customer. The customer is given once, from authentication, and never again.

Every object fetched by an id that somebody else chose is compared with the customer before any of it is returned:
another customer's object and one that does not exist give the same None.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Any, Final, TypeVar

import stripe

from billing.customer_details import TaxIdFacts
from billing.facts import (
    ChargeFacts,
    CustomerFacts,
    DisputeFacts,
    PaymentMethodFacts,
    PriceFacts,
    RefundFacts,
    ScheduledChange,
    SubscriptionFacts,
)
from billing.ids import CustomerId
from policy.effects import FactsUnavailable
from tools import stripe_objects as objects
from tools import stripe_schedules as schedules
from tools.stripe_line import Listed, StripeLine

T = TypeVar("T")

# One customer's share of an account. Beyond it `more` is set, and whoever needs the whole must refuse.
REFUNDS_OF_ONE_CHARGE: Final = 200
DISPUTED_CHARGES: Final = 25
SUBSCRIPTIONS: Final = 100
PRICES: Final = 300

_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9_]{1,255}")


class CustomerReads:
    """Reads bound to one customer. Every method raises `FactsUnavailable` when Stripe does not answer usefully."""

    def __init__(self, line: StripeLine, customer: CustomerId) -> None:
        self.line = line
        self.customer = customer

    async def profile(self) -> CustomerFacts:
        """Raises `FactsUnavailable` for a customer that Stripe does not know or that was deleted."""
        return understood(objects.customer_facts, await self.raw_customer())

    async def raw_customer(self) -> stripe.Customer:
        """Raises `FactsUnavailable` as `profile` does."""
        found = await self.line.look_up(lambda: self.line.v1.customers.retrieve_async(self.customer))
        if found is None or getattr(found, "deleted", False):
            raise FactsUnavailable(f"Stripe has no customer {self.customer}.")
        return found

    # single objects, checked to be the customer's

    async def charge(self, charge_id: str) -> ChargeFacts | None:
        found = await self.raw_charge(charge_id)
        if found is None:
            return None
        return understood(objects.charge_facts, found, await self._invoice_of(objects.ref(found.payment_intent)))

    async def raw_charge(self, charge_id: str) -> stripe.Charge | None:
        return await self.own(charge_id, lambda: self.line.v1.charges.retrieve_async(charge_id))

    async def raw_invoice(self, invoice_id: str) -> stripe.Invoice | None:
        return await self.own(
            invoice_id, lambda: self.line.v1.invoices.retrieve_async(invoice_id, {"expand": ["payments"]})
        )

    async def raw_subscription(self, subscription_id: str) -> stripe.Subscription | None:
        """With its schedule, where it has one."""
        return await self.own(
            subscription_id,
            lambda: self.line.v1.subscriptions.retrieve_async(subscription_id, {"expand": [schedules.EXPAND]}),
        )

    async def subscription(self, subscription_id: str) -> SubscriptionFacts | None:
        found = await self.raw_subscription(subscription_id)
        if found is None:
            return None
        names, change = await together(self.product_names([found]), self.scheduled(found))
        return understood(objects.subscription_facts, found, names, change)

    async def payment_method(self, method_id: str) -> PaymentMethodFacts | None:
        found = await self.own(method_id, lambda: self.line.v1.payment_methods.retrieve_async(method_id))
        return understood(objects.payment_method_facts, found) if found is not None else None

    # lists of the customer's

    async def payment_methods(self) -> Listed[PaymentMethodFacts]:
        listed = await self.line.pages(self.line.v1.payment_methods.list_async, {"customer": self.customer})
        return Listed(tuple(understood(objects.payment_method_facts, each) for each in listed.items), listed.more)

    async def subscriptions(self) -> Listed[SubscriptionFacts]:
        """All of them, ended ones too."""
        listed = await self.line.pages(
            self.line.v1.subscriptions.list_async,
            {"customer": self.customer, "status": "all", "expand": [f"data.{schedules.EXPAND}"]},
            SUBSCRIPTIONS,
        )
        names, *changes = await together(
            self.product_names(listed.items), *(self.scheduled(each) for each in listed.items)
        )
        both = zip(listed.items, changes, strict=True)
        return Listed(
            tuple(understood(objects.subscription_facts, each, names, change) for each, change in both), listed.more
        )

    async def tax_ids(self) -> Listed[TaxIdFacts]:
        listed = await self.line.pages(
            lambda params: self.line.v1.customers.tax_ids.list_async(self.customer, params), {}
        )
        return Listed(tuple(understood(objects.tax_id_facts, each) for each in listed.items), listed.more)

    async def newest_proration(self) -> datetime | None:
        """When the plan was last changed in a way that still waits for an invoice; None without such a change."""
        listed = await self.line.pages(
            self.line.v1.invoice_items.list_async, {"customer": self.customer, "pending": True}
        )
        return max((understood(objects.when, each.date) for each in listed.items if each.proration), default=None)

    async def refunds(self, charge_id: str) -> Listed[RefundFacts]:
        """Refunds of a charge that was checked to be the customer's, newest first."""
        listed = await self.line.pages(self.line.v1.refunds.list_async, {"charge": charge_id}, REFUNDS_OF_ONE_CHARGE)
        return Listed(tuple(understood(objects.refund_facts, each) for each in listed.items), listed.more)

    async def disputes(self, charges: Iterable[ChargeFacts]) -> Listed[DisputeFacts]:
        """Disputes of those of the customer's `charges` that are marked as disputed."""
        disputed = [charge.id for charge in charges if charge.disputed]
        listed: list[Listed[Any]] = await asyncio.gather(
            *(
                self.line.pages(self.line.v1.disputes.list_async, {"charge": charge_id})
                for charge_id in disputed[:DISPUTED_CHARGES]
            )
        )
        return Listed(
            tuple(understood(objects.dispute_facts, each) for page in listed for each in page.items),
            len(disputed) > DISPUTED_CHARGES or any(page.more for page in listed),
        )

    # the price list, which belongs to nobody

    async def price(self, price_id: str) -> PriceFacts | None:
        """A price that may be offered to anybody; a private one (without lookup key) is as good as absent."""
        if not _IDENTIFIER.fullmatch(price_id):
            return None
        found = await self.line.look_up(lambda: self.line.v1.prices.retrieve_async(price_id, {"expand": ["product"]}))
        if found is None or getattr(found, "deleted", False):
            return None
        facts = understood(objects.price_facts, found, {})
        return facts if facts.lookup_key else None

    async def price_list(self) -> Listed[PriceFacts]:
        """The active recurring prices that may be offered to anybody: those with a lookup key."""
        listed = await self.line.pages(
            self.line.v1.prices.list_async,
            {"active": True, "type": "recurring", "expand": ["data.product"]},
            PRICES,
        )
        facts = (understood(objects.price_facts, each, {}) for each in listed.items)
        return Listed(tuple(price for price in facts if price.lookup_key), listed.more)

    async def scheduled(self, subscription: stripe.Subscription) -> ScheduledChange | None:
        """The change that its schedule has planned. Its price may be private: it was chosen for this customer."""
        plan = understood(schedules.planned, subscription)
        if plan is None:
            return None
        found = await self.line.read(lambda: self.line.v1.prices.retrieve_async(plan.price, {"expand": ["product"]}))
        return understood(schedules.change_facts, plan, understood(objects.price_facts, found, {}))

    async def product_names(self, subscriptions: Iterable[stripe.Subscription]) -> dict[str, str]:
        """Product id to name for the subscriptions' prices: they lie deeper than Stripe expands in a list."""
        ids = sorted(
            {
                needed
                for subscription in subscriptions
                for item in objects.subscription_items(subscription)
                if (needed := objects.ref(item.price.product)) is not None
            }
        )
        if not ids:
            return {}
        listed = await self.line.pages(self.line.v1.products.list_async, {"ids": ids}, len(ids))
        return {product.id: product.name for product in listed.items}

    # whose is it?

    async def own(self, id_: str, call: Callable[[], Awaitable[T]]) -> T | None:
        """The object if it is this customer's. One without a customer is nobody's, so not theirs either."""
        if not _IDENTIFIER.fullmatch(id_):
            return None  # it would become part of an address
        found = await self.line.look_up(call)
        return found if found is not None and objects.ref(getattr(found, "customer", None)) == self.customer else None

    async def _invoice_of(self, intent: str | None) -> str | None:
        if intent is None:
            return None
        listed = await self.line.pages(
            self.line.v1.invoice_payments.list_async, {"payment": {"type": "payment_intent", "payment_intent": intent}}
        )
        return next((objects.ref(payment.invoice) for payment in listed.items), None)


def understood(convert: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """`convert(…)`, with `FactsUnavailable` for an answer of Stripe that has an unexpected shape."""
    try:
        return convert(*args, **kwargs)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise FactsUnavailable(f"Stripe answered in a shape that is not understood: {error}") from error


async def together(*calls: Awaitable[Any]) -> list[Any]:
    """All results, in parallel; at the first failure the others are stopped and it is raised as it is."""
    tasks = [asyncio.ensure_future(call) for call in calls]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
