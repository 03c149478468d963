"""A new Checkout session for what an expired one sold (docs.stripe.com/api/checkout/sessions/create)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import stripe

from billing.checkouts import CheckoutFacts, CheckoutItem, TodaysPrice, later_one, sold
from billing.money import Money
from policy.actions import NewCheckoutLink
from policy.effects import EffectRefused, EffectUnknown, FactsUnavailable, Intent, Receipt
from policy.facts import CheckoutCase
from tools import stripe_objects as objects
from tools.billing_facts import LIVE
from tools.stripe_checkouts import ITEMS, checkout_facts, raw_checkout, raw_checkouts
from tools.stripe_line import Listed
from tools.stripe_reads import SUBSCRIPTIONS, CustomerReads, together, understood

HOUR: Final = 3600


class CheckoutLinkEffect:
    async def facts(self, action: NewCheckoutLink, reads: CustomerReads, as_of: datetime) -> CheckoutCase:
        """Raises `FactsUnavailable` also when there are more sessions than can be compared."""
        customer, found, listed, subscribed = await together(
            reads.profile(), raw_checkout(reads, action.checkout_session), raw_checkouts(reads), _subscribed(reads)
        )
        if found is None:
            return CheckoutCase(as_of, customer, None, None, (), ())
        if listed.more:
            raise FactsUnavailable("There are too many Checkout sessions of this customer to compare them all.")
        session = understood(checkout_facts, found)
        prices = await together(*(_todays(reads, item) for item in session.items))
        others = [understood(checkout_facts, each) for each in listed.items]
        return CheckoutCase(as_of, customer, session, later_one(session, others), tuple(prices), subscribed)

    async def perform(self, intent: Intent, reads: CustomerReads) -> Receipt:
        """The items, mode, addresses and labels of the old one. An expired session no longer changes."""
        try:
            old = await raw_checkout(reads, _action(intent).checkout_session)
        except FactsUnavailable as error:
            raise EffectUnknown("not_sent", f"Not sent this time: {error}") from error
        if old is None or old.line_items is None:
            raise EffectRefused("resource_missing", "The expired Checkout session is gone.")
        params = _like(old, old.line_items.data, intent)
        made = await reads.line.act(
            lambda: reads.line.v1.checkout.sessions.create_async(
                params,  # pyright: ignore[reportArgumentType] - the SDK's TypedDict, built as a dict
                {"idempotency_key": intent.idempotency_key},
            )
        )
        return understood(_receipt, made)

    async def find(self, intent: Intent, reads: CustomerReads) -> Receipt | None:
        """By its label, with the address under which it is open now."""
        for each in (await raw_checkouts(reads)).items:
            if objects.labels(each.metadata).get("lee_intent") == intent.id:
                return understood(_receipt, each)
        return None


async def _todays(reads: CustomerReads, item: CheckoutItem) -> TodaysPrice:
    found = await reads.line.look_up(lambda: reads.line.v1.prices.retrieve_async(item.price, {"expand": ["product"]}))
    if found is None:
        return TodaysPrice(item.price, active=False, amount=None)
    return understood(_price_facts, found, item.quantity)


def _price_facts(price: stripe.Price, quantity: int | None) -> TodaysPrice:
    one = objects.unit_amount(price)
    whole = None if one is None or quantity is None else Money(one.amount * quantity, one.currency)
    return TodaysPrice(price.id, active=price.active and bool(getattr(price.product, "active", False)), amount=whole)


async def _subscribed(reads: CustomerReads) -> tuple[str, ...]:
    """The products of the customer's running subscriptions."""
    listed: Listed[stripe.Subscription] = await reads.line.pages(
        reads.line.v1.subscriptions.list_async, {"customer": reads.customer}, SUBSCRIPTIONS
    )
    return understood(
        lambda: tuple(
            objects.needed(objects.ref(item.price.product), "a price's product")
            for each in listed.items
            if each.status in LIVE
            for item in objects.subscription_items(each)
        )
    )


def _like(old: stripe.checkout.Session, items: list[stripe.LineItem], intent: Intent) -> dict[str, Any]:
    ours = {name: value for name, value in objects.labels(old.metadata).items() if not name.startswith("lee_")}
    params: dict[str, Any] = {
        "mode": old.mode,
        "customer": intent.customer,
        "line_items": [{"price": item.price.id, "quantity": item.quantity} for item in items if item.price is not None],
        "metadata": {**ours, **intent.metadata},
        "expand": [ITEMS],
    }
    params |= {
        name: value
        for name in ("success_url", "cancel_url", "client_reference_id")
        if (value := getattr(old, name)) is not None
    }
    if old.mode == "payment" and ours:
        params["payment_intent_data"] = {"metadata": ours}  # the order's number is looked for on the charge
    return params


def _action(intent: Intent) -> NewCheckoutLink:
    if not isinstance(intent.action, NewCheckoutLink):
        raise TypeError(f"{intent.action.tool} makes no Checkout link")
    return intent.action


def _receipt(session: stripe.checkout.Session) -> Receipt:
    """`hours`: how long the link works, from when it was made."""
    facts: CheckoutFacts = checkout_facts(session)
    details: dict[str, str | int] = {
        "for": sold(facts),
        "hours": int((facts.expires_at - facts.created).total_seconds()) // HOUR,
    }
    if facts.total is not None:
        details["price"] = str(facts.total)
    return Receipt(
        kind=NewCheckoutLink.tool,
        stripe_id=session.id,
        status="created",
        details=details,
        secret=session.url if facts.status == "open" else None,
    )
