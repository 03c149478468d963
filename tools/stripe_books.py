"""What Stripe's own books show under Lee's name: by the idempotency key in events, by labels on objects.

Events are kept for 30 days (docs.stripe.com/api/events); objects stay."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import stripe

from audit.completeness import Mark, key_mark
from policy.effects import FactsUnavailable
from tools import stripe_objects as objects
from tools.refund_effect import UNDONE
from tools.stripe_line import StripeLine

KEPT: Final = timedelta(days=29)  # a day less than Stripe keeps events
MOST: Final = 200_000


async def marks_in_stripe(line: StripeLine, customers: Iterable[str], since: datetime) -> list[Mark]:
    """Every mark since then; balance transactions of `customers` (those in the ledger). Raises `FactsUnavailable`."""
    window: dict[str, Any] = {"created": {"gte": int(since.timestamp())}}
    events = await _all(line, line.v1.events.list_async, window)
    marks = [mark for event in events if (mark := _of_event(event)) is not None]
    marks += _labelled("refund", await _all(line, line.v1.refunds.list_async, window))
    marks += _labelled("checkout_session", await _all(line, line.v1.checkout.sessions.list_async, window))
    for customer in customers:
        found = await _all(
            line,
            lambda params, customer=customer: line.v1.customers.balance_transactions.list_async(customer, params),
            window,
        )
        marks += _labelled("balance_transaction", found)
    return marks


async def _all(line: StripeLine, list_: Any, params: dict[str, Any]) -> tuple[Any, ...]:
    listed = await line.pages(list_, params, MOST)
    if listed.more:
        raise FactsUnavailable("Stripe has more of that time than can be compared at once: take fewer days.")
    return listed.items


def _of_event(event: stripe.Event) -> Mark | None:
    key = event.request.idempotency_key if event.request is not None else None
    found = key_mark(key) if key else None
    if found is None:
        return None
    about = getattr(event.data.object, "id", "without an id")
    return Mark(found[0], found[1], event.type, about, objects.when(event.created))


def _labelled(kind: str, found: Iterable[Any]) -> list[Mark]:
    marks: list[Mark] = []
    for each in found:
        labels = objects.labels(each.metadata)
        if "lee_intent" not in labels:
            continue
        amount = {"refund": 1, "balance_transaction": -1}.get(kind)  # a credit is negative in Stripe's books
        marks.append(
            Mark(
                labels["lee_intent"],
                labels.get("lee_entry"),
                kind,
                each.id,
                objects.when(each.created),
                None if amount is None else amount * each.amount,
                None if amount is None else each.currency,
                undone=getattr(each, "status", None) in UNDONE,
            )
        )
    return marks
