"""What became of a proposal: the gate's answer, and the only source of sentences about effects."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from policy.decisions import Decision
from policy.effects import Intent, Receipt
from policy.proposals import Proposal


class Status(StrEnum):
    REFUSED = "refused"  # the decision was Deny: nothing was tried
    WAITING = "waiting"  # for the customer's confirmation or a human's approval: nothing was tried
    SUCCEEDED = "succeeded"  # the effect is committed at Stripe; `receipt` says what
    FAILED = "failed"  # Stripe answered no; nothing changed; `failure` says why
    PENDING = "pending_reconciliation"  # no answer: the reconciler will find out; nobody may say done or not done


@dataclass(frozen=True, slots=True)
class Settlement:
    proposal: Proposal
    decision: Decision
    status: Status
    intent: Intent | None = None
    receipt: Receipt | None = None
    failure: str | None = None  # Stripe's code, e.g. card_declined:insufficient_funds
