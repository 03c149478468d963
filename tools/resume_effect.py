"""Letting a subscription go on that was to end with its period, or that is paused (see paused_effect).

docs.stripe.com/billing/subscriptions/cancel#reactivating-canceled-subscriptions
"""

from __future__ import annotations

from datetime import datetime

import stripe

from billing.money import Money
from policy.actions import ResumeSubscription
from policy.effects import Intent, Receipt
from policy.facts import ResumeCase
from tools import stripe_objects as objects
from tools.paused_effect import paused_facts, start, started
from tools.stripe_reads import CustomerReads, together, understood


class ResumeEffect:
    """An intent of a value is that of a paused subscription: only there is something charged."""

    async def facts(self, action: ResumeSubscription, reads: CustomerReads, as_of: datetime) -> ResumeCase:
        customer, subscription = await together(reads.profile(), reads.subscription(action.subscription))
        if subscription is not None and subscription.status == "paused":
            return await paused_facts(reads, as_of, customer, subscription)
        return ResumeCase(as_of, customer, subscription)

    async def perform(self, intent: Intent, reads: CustomerReads) -> Receipt:
        if intent.value is not None:
            return understood(_receipt, await start(intent, reads, _action(intent).subscription), -intent.value)
        resumed = await reads.line.act(
            lambda: reads.line.v1.subscriptions.update_async(
                _action(intent).subscription,
                {"cancel_at_period_end": False, "metadata": intent.metadata},
                {"idempotency_key": intent.idempotency_key},
            )
        )
        return understood(_receipt, resumed)

    async def find(self, intent: Intent, reads: CustomerReads) -> Receipt | None:
        """By state and label: this operation was the last on the subscription, and it is not set to end."""
        if intent.value is not None:
            running = await started(intent, reads, _action(intent).subscription)
            return understood(_receipt, running, -intent.value) if running is not None else None
        found = await reads.raw_subscription(_action(intent).subscription)
        if found is None or found.cancel_at_period_end:
            return None
        ours = objects.labels(found.metadata).get("lee_operation") == intent.operation_key
        return understood(_receipt, found) if ours else None


def _action(intent: Intent) -> ResumeSubscription:
    if not isinstance(intent.action, ResumeSubscription):
        raise TypeError(f"{intent.action.tool} is no resumption")
    return intent.action


def _receipt(subscription: stripe.Subscription, charged: Money | None = None) -> Receipt:
    """`renews_on`: the day of the next renewal. The amount is what was charged for starting again."""
    ends = [item.current_period_end for item in objects.subscription_items(subscription)]
    renews = {"renews_on": objects.when(min(ends)).date().isoformat()} if ends else {}
    return Receipt(ResumeSubscription.tool, subscription.id, subscription.status, charged, renews)
