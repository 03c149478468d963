"""The tool `list_charges`: what was taken from the customer's cards, and what came back."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, StringConstraints

from billing.facts import ChargeFacts, DisputeFacts, RefundFacts
from billing.twins import same_purchase
from tools.answers import Amount, Answer, DeclineAnswer, amount, brief, decline, moment
from tools.desk import NOT_FOUND, Desk
from tools.registry import Arguments
from tools.stripe_history import history

SHOWN: Final = 20


class ListCharges(Arguments):
    """List the customer's newest card charges with ids, amounts, what was refunded or disputed, and which ones paid for
    the same purchase twice. Use it before any refund."""

    charge: Annotated[str, StringConstraints(max_length=128)] | None = Field(
        description="Look at this one charge id only, or null for the newest charges."
    )


class RefundAnswer(Answer):
    id: str
    amount: Amount
    status: str
    created: str


class ChargeAnswer(Answer):
    """`same_purchase_as` are other charges that paid for the same purchase: same amount, same order, invoice or
    description, within 24 hours."""

    id: str
    created: str
    amount: Amount
    amount_refunded: Amount
    status: str
    description: str | None
    order: str | None
    invoice: str | None
    card: str | None
    refunds: list[RefundAnswer]
    disputed: bool
    dispute_status: str | None
    decline: DeclineAnswer | None
    same_purchase_as: list[str]


class ChargesAnswer(Answer):
    """`more` says that there are older charges which are not shown. `note` explains an empty list."""

    charges: list[ChargeAnswer]
    more: bool
    note: str | None


async def list_charges(arguments: ListCharges, desk: Desk) -> ChargesAnswer:
    past = await history(desk.stripe)
    wanted, refunds, more = past.charges, past.refunds, "charges" in past.cut
    if arguments.charge is not None:
        wanted, more = tuple(each for each in wanted if each.id == arguments.charge), False
        if not wanted:
            older = await desk.stripe.charge(arguments.charge)
            if older is None:
                return ChargesAnswer(charges=[], more=False, note=NOT_FOUND)
            wanted, refunds = (older,), (await desk.stripe.refunds(older.id)).items
    disputes = await desk.stripe.disputes(wanted[:SHOWN])
    return ChargesAnswer(
        charges=[_charge(each, past.charges, refunds, disputes.items) for each in wanted[:SHOWN]],
        more=more or len(wanted) > SHOWN,
        note=None if wanted else "nothing was ever charged on this account",
    )


def _charge(
    charge: ChargeFacts,
    others: tuple[ChargeFacts, ...],
    refunds: tuple[RefundFacts, ...],
    disputes: tuple[DisputeFacts, ...],
) -> ChargeAnswer:
    return ChargeAnswer(
        id=charge.id,
        created=moment(charge.created),
        amount=amount(charge.amount),
        amount_refunded=amount(charge.amount_refunded),
        status=charge.status,
        description=brief(charge.description),
        order=brief(charge.order),
        invoice=charge.invoice,
        card=charge.last4,
        refunds=[
            RefundAnswer(
                id=refund.id, amount=amount(refund.amount), status=refund.status, created=moment(refund.created)
            )
            for refund in refunds
            if refund.charge == charge.id
        ],
        disputed=charge.disputed,
        dispute_status=next((each.status for each in disputes if each.charge == charge.id), None),
        decline=decline(charge.decline),
        same_purchase_as=[other.id for other in others if same_purchase(charge, other)],
    )
