"""What the gate needs from the hands: fresh facts, one effect, and a way to recognise an effect already made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from audit.completeness import key_mark
from billing.ids import CaseId, CustomerId, IntentId
from billing.money import Money
from policy.actions import Action
from policy.facts import ActionFacts
from policy.proposals import Principal


@dataclass(frozen=True, slots=True)
class Intent:
    """The ledger row written before an effect. `idempotency_key` goes to Stripe on every try of this intent;
    `metadata` is what `find` recognises the effect by, where Stripe's call takes metadata. Both carry the leaf of the
    audit entry that decided it: Stripe is a witness that nobody here can change."""

    id: IntentId
    case: CaseId
    customer: CustomerId
    action: Action
    operation_key: str
    idempotency_key: str
    value: Money | None
    created: datetime
    attempt: int

    @property
    def metadata(self) -> dict[str, str]:
        told = {"lee_intent": self.id, "lee_operation": self.operation_key, "lee_case": self.case}
        ours = key_mark(self.idempotency_key)
        return told if ours is None or ours[1] is None else {**told, "lee_entry": ours[1]}


@dataclass(frozen=True, slots=True)
class Receipt:
    """What Stripe says was done. `status` is Stripe's own word (`succeeded`, `pending`, `paid`, `active`, …).

    `details` are small facts for the reply (dates, card ending, plan names): strings and integers only.
    `secret` is a short-lived URL for the customer; it is never stored in the ledger.
    """

    kind: str  # the tool's name
    stripe_id: str
    status: str
    amount: Money | None = None
    details: Mapping[str, str | int] = field(default_factory=dict[str, "str | int"])
    secret: str | None = None


# The one refusal that says nothing about earlier tries of the same intent: Stripe did not look at this one.
RATE_LIMITED: Final = "rate_limited"


class EffectError(Exception):
    """Base of the two ways an effect can fail; each says what is certain."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class EffectRefused(EffectError):
    """Stripe answered no: nothing changed in the world. `code` is Stripe's (`card_declined:insufficient_funds`)."""


class EffectUnknown(EffectError):
    """No answer that settles it (time-out, connection lost, 5xx, conflict): it may or may not have happened."""


class FactsUnavailable(Exception):
    """A source of facts did not answer: the gate denies."""


class Effects(Protocol):
    """Implemented by `tools`, injected by `app.wiring`."""

    async def facts(self, action: Action, principal: Principal) -> ActionFacts:
        """Read everything the rules compare, now. Another customer's object is returned as absent (None)."""
        ...

    async def perform(self, intent: Intent) -> Receipt:
        """Make the effect, sending `intent.idempotency_key`. Raises `EffectRefused` or `EffectUnknown`."""
        ...

    async def find(self, intent: Intent) -> Receipt | None:
        """The effect of this very intent if Stripe shows it, by the operations table.

        Raises `EffectUnknown` when Stripe does not answer."""
        ...

    async def taken_back(self, intent: Intent, stripe_id: str) -> str | None:
        """Why an effect that had succeeded is none any more (a refund that the bank returned); None while it stands.

        Raises `EffectUnknown` when Stripe does not answer."""
        ...
