"""The law of cancelling: only with the customer's yes, and only what is not ended already."""

from __future__ import annotations

from typing import Final

from policy.actions import CancelSubscription
from policy.decisions import Deny, FactValue
from policy.facts import CancelCase
from policy.law import Law, holds_nothing, moves_nothing
from policy.question import Question
from policy.rules.subscriptions import not_found, scheduled, subscription
from policy.shown import day

Q = Question[CancelSubscription, CancelCase]


def already_ended(q: Q) -> Deny | None:
    current = subscription(q)
    ended = current.status in ("canceled", "incomplete_expired")
    scheduled = current.cancel_at_period_end and q.action.when == "period_end"
    if not ended and not scheduled:
        return None
    return Deny(
        "cancel.already",
        "The subscription has ended." if ended else "The subscription is set to end with its period already.",
        {"status": current.status, "cancel_at_period_end": current.cancel_at_period_end},
        "Nothing is left to do, or the end is asked for at once.",
        customer_reason="That subscription has already ended."
        if ended
        else "That subscription is already set to end with the current period.",
        customer_remedy="If you want one again, you can subscribe on the plans page."
        if ended
        else "If it should end at once instead, tell me.",
    )


def at_period_end_of_a_schedule(q: Q) -> Deny | None:
    return scheduled("cancel.scheduled")(q) if q.action.when == "period_end" else None


def shown(q: Q) -> str:
    current = subscription(q)
    name = " and ".join(item.product_name for item in current.items)
    if q.action.when == "now":
        return f"Cancel {name} at once: access ends now and nothing is refunded."
    until = max(item.current_period_end for item in current.items)
    return f"Cancel {name} at the end of the paid period: access stays until {day(until)}."


def told(q: Q) -> dict[str, FactValue]:
    return {"subscription": q.action.subscription, "when": q.action.when, "status": subscription(q).status}


CANCELLATION: Final = Law(
    action=CancelSubscription,
    facts=CancelCase,
    denials=(not_found("cancel.not_found"), already_ended, at_period_end_of_a_schedule),
    approvals=(),
    shown=shown,
    value=moves_nothing,
    reservations=holds_nothing,
    confirmation_rule="cancel.confirmation",
    allow_rule="cancel.confirmed",
    told=told,
)
