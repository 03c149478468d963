"""What Stripe has planned for a subscription, as billing facts (docs.stripe.com/api/subscription_schedules/object)."""

from __future__ import annotations

from dataclasses import dataclass

import stripe

from billing.facts import PriceFacts, ScheduledChange
from billing.ids import PriceId, ScheduleId
from tools.stripe_objects import needed, ref, subscription_items, when

EXPAND = "schedule"


@dataclass(frozen=True, slots=True)
class Planned:
    """The next phase that makes the subscription something else. `price`: the id of its first item that is new."""

    schedule: ScheduleId
    at: int
    price: str
    quantity: int
    steps: int
    ends: bool


def planned(subscription: stripe.Subscription) -> Planned | None:
    """None without an active schedule, or when none of its later phases differs from the present items. The schedule
    must have been expanded."""
    schedule = subscription.schedule
    if not isinstance(schedule, stripe.SubscriptionSchedule) or schedule.current_phase is None:
        return None
    present = {(item.price.id, getattr(item, "quantity", None) or 1) for item in subscription_items(subscription)}
    later = [phase for phase in schedule.phases if phase.start_date >= schedule.current_phase.end_date]
    for phase in later:
        items = [
            (needed(ref(item.price), "a phase's price"), getattr(item, "quantity", None) or 1)
            for item in phase["items"]
        ]
        new = next((item for item in items if item not in present), items[0] if set(items) != present else None)
        if new is not None:
            return Planned(
                ScheduleId(schedule.id), phase.start_date, *new, len(later), schedule.end_behavior == "cancel"
            )
    return None


def change_facts(plan: Planned, price: PriceFacts) -> ScheduledChange:
    return ScheduledChange(
        schedule=plan.schedule,
        at=when(plan.at),
        price=PriceId(plan.price),
        product_name=price.product_name,
        unit_amount=price.unit_amount,
        interval=price.interval or "",
        quantity=plan.quantity,
        steps=plan.steps,
        ends=plan.ends,
    )
