"""What the law says of a proposal. No match, an error or a missing fact is `Deny`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from billing.money import Money

FactValue = str | int | bool | None


@dataclass(frozen=True, slots=True)
class Reservation:
    """`amount` minor units (or a count) to hold under `budget`.

    `cap` None counts without limit (a human's approval stands above Lee's caps, but Lee must see what was spent).
    When the cap would be passed, `rule` and `reason` become a `NeedsApproval`. `per_try` counts the try itself: it is
    not given back when Stripe refuses.
    """

    budget: str
    amount: int
    cap: int | None
    rule: str
    reason: str
    per_try: bool = False


@dataclass(frozen=True, slots=True)
class Ruling:
    """Common to every decision. `rule` is a stable dotted name, `reason` one plain sentence a support lead understands,
    `remedy` what would change the answer, `facts` the values that were compared."""

    rule: str
    reason: str
    facts: Mapping[str, FactValue] = field(default_factory=dict[str, FactValue])
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class Allow(Ruling):
    """Carry it out, holding `reservations` and using up the named consents.

    `value`: what it moves; positive leaves the company, negative is collected from the customer, None moves nothing.
    """

    reservations: tuple[Reservation, ...] = ()
    value: Money | None = None
    confirmation: str | None = None
    approval: str | None = None


@dataclass(frozen=True, slots=True)
class NeedsConfirmation(Ruling):
    """The customer must say yes to `shown`, through the channel."""

    shown: str = ""


@dataclass(frozen=True, slots=True)
class NeedsApproval(Ruling):
    """A human must say yes to `shown`; `value` is held against that human's limit."""

    shown: str = ""
    value: Money | None = None


@dataclass(frozen=True, slots=True)
class Deny(Ruling):
    """No. `customer_reason` is the same in the customer's words, without internals.

    `customer_remedy`: what the customer can do, or that nothing is left to do. Where it is given the denial is a whole
    answer, and no human is called for what a human could not change; without it one takes over.
    """

    customer_reason: str = ""
    customer_remedy: str = ""


Decision = Allow | NeedsConfirmation | NeedsApproval | Deny


def verdict(decision: Decision) -> str:
    """`allow | needs_confirmation | needs_approval | deny`: as stored, printed and counted."""
    match decision:
        case Allow():
            return "allow"
        case NeedsConfirmation():
            return "needs_confirmation"
        case NeedsApproval():
            return "needs_approval"
        case Deny():
            return "deny"
