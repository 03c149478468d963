"""Refunds (docs.stripe.com/refunds): facts, making one, and finding it again by its metadata."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import stripe

from billing.facts import ChargeFacts
from billing.money import Money
from policy.actions import Refund
from policy.effects import EffectRefused, FactsUnavailable, Intent, Receipt
from policy.facts import RefundCase
from tools import stripe_objects as objects
from tools.stripe_history import history
from tools.stripe_reads import CustomerReads, together, understood

if TYPE_CHECKING:
    from stripe.params import RefundCreateParams

RECENT: Final = timedelta(days=120)
CHARGES: Final = 1_000  # a customer with more is for a human: the rules need all of them

# The money is back with the company: nobody may be told otherwise.
UNDONE: Final = frozenset(["failed", "canceled"])


class RefundEffect:
    async def facts(self, action: Refund, reads: CustomerReads, as_of: datetime) -> RefundCase:
        customer, charge, twin, past = await together(
            reads.profile(),
            reads.charge(action.charge),
            _charge(reads, action.duplicate_of),
            history(reads, most=CHARGES),
        )
        if past.cut & {"charges", "invoices"}:
            raise FactsUnavailable("The customer has more charges than can be judged at once.")
        refunds = await reads.refunds(charge.id) if charge is not None else None
        disputes = await reads.disputes(past.charges)
        if disputes.more or (refunds is not None and refunds.more):
            raise FactsUnavailable("The customer has more refunds or disputes than can be judged at once.")
        return RefundCase(
            as_of=as_of,
            customer=customer,
            charge=charge,
            duplicate_of=twin,
            recent=tuple(each for each in past.charges if each.id != action.charge and as_of - each.created <= RECENT),
            refunds=refunds.items if refunds is not None else (),
            disputes=disputes.items,
        )

    async def perform(self, intent: Intent, reads: CustomerReads) -> Receipt:
        action = _action(intent)
        amount = _decided(intent, action)
        params: RefundCreateParams = {
            "charge": action.charge,
            "amount": amount.amount,
            "reason": action.grounds,
            "metadata": intent.metadata,
            "expand": ["charge"],
        }
        refund = await reads.line.act(
            lambda: reads.line.v1.refunds.create_async(params, {"idempotency_key": intent.idempotency_key})
        )
        if _replayed(refund):
            # A replay tells how the refund began; it may have failed since.
            refund = await reads.line.read(
                lambda: reads.line.v1.refunds.retrieve_async(refund.id, {"expand": ["charge"]})
            )
        if (why := _undone(refund)) is not None:
            raise EffectRefused(why, f"The refund {refund.id} is {refund.status}.")
        return understood(_receipt, intent, refund)

    @staticmethod
    async def failed_since(refund_id: str, reads: CustomerReads) -> str | None:
        """Why a refund's money is back with the company, in Stripe's words. Raises `FactsUnavailable`."""
        return _undone(await reads.line.read(lambda: reads.line.v1.refunds.retrieve_async(refund_id)))

    async def find(self, intent: Intent, reads: CustomerReads) -> Receipt | None:
        """The refund that carries this intent's id. One that failed since is no effect: None."""
        action = _action(intent)
        listed = await reads.line.pages(
            reads.line.v1.refunds.list_async, {"charge": action.charge, "expand": ["data.charge"]}, CHARGES
        )
        for refund in listed.items:
            if objects.labels(refund.metadata).get("lee_intent") == intent.id and refund.status not in UNDONE:
                return understood(_receipt, intent, refund)
        if listed.more:
            raise FactsUnavailable("The charge has more refunds than can be searched.")
        return None


async def _charge(reads: CustomerReads, charge_id: str | None) -> ChargeFacts | None:
    return await reads.charge(charge_id) if charge_id is not None else None


def _action(intent: Intent) -> Refund:
    if not isinstance(intent.action, Refund):
        raise TypeError(f"{intent.action.tool} is no refund")
    return intent.action


def _decided(intent: Intent, action: Refund) -> Money:
    """The amount that was decided and reserved, and no other: never Stripe's own idea of "all that is left"."""
    value = intent.value
    if value is None or value.amount <= 0 or (action.amount is not None and action.amount != value.amount):
        raise EffectRefused("amount_not_decided", "The refund's amount is not the one that was decided.")
    return value


def _undone(refund: stripe.Refund) -> str | None:
    if refund.status not in UNDONE:
        return None
    return f"refund_{refund.status}:{getattr(refund, 'failure_reason', None) or 'unknown'}"


def _replayed(refund: stripe.Refund) -> bool:
    response = refund.last_response
    return response is not None and (response.headers or {}).get("Idempotent-Replayed") == "true"


def _receipt(intent: Intent, refund: stripe.Refund) -> Receipt:
    charge = refund.charge
    details: dict[str, str | int] = {"charge": intent.action.model_dump()["charge"]}
    if charge is not None and not isinstance(charge, str):
        card = charge.payment_method_details.card if charge.payment_method_details else None
        if card is not None and card.last4:
            details["card"] = card.last4
        if charge.description:
            details["description"] = charge.description
    return Receipt(
        kind=Refund.tool,
        stripe_id=refund.id,
        status=objects.needed(refund.status, "a refund's status"),
        amount=Money(refund.amount, refund.currency),
        details=details,
    )
