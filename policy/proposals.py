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

    Only OWNER, ADMIN and BILLING may spend or cancel."""

    OWNER = "owner"
    ADMIN = "admin"
    BILLING = "billing"
    MEMBER = "member"
    VIEWER = "viewer"


BILLING_ROLES = frozenset({Role.OWNER, Role.ADMIN, Role.BILLING})


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

    @property
    def digest(self) -> str:
        """SHA-256 over tool and arguments: what a confirmation or an approval was given for."""
        return digest(self.tool, self.arguments)


def digest(tool: str, arguments: dict[str, object]) -> str:
    """Hex SHA-256 of the canonical JSON of a tool call."""
    canonical = json.dumps({"tool": tool, "arguments": arguments}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
