"""Ending a subscription, at the end of the paid period or at once (docs.stripe.com/billing/subscriptions/cancel)."""

from __future__ import annotations

from datetime import datetime

import stripe

from policy.actions import CancelSubscription
from policy.effects import Intent, Receipt
from policy.facts import CancelCase
from tools import stripe_objects as objects
from tools.retry_effect import CLOCKS_DIFFER
from tools.stripe_reads import CustomerReads, together, understood


class CancelEffect:
    async def facts(self, action: CancelSubscription, reads: CustomerReads, as_of: datetime) -> CancelCase:
        customer, subscription = await together(reads.profile(), reads.subscription(action.subscription))
        return CancelCase(as_of, customer, subscription)

    async def perform(self, intent: Intent, reads: CustomerReads) -> Receipt:
        action = _action(intent)
        v1 = reads.line.v1
        if action.when == "period_end":
            ended = await reads.line.act(
                lambda: v1.subscriptions.update_async(
                    action.subscription,
                    {"cancel_at_period_end": True, "metadata": intent.metadata},
                    {"idempotency_key": intent.idempotency_key},
                )
            )
        else:
            # Neither a refund of the rest of the period nor a last invoice: the customer was told so.
            ended = await reads.line.act(
                lambda: v1.subscriptions.cancel_async(
                    action.subscription,
                    {"prorate": False, "invoice_now": False},
                    {"idempotency_key": intent.idempotency_key},
                )
            )
        return understood(_receipt, ended)

    async def find(self, intent: Intent, reads: CustomerReads) -> Receipt | None:
        """By state: set to end by this operation, or ended since the intent (ending at once takes no metadata)."""
        action = _action(intent)
        found = await reads.raw_subscription(action.subscription)
        if found is None:
            return None
        if action.when == "period_end":
            ours = objects.labels(found.metadata).get("lee_operation") == intent.operation_key
            return understood(_receipt, found) if ours and found.cancel_at_period_end else None
        if found.status != "canceled" or found.canceled_at is None:
            return None
        since = objects.when(found.canceled_at) >= intent.created - CLOCKS_DIFFER
        return understood(_receipt, found) if since else None


def _action(intent: Intent) -> CancelSubscription:
    if not isinstance(intent.action, CancelSubscription):
        raise TypeError(f"{intent.action.tool} is no cancellation")
    return intent.action


def _receipt(subscription: stripe.Subscription) -> Receipt:
    """`ends_on`: the day on which access ends, or ended."""
    ends = [item.current_period_end for item in objects.subscription_items(subscription)]
    moment = subscription.ended_at or subscription.cancel_at or max(ends, default=None)
    return Receipt(
        kind=CancelSubscription.tool,
        stripe_id=subscription.id,
        status=subscription.status,
        details={"ends_on": objects.when(moment).date().isoformat()} if moment is not None else {},
    )
