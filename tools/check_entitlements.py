"""The tool `check_entitlements`: what the product grants the customer, beside what they pay for."""

from __future__ import annotations

from tools.answers import Answer, brief, moment
from tools.billing_facts import entitlements_of
from tools.desk import Desk
from tools.registry import Arguments
from tools.sources import SourceUnavailable
from tools.stripe_reads import together


class CheckEntitlements(Arguments):
    """Check what the customer's workspace may use right now, from the product itself, beside the plans they pay for.
    Use it when a feature is locked, or a plan looks different from the one they pay."""


class PaidAnswer(Answer):
    subscription: str
    plan: str
    status: str


class EntitlementsAnswer(Answer):
    """`granted` is null when the product knows no such customer, or did not answer: then `note` says which."""

    granted: str | None
    active: bool | None
    features: list[str]
    locked_reason: str | None
    updated: str | None
    paid: list[PaidAnswer]
    note: str | None


async def check_entitlements(_arguments: CheckEntitlements, desk: Desk) -> EntitlementsAnswer:
    granted, subscriptions = await together(
        entitlements_of(desk.entitlements, desk.stripe.customer), desk.stripe.subscriptions()
    )
    note = "the product did not answer" if isinstance(granted, SourceUnavailable) else None
    access = None if isinstance(granted, SourceUnavailable) else granted
    if access is None and note is None:
        note = "the product knows no workspace of this account"
    return EntitlementsAnswer(
        granted=access.plan if access else None,
        active=access.active if access else None,
        features=sorted(access.features) if access else [],
        locked_reason=brief(access.locked_reason) if access else None,
        updated=moment(access.updated_at) if access and access.updated_at else None,
        paid=[
            PaidAnswer(subscription=each.id, plan=item.product_name, status=each.status)
            for each in subscriptions.items
            if each.status in ("active", "trialing", "past_due")
            for item in each.items
        ],
        note=note,
    )
