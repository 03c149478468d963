"""Schedules: facts that have a finding on a planned change, and facts that nearly do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from billing.facts import BillingFacts, ScheduledChange
from billing.findings import RecommendedAction, RootCause, Status
from billing.ids import PriceId, ScheduleId
from tests.billing.made import NOW, access, ago, facts, item, subscription, usd

DOWN = ScheduledChange(
    schedule=ScheduleId("sub_sched_me"),
    at=NOW + timedelta(days=20),
    price=PriceId("price_starter"),
    product_name="Starter",
    unit_amount=usd(2000),
    interval="month",
    quantity=1,
)


def toby(change: ScheduledChange | None = DOWN, **changes: Any) -> BillingFacts:
    """On Team until the period ends, then on Starter."""
    made = subscription(items=(item("Team", 6000),), schedule=ScheduleId("sub_sched_me"), scheduled_change=change)
    return facts(subscriptions=(replace(made, **changes),), entitlements=access("team"))


SCHEDULE_CAUSES = [
    (RootCause.SCHEDULED_PLAN_CHANGE, Status.GREEN, RecommendedAction.NONE, toby()),
]
SCHEDULE_NEAR = [
    (RootCause.SCHEDULED_PLAN_CHANGE, made)
    for made in (
        toby(None),  # a schedule that changes nothing more
        toby(replace(DOWN, at=ago(seconds=1))),
        toby(status="canceled", ended_at=ago(days=1)),
        toby(items=()),
    )
]
