"""The law of taking a planned change back: the present plan goes on, at a price the customer says yes to.

Only a step down to a cheaper price is the customer's alone to take back. A rise in price, an end that was agreed, or a
plan of several steps was planned by somebody for a reason, so a human decides about those.
"""

from __future__ import annotations

from typing import Final

from billing.facts import ScheduledChange
from billing.prices import per_period
from policy.actions import UndoScheduledChange
from policy.decisions import Deny, FactValue, NeedsApproval
from policy.facts import ScheduledChangeCase, given
from policy.law import Law, holds_nothing, moves_nothing
from policy.question import Question
from policy.rules.subscriptions import not_found, subscription
from policy.shown import day

Q = Question[UndoScheduledChange, ScheduledChangeCase]


def planned(q: Q) -> ScheduledChange:
    """Raises LookupError when nothing is planned."""
    return given(subscription(q).scheduled_change, "a planned change")


def not_running(q: Q) -> Deny | None:
    current = subscription(q)
    if current.status in ("active", "trialing", "past_due"):
        return None
    return Deny(
        "undo.not_running",
        f"The subscription is {current.status}: no change of it is still to come.",
        {"status": current.status},
        "The subscription runs again.",
        customer_reason="That subscription is not running, so no change of it is still to come.",
        customer_remedy="If it runs again, its changes can be planned anew.",
    )


def nothing_planned(q: Q) -> Deny | None:
    current = subscription(q)
    if current.scheduled_change is not None:
        return None
    return Deny(
        "undo.nothing_planned",
        "No change of this subscription is planned: its schedule, if there is one, leaves it as it is.",
        {"schedule": current.schedule},
        "Nothing is left to do.",
        customer_reason="No change is planned for that subscription.",
        customer_remedy="Your plan goes on as it is.",
    )


def too_late(q: Q) -> Deny | None:
    change = planned(q)
    if change.at > q.now:
        return None
    return Deny(
        "undo.too_late",
        "The change has come into force, or is just being carried out.",
        {"at": change.at.isoformat()},
        "Change the plan instead.",
        customer_reason="That change has just come into force; your plan can be changed back instead.",
        customer_remedy="Tell me which plan you want, and I show you what it costs.",
    )


def several_items(q: Q) -> NeedsApproval | None:
    count = len(subscription(q).items)
    if count == 1:
        return None
    return NeedsApproval(
        "undo.several_items",
        f"The subscription has {count} items; what goes on is for a human to say.",
        {"items": count},
        "A colleague looks at what the customer means, and approves it.",
    )


def several_steps(q: Q) -> NeedsApproval | None:
    change = planned(q)
    if change.steps == 1 and not change.ends:
        return None
    what = "the end of the subscription" if change.ends else f"{change.steps} steps"
    return NeedsApproval(
        "undo.agreed_plan",
        f"The schedule holds {what}: taking it back undoes more than one change.",
        {"steps": change.steps, "ends": change.ends},
        "A colleague makes sure that all of it is to be undone, and approves it.",
    )


def no_step_down(q: Q) -> NeedsApproval | None:
    """The same interval and a lower price; anything else may be a price that was agreed."""
    change, [item] = planned(q), subscription(q).items
    if (
        change.unit_amount is not None
        and item.unit_amount is not None
        and change.unit_amount.currency == item.unit_amount.currency
        and change.interval == item.interval
        and change.unit_amount.amount * change.quantity < item.unit_amount.amount * item.quantity
    ):
        return None
    return NeedsApproval(
        "undo.no_step_down",
        "The planned price is not a lower one at the same interval: it may have been agreed.",
        {"from_price": item.price, "to_price": change.price},
        "A colleague looks at what was agreed, and approves it.",
    )


def shown(q: Q) -> str:
    """What goes on and at which price, since that is what a yes commits to."""
    change, items = planned(q), subscription(q).items
    name = " and ".join(item.product_name for item in items)
    prices = [
        per_period(item.unit_amount, item.quantity, item.interval) for item in items if item.unit_amount is not None
    ]
    cost = f" at {' and '.join(prices)}" if len(prices) == len(items) else ""
    renews = day(min(item.current_period_end for item in items))
    return (
        f"Stay on {name}: the change to {change.product_name} on {day(change.at)} is taken back, and {name} renews on "
        f"{renews}{cost}. Nothing is charged today."
    )


def told(q: Q) -> dict[str, FactValue]:
    change = planned(q)
    return {
        "subscription": q.action.subscription,
        "schedule": change.schedule,
        "at": change.at.isoformat(),
        "to_price": change.price,
    }


SCHEDULED_CHANGE: Final = Law(
    action=UndoScheduledChange,
    facts=ScheduledChangeCase,
    denials=(not_found("undo.not_found"), not_running, nothing_planned, too_late),
    approvals=(several_items, several_steps, no_step_down),
    shown=shown,
    value=moves_nothing,
    reservations=holds_nothing,
    confirmation_rule="undo.confirmation",
    allow_rule="undo.confirmed",
    told=told,
)
