"""What became of each proposal of a turn, in a form that can be journalled, printed and spoken about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from billing.declines import by_bank
from billing.money import Money
from policy.decisions import Decision, Deny, NeedsApproval, NeedsConfirmation, verdict
from policy.settlement import Settlement


@dataclass(frozen=True, slots=True)
class EffectRecord:
    """One settlement. `status` is `refused | waiting | succeeded | failed | unknown`, `verdict` the law's word.

    `secret` is a private link for the customer; it is left out of `journalled`.
    """

    tool: str
    arguments: Mapping[str, Any]
    proposal: str
    status: str
    verdict: str
    rule: str
    reason: str
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    remedy: str | None = None
    customer_reason: str | None = None
    customer_remedy: str | None = None
    shown: str | None = None
    stripe_id: str | None = None
    receipt_status: str | None = None
    amount: Money | None = None
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])
    failure: str | None = None
    secret: str | None = None

    @property
    def needs_approval(self) -> bool:
        return self.status == "waiting" and self.verdict == "needs_approval"

    @property
    def needs_confirmation(self) -> bool:
        return self.status == "waiting" and self.verdict == "needs_confirmation"

    @property
    def answered(self) -> bool:
        """A refusal that is a whole answer: the customer knows why, and what they can do themselves."""
        return self.status == "refused" and bool(self.customer_remedy)

    @property
    def declined(self) -> bool:
        """The customer's bank said no, so there is something that they can do about it."""
        return self.status == "failed" and by_bank(self.failure or "")

    def journalled(self) -> dict[str, Any]:
        """JSON-safe, without the secret."""
        return {
            "tool": self.tool,
            "arguments": dict(self.arguments),
            "proposal": self.proposal,
            "status": self.status,
            "verdict": self.verdict,
            "rule": self.rule,
            "reason": self.reason,
            "facts": dict(self.facts),
            "remedy": self.remedy,
            "customer_reason": self.customer_reason,
            "customer_remedy": self.customer_remedy,
            "shown": self.shown,
            "stripe_id": self.stripe_id,
            "receipt_status": self.receipt_status,
            "amount": None if self.amount is None else {"amount": self.amount.amount, "currency": self.amount.currency},
            "details": dict(self.details),
            "failure": self.failure,
        }

    def told(self) -> dict[str, Any]:
        """What the model may know of it."""
        return {
            "status": self.status,
            "verdict": self.verdict,
            "reason": self.customer_reason or self.reason,
            "remedy": self.remedy,
            "amount": None if self.amount is None else str(self.amount),
            "note": "The customer is told about this from the ledger; do not put it in your own words.",
        }

    def effect(self) -> dict[str, Any] | None:
        """`{kind, stripe_id, amount, currency}` of a committed change, None of anything else."""
        if self.status != "succeeded" or self.stripe_id is None:
            return None
        return {
            "kind": self.tool,
            "stripe_id": self.stripe_id,
            "amount": None if self.amount is None else self.amount.amount,
            "currency": None if self.amount is None else self.amount.currency,
        }

    def decision(self) -> dict[str, Any]:
        return {
            "tool": self.tool,
            "verdict": self.verdict,
            "rule": self.rule,
            "reason": self.reason,
            "facts": dict(self.facts),
            "remedy": self.remedy,
        }


def record(settlement: Settlement) -> EffectRecord:
    decision: Decision = settlement.decision
    receipt = settlement.receipt
    return EffectRecord(
        tool=settlement.proposal.tool,
        arguments=settlement.proposal.arguments,
        proposal=settlement.proposal.id,
        status=settlement.status.value,
        verdict=verdict(decision),
        rule=decision.rule,
        reason=decision.reason,
        facts=dict(decision.facts),
        remedy=decision.remedy,
        customer_reason=decision.customer_reason or None if isinstance(decision, Deny) else None,
        customer_remedy=decision.customer_remedy or None if isinstance(decision, Deny) else None,
        shown=decision.shown or None if isinstance(decision, NeedsConfirmation | NeedsApproval) else None,
        stripe_id=None if receipt is None else receipt.stripe_id,
        receipt_status=None if receipt is None else receipt.status,
        amount=None if receipt is None else receipt.amount,
        details={} if receipt is None else dict(receipt.details),
        failure=settlement.failure,
        secret=None if receipt is None else receipt.secret,
    )


def unsettled(tool: str, arguments: Mapping[str, Any], proposal: str, why: str) -> EffectRecord:
    """The gate itself failed: nobody knows yet whether anything happened. The reconciler will find out."""
    return EffectRecord(
        tool=tool,
        arguments=dict(arguments),
        proposal=proposal,
        status="pending_reconciliation",
        verdict="error",
        rule="gate.unavailable",
        reason=f"The gate did not answer ({why}).",
    )


def restored(content: Mapping[str, Any]) -> EffectRecord:
    """The inverse of `journalled`."""
    fields = dict(content)
    amount = fields.pop("amount")
    return EffectRecord(**fields, amount=None if amount is None else Money(amount["amount"], amount["currency"]))
