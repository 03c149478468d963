"""The law of letting a subscription go on: one that is set to end, or one that is paused (see `paused`), and only with
the customer's yes to its price."""

from __future__ import annotations

from typing import Final

from billing.money import Money
from billing.prices import per_period
from policy.actions import ResumeSubscription
from policy.decisions import Deny, FactValue
from policy.facts import ResumeCase
from policy.law import Law, holds_nothing
from policy.question import Question
from policy.rules import paused
from policy.rules.subscriptions import not_found, subscription
from policy.shown import day

Q = Question[ResumeSubscription, ResumeCase]

NEW_ONE: Final = "The customer subscribes again on the plans page, at today's price."


def ended(q: Q) -> Deny | None:
    """An ended subscription cannot be updated (docs.stripe.com/billing/subscriptions/cancel#reactivating)."""
    current = subscription(q)
    if current.status not in ("canceled", "incomplete_expired"):
        return None
    return Deny(
        "resume.ended",
        "The subscription has ended; Stripe cannot bring it back.",
        {"status": current.status},
        NEW_ONE,
        customer_reason="That subscription has already ended, so it cannot go on. You can subscribe again under "
        "Settings → Billing → Plan.",
        customer_remedy="A new subscription begins at today's price.",
    )


def not_running(q: Q) -> Deny | None:
    current = subscription(q)
    if current.status in ("active", "trialing", "paused"):
        return None
    return Deny(
        "resume.not_running",
        f"The subscription is {current.status}: what stopped it has to be settled first.",
        {"status": current.status},
        "The open invoice is paid.",
        customer_reason="Before the subscription can go on, its open payment has to be settled.",
        customer_remedy="Once that is paid, ask me again.",
    )


def not_ending(q: Q) -> Deny | None:
    current = subscription(q)
    if current.cancel_at_period_end or paused.is_paused(q):
        return None
    fixed = current.cancel_at is not None
    return Deny(
        "resume.fixed_end" if fixed else "resume.not_ending",
        "The subscription ends on a day that was agreed, not with its period: that is for a colleague."
        if fixed
        else "The subscription is not set to end.",
        {"cancel_at_period_end": False, "cancel_at": current.cancel_at.isoformat() if current.cancel_at else None},
        "A colleague changes the agreed day." if fixed else "Nothing is left to do.",
        customer_reason="The end of that subscription was agreed for a certain day, so a colleague has to change it."
        if fixed
        else "That subscription is not set to end: it renews as usual.",
        customer_remedy="" if fixed else "Nothing is left to do.",
    )


def shown(q: Q) -> str:
    """What it will cost and when, since that is what a yes commits to. Discounts and taxes come on the invoice."""
    items = subscription(q).items
    name = " and ".join(item.product_name for item in items)
    renews = day(min(item.current_period_end for item in items))
    prices = [
        per_period(item.unit_amount, item.quantity, item.interval) for item in items if item.unit_amount is not None
    ]
    cost = f" at {' and '.join(prices)}" if len(prices) == len(items) else ""
    if paused.is_paused(q):
        return paused.shown(q, name, cost)
    return f"Let {name} go on: it no longer ends, and renews on {renews}{cost}. Nothing is charged today."


def told(q: Q) -> dict[str, FactValue]:
    current = subscription(q)
    return {
        "subscription": q.action.subscription,
        "status": current.status,
        "cancel_at_period_end": current.cancel_at_period_end,
        **paused.told(q),
    }


def value(q: Q) -> Money | None:
    return -paused.due(q) if paused.is_paused(q) else None


RESUMPTION: Final = Law(
    action=ResumeSubscription,
    facts=ResumeCase,
    denials=(not_found("resume.not_found"), ended, not_running, not_ending, *paused.DENIALS),
    approvals=(paused.over_cap,),
    shown=shown,
    value=value,
    reservations=holds_nothing,
    confirmation_rule="resume.confirmation",
    allow_rule="resume.confirmed",
    told=told,
)
