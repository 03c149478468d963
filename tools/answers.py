"""Parts of the answers that read tools give to a model: compact, with ids, money as integers, dates as ISO 8601.

Why a bank blocked a card is kept back here already: a model cannot tell what it never saw.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from pydantic import BaseModel, ConfigDict

from billing.declines import DeclineClass, classify, reason
from billing.facts import Decline
from billing.money import Money


class Answer(BaseModel):
    """Base of every result of a read tool."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Amount(Answer):
    """`amount` in minor units (cents); `display` is how to write it."""

    amount: int
    currency: str
    display: str


class DeclineAnswer(Answer):
    """`reason` is the bank's code where the customer may know it; `next` what may be done with the same card."""

    reason: str
    next: DeclineClass


TEXT: Final = 200
KEPT_BACK: Final = "declined_by_bank"


def brief(text: str | None) -> str | None:
    """A text of somebody else's (a description, an order number) at a length that fits an answer."""
    return text if text is None or len(text) <= TEXT else text[: TEXT - 1] + "…"


def amount(money: Money) -> Amount:
    return Amount(amount=money.amount, currency=money.currency, display=str(money))


def amount_or_none(money: Money | None) -> Amount | None:
    return None if money is None else amount(money)


def moment(at: datetime) -> str:
    """`2026-11-20T22:57:00Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def day(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).date().isoformat()


def decline(given: Decline | None) -> DeclineAnswer | None:
    """Lost, stolen, fraud and the like are not to be told (docs.stripe.com/declines/codes)."""
    if given is None:
        return None
    kind = classify(given)
    return DeclineAnswer(reason=KEPT_BACK if kind is DeclineClass.NEVER_RETRY else reason(given), next=kind)
