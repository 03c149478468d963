"""A proposal: an action somebody asks for, tied to the case, the epoch and the authenticated customer."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from billing.ids import CaseId, CustomerId, ProposalId, TurnId
from policy.actions import Action


class Role(StrEnum):
    """The user's role in the customer's organisation, from the host application's token.

    Which roles may spend or cancel is a limit (`billing_roles` in limits.toml).
    """

    OWNER = "owner"
    ADMIN = "admin"
    BILLING = "billing"
    MEMBER = "member"
    VIEWER = "viewer"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who the customer is. Comes from authentication and from nowhere else."""

    customer: CustomerId
    user: str
    role: Role


Owner = Literal["lee", "human"]


@dataclass(frozen=True, slots=True)
class Proposal:
    """`owner` and `epoch` are those of the case when the proposer last looked; the gate refuses stale ones.

    `id` is derived from the turn and the tool call, so a replayed turn proposes the same proposal again.
    """

    id: ProposalId
    case: CaseId
    turn: TurnId | None
    principal: Principal
    action: Action
    actor: str  # "lee:<model>" or "human:<name>"
    owner: Owner
    epoch: int

    @property
    def tool(self) -> str:
        return self.action.tool

    @property
    def arguments(self) -> dict[str, object]:
        return self.action.model_dump(mode="json")


def consent_digest(proposal: Proposal, shown: str) -> str:
    """Hex SHA-256 over the tool, its arguments and the sentence a person said yes to.

    A changed argument, amount, date or card changes the sentence, so an old yes no longer fits.
    """
    told = {"tool": proposal.tool, "arguments": proposal.arguments, "shown": shown}
    return hashlib.sha256(json.dumps(told, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
