"""Taking back what a schedule has planned for a subscription (docs.stripe.com/api/subscription_schedules/release)."""

from __future__ import annotations

from datetime import datetime

import stripe

from billing.prices import per_period
from policy.actions import UndoScheduledChange
from policy.effects import EffectRefused, EffectUnknown, FactsUnavailable, Intent, Receipt
from policy.facts import ScheduledChangeCase
from tools import stripe_objects as objects
from tools.stripe_reads import CustomerReads, together

MOST = 100
"""Schedules of one customer that are looked through, newest first."""


class UndoEffect:
    async def facts(self, action: UndoScheduledChange, reads: CustomerReads, as_of: datetime) -> ScheduledChangeCase:
        customer, subscription = await together(reads.profile(), reads.subscription(action.subscription))
        return ScheduledChangeCase(as_of, customer, subscription)

    async def perform(self, intent: Intent, reads: CustomerReads) -> Receipt:
        """First a label on the schedule, since its release takes none; then the release, which is what counts."""
        action = _action(intent)
        try:
            found = await reads.raw_subscription(action.subscription)
        except FactsUnavailable as error:
            raise EffectUnknown("not_sent", f"Not sent this time: {error}") from error
        schedule = objects.ref(found.schedule) if found is not None else None
        if found is None or schedule is None or f":{schedule}:" not in intent.operation_key:
            raise EffectRefused("schedule_changed", "Another schedule, or none, manages the subscription by now.")
        schedules = reads.line.v1.subscription_schedules
        # A fresh key at each try: the same label twice is one, and a 500 repeated under its key would bar the release.
        await reads.line.act(lambda: schedules.update_async(schedule, {"metadata": intent.metadata}))
        await reads.line.act(lambda: schedules.release_async(schedule, {}, {"idempotency_key": intent.idempotency_key}))
        return await _receipt(found, reads)

    async def find(self, intent: Intent, reads: CustomerReads) -> Receipt | None:
        """By state and label: a released schedule that managed this subscription and carries this operation."""
        action = _action(intent)
        listed = await reads.line.pages(
            reads.line.v1.subscription_schedules.list_async, {"customer": reads.customer}, MOST
        )
        ours = any(
            schedule.status == "released"
            and schedule.released_subscription == action.subscription
            and objects.labels(schedule.metadata).get("lee_operation") == intent.operation_key
            for schedule in listed.items
        )
        found = await reads.raw_subscription(action.subscription) if ours else None
        return await _receipt(found, reads) if found is not None else None


def _action(intent: Intent) -> UndoScheduledChange:
    if not isinstance(intent.action, UndoScheduledChange):
        raise TypeError(f"{intent.action.tool} takes back no planned change")
    return intent.action


async def _receipt(subscription: stripe.Subscription, reads: CustomerReads) -> Receipt:
    """`plan`, `renews_on` and `renews_at`: what goes on."""
    try:
        names = await reads.product_names([subscription])
    except FactsUnavailable:
        names = {}  # it is done: a missing name must not make it look unknown
    items = objects.subscription_facts(subscription, names).items
    details: dict[str, str | int] = {}
    if items:
        details = {
            "plan": " and ".join(item.product_name for item in items),
            "renews_on": min(item.current_period_end for item in items).date().isoformat(),
        }
    if len(items) == 1 and items[0].unit_amount is not None:
        details["renews_at"] = per_period(items[0].unit_amount, items[0].quantity, items[0].interval)
    return Receipt(UndoScheduledChange.tool, subscription.id, subscription.status, details=details)
