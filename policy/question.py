"""What a rule is asked: a proposal, fresh facts, the limits, and what the ledger and the consents say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Generic, TypeVar

from policy.actions import Action
from policy.facts import ActionFacts
from policy.limits import CurrencyLimits, Limits
from policy.proposals import Proposal, consent_digest

A = TypeVar("A", bound=Action, covariant=True)
F = TypeVar("F", bound=ActionFacts, covariant=True)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the ledger knows of this tool on this target (charge, invoice, subscription or customer)."""

    in_flight: bool = False  # an intent on the target, or on what it relies on, waits for its outcome, in any case
    settled_in_case: int = 0  # intents of this tool on the target that succeeded within this case
    refunded: int = 0  # minor units refunded of, or credited for, the target by the ledger's account
    twin_refunded: int = 0  # the same of the charge that a duplicate's refund leaves standing


@dataclass(frozen=True, slots=True)
class Approval:
    id: str
    human: str


@dataclass(frozen=True, slots=True)
class Consents:
    """Unused, unexpired consents of this case by consent digest."""

    confirmations: Mapping[str, str] = field(default_factory=dict[str, str])  # digest -> confirmation id
    approvals: Mapping[str, Approval] = field(default_factory=dict[str, Approval])


@dataclass(frozen=True, slots=True)
class Question(Generic[A, F]):
    proposal: Proposal
    action: A
    facts: F
    limits: Limits
    standing: Standing
    consents: Consents
    now: datetime

    def currency(self, code: str) -> CurrencyLimits | None:
        return self.limits.currency.get(code)

    def digest(self, shown: str) -> str:
        return consent_digest(self.proposal, shown)

    @property
    def month(self) -> str:
        """Calendar month in UTC, as budgets are named: `2026-11`."""
        return self.now.astimezone(UTC).strftime("%Y-%m")

    @property
    def day(self) -> str:
        return self.now.astimezone(UTC).strftime("%Y-%m-%d")
