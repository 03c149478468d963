"""Redeeming a promotion code on a subscription (docs.stripe.com/billing/subscriptions/coupons)."""

from __future__ import annotations

from datetime import datetime

import stripe

from billing import discounts
from policy.actions import ApplyPromotionCode
from policy.effects import FactsUnavailable, Intent, Receipt
from policy.facts import PromotionCase
from tools import stripe_objects as objects
from tools.stripe_discounts import DISCOUNTS, coupon_facts, in_force, priced_items, promotion, raw_discounted
from tools.stripe_reads import CustomerReads, together, understood


class PromotionEffect:
    async def facts(self, action: ApplyPromotionCode, reads: CustomerReads, as_of: datetime) -> PromotionCase:
        customer, found, code = await together(
            reads.raw_customer(), raw_discounted(reads, action.subscription), promotion(reads, action.code)
        )
        who = understood(objects.customer_facts, customer)
        if found is None:
            return PromotionCase(as_of, who, None, (), code, (), False)
        names = await reads.product_names([found])
        has_paid = code is not None and code.first_time_only and await _has_paid(reads)
        inherited = getattr(customer, "discount", None)
        return understood(
            lambda: PromotionCase(
                as_of,
                who,
                objects.subscription_facts(found, names),
                priced_items(found, names),
                code,
                in_force([*(found.discounts or []), *([inherited] if inherited else [])], as_of),
                has_paid,
            )
        )

    async def perform(self, intent: Intent, reads: CustomerReads) -> Receipt:
        action = _action(intent)
        changed = await reads.line.act(
            lambda: reads.line.v1.subscriptions.update_async(
                action.subscription,
                {
                    "discounts": [{"promotion_code": action.code}],
                    "metadata": intent.metadata,
                    "expand": [DISCOUNTS],
                },
                {"idempotency_key": intent.idempotency_key},
            )
        )
        return await _receipt(reads, changed)

    async def find(self, intent: Intent, reads: CustomerReads) -> Receipt | None:
        """By its label, which is written with the discount in one request; the discount itself may be used up."""
        found = await raw_discounted(reads, _action(intent).subscription)
        if found is None or objects.labels(found.metadata).get("lee_operation") != intent.operation_key:
            return None
        return await _receipt(reads, found)


async def _has_paid(reads: CustomerReads) -> bool:
    """Whether a payment or a paid invoice of the customer is there (docs.stripe.com/billing/subscriptions/coupons)."""
    paid, charged = await together(
        reads.line.pages(reads.line.v1.invoices.list_async, {"customer": reads.customer, "status": "paid"}),
        reads.line.pages(reads.line.v1.charges.list_async, {"customer": reads.customer}),
    )
    return any(each.amount_paid > 0 for each in paid.items) or any(each.paid for each in charged.items)


def _action(intent: Intent) -> ApplyPromotionCode:
    if not isinstance(intent.action, ApplyPromotionCode):
        raise TypeError(f"{intent.action.tool} redeems no code")
    return intent.action


async def _receipt(reads: CustomerReads, subscription: stripe.Subscription) -> Receipt:
    """`price` is one period's with the discount, `before` without; `ends_on` the day from which it is full again."""
    details: dict[str, str | int] = {}
    try:
        names = await reads.product_names([subscription])
    except FactsUnavailable:
        names = {}  # it is applied: a missing name must not make it look unknown
    items = priced_items(subscription, names)
    details["plan"] = " and ".join(each.item.product_name for each in items)
    for discount in subscription.discounts or []:
        if isinstance(discount, str):
            continue
        coupon = coupon_facts(discount.source.coupon)
        price, off = discounts.full_price(items), discounts.off_one(coupon, items)
        if price is not None and off is not None:
            details |= {"price": str(price - off), "before": str(price), "duration": coupon.duration}
        if discount.end is not None:
            details["ends_on"] = objects.when(discount.end).date().isoformat()
    return Receipt(ApplyPromotionCode.tool, subscription.id, "applied", details=details)
