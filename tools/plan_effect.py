"""Changing the plan of a subscription (docs.stripe.com/billing/subscriptions/change-price)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import stripe

from policy.actions import ChangePlan
from policy.effects import EffectRefused, EffectUnknown, FactsUnavailable, Intent, Receipt
from policy.facts import PlanChangeCase
from tools import stripe_objects as objects
from tools.plan_change import PRORATION, amount_now, changed_items, plan_item, preview
from tools.stripe_reads import CustomerReads, together, understood


class PlanEffect:
    async def facts(self, action: ChangePlan, reads: CustomerReads, as_of: datetime) -> PlanChangeCase:
        customer, found, price = await together(
            reads.profile(), reads.raw_subscription(action.subscription), reads.price(action.price)
        )
        if found is None:
            return PlanChangeCase(as_of, customer, None, price, None)
        names, planned = await together(reads.product_names([found]), reads.scheduled(found))
        subscription = understood(objects.subscription_facts, found, names, planned)
        item = understood(plan_item, found)
        due = None
        if item is not None and price is not None:
            previewed = await preview(reads, found, item, action.price, action.proration_date)
            due = understood(amount_now, previewed, item) if previewed is not None else None
        return PlanChangeCase(as_of, customer, subscription, price, due)

    async def perform(self, intent: Intent, reads: CustomerReads) -> Receipt:
        """`error_if_incomplete`: when the payment fails, Stripe answers 402 and the old plan stays as it was.

        (`pending_if_incomplete` would keep it too, but takes no metadata, by which the change is found again.)
        """
        action = _action(intent)
        try:
            found = await reads.raw_subscription(action.subscription)
        except FactsUnavailable as error:
            raise EffectUnknown("not_sent", f"Not sent this time: {error}") from error
        item = plan_item(found) if found is not None else None
        if item is None:
            raise EffectRefused("subscription_unsuitable", "The subscription is gone or has no single plan.")
        params: dict[str, Any] = {
            "items": changed_items(item, action.price),
            "proration_behavior": PRORATION,
            "proration_date": action.proration_date,
            "payment_behavior": "error_if_incomplete",
            "metadata": intent.metadata,
        }
        changed = await reads.line.act(
            lambda: reads.line.v1.subscriptions.update_async(
                action.subscription,
                params,  # pyright: ignore[reportArgumentType] - the SDK's TypedDict, built as a dict
                {"idempotency_key": intent.idempotency_key},
            )
        )
        return await _receipt(intent, action, reads, changed)

    async def find(self, intent: Intent, reads: CustomerReads) -> Receipt | None:
        """The subscription, if it is on the target price by this very operation."""
        action = _action(intent)
        found = await reads.raw_subscription(action.subscription)
        if found is None or objects.labels(found.metadata).get("lee_operation") != intent.operation_key:
            return None
        if all(item.price.id != action.price for item in objects.subscription_items(found)):
            return None
        return await _receipt(intent, action, reads, found)


def _action(intent: Intent) -> ChangePlan:
    if not isinstance(intent.action, ChangePlan):
        raise TypeError(f"{intent.action.tool} is no plan change")
    return intent.action


async def _receipt(
    intent: Intent, action: ChangePlan, reads: CustomerReads, subscription: stripe.Subscription
) -> Receipt:
    """`amount`: what was charged for the change, negative what was credited."""
    details: dict[str, str | int] = {"price": action.price}
    try:
        names = await reads.product_names([subscription])
    except FactsUnavailable:
        names = {}  # the change is made: a missing name must not make it look unknown
    facts = objects.subscription_facts(subscription, names)
    for item in facts.items:
        if item.price == action.price:
            details |= {
                "plan": item.product_name,
                "interval": item.interval,
                "renews_on": item.current_period_end.date().isoformat(),
            }
            if item.unit_amount is not None:
                details["renews_at"] = str(item.unit_amount)
    return Receipt(
        kind=ChangePlan.tool,
        stripe_id=subscription.id,
        status=subscription.status,
        amount=-intent.value if intent.value is not None else None,
        details=details,
    )
