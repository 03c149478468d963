"""The tool `refund_status`: where a refund is, when it arrives, and who made it."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from billing.facts import RefundFacts
from tools.answers import Amount, Answer, amount, day, moment
from tools.desk import NOT_FOUND, Desk
from tools.registry import Arguments
from tools.stripe_history import history

SHOWN: Final = 20
ARRIVES: Final = timedelta(days=10)
"""A refund reaches a card within 5 to 10 days (docs.stripe.com/refunds)."""

_WORDS: Final = {
    "pending": "on its way: the bank has not confirmed it yet",
    "requires_action": "held up: something has to be done before it is paid out",
    "succeeded": "paid out; banks take up to 10 days to show it",
    "failed": "failed: the bank did not take the money, so it was not paid out",
    "canceled": "canceled: it was not paid out",
}


class RefundStatus(Arguments):
    """Find out where a refund is: its status in words, when it should arrive, why it failed, and whether it was made
    in the dashboard or by Lee. Use it before promising or making another refund."""

    charge: Annotated[str, StringConstraints(max_length=128)] | None = Field(
        description="Refunds of this one charge id only, or null for all recent refunds."
    )


class RefundStatusRow(Answer):
    """`expected_by` is null once it can no longer arrive. `made_by` is `lee` or `dashboard` (by a person)."""

    id: str
    charge: str
    amount: Amount
    status: str
    meaning: str
    created: str
    expected_by: str | None
    failed_reason: str | None
    made_by: str


class RefundStatusAnswer(Answer):
    """`more` says that there are older refunds which are not shown. `note` explains an empty list."""

    refunds: list[RefundStatusRow]
    more: bool
    note: str | None


async def refund_status(arguments: RefundStatus, desk: Desk) -> RefundStatusAnswer:
    if arguments.charge is None:
        past = await history(desk.stripe)
        found, cut = past.refunds, bool({"refunds", "charges"} & past.cut)
    else:
        if await desk.stripe.raw_charge(arguments.charge) is None:
            return RefundStatusAnswer(refunds=[], more=False, note=NOT_FOUND)
        listed = await desk.stripe.refunds(arguments.charge)
        found, cut = listed.items, listed.more
    newest = sorted(found, key=lambda refund: refund.created, reverse=True)
    return RefundStatusAnswer(
        refunds=[_row(refund) for refund in newest[:SHOWN]],
        more=cut or len(newest) > SHOWN,
        note=None if newest else "nothing was refunded",
    )


def _row(refund: RefundFacts) -> RefundStatusRow:
    lives = refund.status in ("pending", "requires_action", "succeeded")
    return RefundStatusRow(
        id=refund.id,
        charge=refund.charge,
        amount=amount(refund.amount),
        status=refund.status,
        meaning=_WORDS.get(refund.status, "in a state that is not known here"),
        created=moment(refund.created),
        expected_by=day(refund.created + ARRIVES) if lives else None,
        failed_reason=refund.failure_reason,
        made_by="lee" if "lee_intent" in refund.metadata else "dashboard",
    )
