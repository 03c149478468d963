"""Findings on Checkout links: one that died before it was used."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from billing.checkouts import CheckoutFacts, later_one, same_purchase, sold
from billing.facts import BillingFacts
from billing.findings import Evidence, Finding, RecommendedAction, RootCause, Status, day

RECENT: Final = timedelta(days=30)
"""So long may an abandoned purchase be taken up again (docs.stripe.com/payments/checkout/abandoned-carts)."""

LONGEST: Final = 100  # characters of what was for sale


def checkout_link_expired(facts: BillingFacts) -> Iterator[Finding]:
    """Once for each thing that was for sale; not when it was bought, or is on offer, by a newer link."""
    for at, session in enumerate(facts.checkouts):
        if session.status != "expired" or session.mode == "setup" or facts.as_of - session.expires_at > RECENT:
            continue
        told_already = any(each.status == "expired" and same_purchase(each, session) for each in facts.checkouts[:at])
        if told_already or later_one(session, facts.checkouts) is not None or _subscribed(facts, session):
            continue
        name = sold(session)
        over = f" over {session.total}" if session.total is not None else ""
        yield Finding(
            Status.AMBER,
            RootCause.CHECKOUT_LINK_EXPIRED,
            f"Your link to buy {name if len(name) <= LONGEST else 'what was in it'}{over} expired on "
            f"{day(session.expires_at)} before it was used, so nothing was charged by it. A new link lets you buy it.",
            RecommendedAction.NEW_CHECKOUT_LINK,
            (Evidence("checkout_session", session.id),),
            at_stake=session.total,
        )


def _subscribed(facts: BillingFacts, session: CheckoutFacts) -> bool:
    """The subscription it was to begin runs already."""
    running = {item.price for each in facts.subscriptions if each.status in _RUNNING for item in each.items}
    return session.mode == "subscription" and any(item.price in running for item in session.items)


_RUNNING: Final = ("trialing", "active", "past_due", "unpaid", "paused")
