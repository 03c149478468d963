"""Findings on money already taken: paid twice, disputed, on its way back, or back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from billing.facts import BillingFacts, RefundFacts
from billing.findings import Evidence, Finding, RecommendedAction, RootCause, Status, day
from billing.twins import twins

DUPLICATE_WINDOW: Final = timedelta(days=90)
"""How far back a double charge is looked for; the same span within which policy may undo one."""

SLOW_REFUND: Final = timedelta(days=10)
"""Refunds reach a card within 5 to 10 days (docs.stripe.com/refunds); beyond that somebody has to ask the bank."""

RECENT_REFUND: Final = timedelta(days=30)
"""Somebody who asks for the same money again does so while it is not on their statement yet."""

_CLOSED_DISPUTES: Final = frozenset(["won", "lost", "warning_closed", "prevented"])


def charge_disputed(facts: BillingFacts) -> Iterator[Finding]:
    """An open dispute takes the matter to the bank: a refund beside it would pay twice."""
    for dispute in facts.disputes:
        if dispute.status not in _CLOSED_DISPUTES:
            yield Finding(
                Status.RED,
                RootCause.CHARGE_DISPUTED,
                f"On {day(dispute.created)} your bank opened a dispute over your payment of {dispute.amount}. "
                "While it is open, a colleague has to handle this payment.",
                RecommendedAction.TALK_TO_HUMAN,
                (Evidence("dispute", dispute.id), Evidence("charge", dispute.charge)),
            )


def duplicate_charge(facts: BillingFacts) -> Iterator[Finding]:
    """The later of two charges for one purchase; the earliest stays."""
    recent = sorted(
        (charge for charge in facts.charges if facts.as_of - charge.created <= DUPLICATE_WINDOW),
        key=lambda charge: (charge.created, charge.id),
    )
    for position, charge in enumerate(recent):
        earlier = twins(charge, recent[:position])
        if earlier:
            first = earlier[0]
            when = (
                f"twice on {day(charge.created)}"
                if day(first.created) == day(charge.created)
                else f"on {day(first.created)} and again on {day(charge.created)}"
            )
            yield Finding(
                Status.AMBER,
                RootCause.DUPLICATE_CHARGE,
                f"You were charged {charge.amount} {when} for the same purchase. The second charge looks like a "
                "duplicate that can be refunded.",
                RecommendedAction.REFUND_DUPLICATE,
                (Evidence("charge", charge.id), Evidence("duplicate_of", first.id)),
            )


def refund_failed(facts: BillingFacts) -> Iterator[Finding]:
    """A refund the bank sent back, unless the same charge was refunded again since."""
    for refund in facts.refunds:
        again = any(
            other.charge == refund.charge
            and other.id != refund.id
            and other.created >= refund.created
            and other.status in ("succeeded", "pending")
            for other in facts.refunds
        )
        if refund.status == "failed" and not again:
            yield Finding(
                Status.RED,
                RootCause.REFUND_FAILED,
                f"Your refund of {refund.amount} from {day(refund.created)} could not be paid out to your card, so you "
                "have not received it. A colleague has to find another way to return it.",
                RecommendedAction.TALK_TO_HUMAN,
                _of(refund),
            )


def refund_pending(facts: BillingFacts) -> Iterator[Finding]:
    for refund in facts.refunds:
        if refund.status not in ("pending", "requires_action"):
            continue
        slow = facts.as_of - refund.created > SLOW_REFUND
        if refund.status == "requires_action" or slow:
            yield Finding(
                Status.AMBER,
                RootCause.REFUND_PENDING,
                f"Your refund of {refund.amount} from {day(refund.created)} has not been completed yet. "
                "A colleague has to look at what holds it up.",
                RecommendedAction.TALK_TO_HUMAN,
                _of(refund),
            )
        else:
            yield Finding(
                Status.GREEN,
                RootCause.REFUND_PENDING,
                f"Your refund of {refund.amount} from {day(refund.created)} is on its way. Banks usually take 5 to 10 "
                "days to show it.",
                RecommendedAction.WAIT,
                _of(refund),
            )


def refunded_already(facts: BillingFacts) -> Iterator[Finding]:
    """A charge whose whole amount went back lately, for a customer who asks for it again. What was refunded in part
    may still be asked for, and a refund that waits is told as such.

    Evidence `refunded_by` is `lee`, by the label on the last refund, or `dashboard`: anybody else who may refund."""
    for charge in facts.charges:
        done = [one for one in facts.refunds if one.charge == charge.id and one.status == "succeeded"]
        last = max(done, key=lambda refund: (refund.created, refund.id), default=None)
        if (
            last is not None
            and charge.amount.amount > 0
            and sum(one.amount.amount for one in done) == charge.amount.amount
            and facts.as_of - last.created <= RECENT_REFUND
        ):
            by_lee = "lee_intent" in last.metadata
            soon = facts.as_of - last.created <= SLOW_REFUND
            yield Finding(
                Status.GREEN,
                RootCause.REFUNDED_ALREADY,
                f"Your payment of {charge.amount} from {day(charge.created)} was refunded in full on "
                f"{day(last.created)}{'' if by_lee else ' by a colleague'}."
                + (" Banks usually take 5 to 10 days to show it." if soon else ""),
                RecommendedAction.WAIT if soon else RecommendedAction.NONE,
                (*_of(last), Evidence("refunded_by", "lee" if by_lee else "dashboard")),
            )


def _of(refund: RefundFacts) -> tuple[Evidence, ...]:
    return (Evidence("refund", refund.id), Evidence("charge", refund.charge))
