"""What every law about a subscription begins with: it exists, and it is the customer's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from billing.facts import SubscriptionFacts
from policy.decisions import Deny
from policy.facts import CancelCase, PlanChangeCase, PromotionCase, ResumeCase, ScheduledChangeCase, given
from policy.question import Question

Q = Question[Any, PlanChangeCase | CancelCase | ResumeCase | PromotionCase | ScheduledChangeCase]


def subscription(q: Q) -> SubscriptionFacts:
    """Raises LookupError when it was not found: a rule that asks anyway is wrong, and the answer then is no."""
    return given(q.facts.subscription, "a subscription")


def scheduled(rule: str) -> Callable[[Q], Deny | None]:
    """The denial named `rule` for a subscription that a schedule manages: Stripe refuses to plan its end past the
    schedule, and a plan chosen now would be replaced on the day the schedule has set."""

    def deny(q: Q) -> Deny | None:
        current = subscription(q)
        if current.schedule is None:
            return None
        change = current.scheduled_change
        return Deny(
            rule,
            "A schedule manages the subscription.",
            {"schedule": current.schedule, "at": change.at.isoformat() if change is not None else None},
            "Propose undo_scheduled_change first." if change is not None else "A human looks at the schedule.",
            customer_reason=f"A change to {change.product_name} is planned for that subscription; it has to be taken "
            "back first."
            if change is not None
            else "Changes to that subscription have been planned ahead, so a colleague has to make this one.",
            customer_remedy="Ask me to take it back, and this is possible." if change is not None else "",
        )

    return deny


def not_found(rule: str) -> Callable[[Q], Deny | None]:
    """The denial named `rule` for a subscription that is absent or another customer's: both get the same answer."""

    def deny(q: Q) -> Deny | None:
        found = q.facts.subscription
        mine = (q.action.subscription, q.proposal.principal.customer)
        if found is not None and (found.id, found.customer) == mine:
            return None
        return Deny(
            rule,
            "No such subscription belongs to this customer.",
            {"subscription": q.action.subscription},
            "Name one of this customer's own subscriptions; diagnose shows them.",
            customer_reason="I cannot find that subscription on your account.",
        )

    return deny
