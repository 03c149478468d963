"""The Checkout sessions of one customer, as facts (docs.stripe.com/api/checkout/sessions/object)."""

from __future__ import annotations

from typing import Any, Final

import stripe

from billing.checkouts import CheckoutFacts, CheckoutItem
from billing.money import Money
from tools import stripe_objects as objects
from tools.stripe_line import Listed
from tools.stripe_reads import CustomerReads, understood

ITEMS: Final = "line_items"


async def raw_checkout(reads: CustomerReads, session_id: str) -> stripe.checkout.Session | None:
    """The session with what it sells, if it is this customer's. Raises `FactsUnavailable`."""
    return await reads.own(
        session_id, lambda: reads.line.v1.checkout.sessions.retrieve_async(session_id, {"expand": [ITEMS]})
    )


async def raw_checkouts(reads: CustomerReads) -> Listed[stripe.checkout.Session]:
    """The newest sessions with what they sell. Raises `FactsUnavailable`."""
    params = {"customer": reads.customer, "expand": [f"data.{ITEMS}"]}
    return await reads.line.pages(reads.line.v1.checkout.sessions.list_async, params)


async def checkouts_of(reads: CustomerReads) -> Listed[CheckoutFacts]:
    """The same as facts."""
    listed = await raw_checkouts(reads)
    return Listed(tuple(understood(checkout_facts, each) for each in listed.items), listed.more)


def checkout_facts(session: stripe.checkout.Session) -> CheckoutFacts:
    """Raises ValueError for one whose line items were not expanded."""
    items = session.line_items
    if items is None and session.mode != "setup":
        raise ValueError(f"the items of {session.id} were not expanded")
    currency = objects.needed(session.currency, "a session's currency") if items is not None and items.data else ""
    return CheckoutFacts(
        id=session.id,
        status=objects.needed(session.status, "a session's status"),
        mode=session.mode,
        items=tuple(_item(each) for each in items.data) if items is not None else (),
        whole=items is None or not items.has_more,
        total=Money(session.amount_total, currency) if currency and session.amount_total is not None else None,
        created=objects.when(session.created),
        expires_at=objects.when(session.expires_at),
        besides=_besides(session),
    )


def _item(item: stripe.LineItem) -> CheckoutItem:
    price = item.price
    if price is None:
        raise ValueError(f"{item.id} has no price")
    return CheckoutItem(
        price=price.id,
        product=objects.needed(objects.ref(price.product), "a price's product"),
        description=item.description or "",
        quantity=item.quantity,
        amount=Money(item.amount_subtotal, item.currency),
    )


def _besides(session: stripe.checkout.Session) -> tuple[str, ...]:
    """What a session made of the same items alone would lack."""
    details = session.total_details
    found = [part for part in ("discount", "tax", "shipping") if getattr(details, f"amount_{part}", None)]
    terms: dict[str, Any] = {
        "tax": session.automatic_tax.enabled,
        "shipping": session.shipping_address_collection,
        "custom fields": session.custom_fields,
        "a page of its own": session.ui_mode not in (None, "hosted_page"),
        "a payment link": session.payment_link,
    }
    return tuple(dict.fromkeys([*found, *(name for name, wanted in terms.items() if wanted)]))
