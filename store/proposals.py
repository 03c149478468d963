"""Proposals with their latest decision: what was asked, what the law said, what a person was shown."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Row, insert, select, update

from store.errors import Conflict, NotFound
from store.instants import read, written
from store.tables import proposals

if TYPE_CHECKING:
    from store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """`verdict` is `allow | needs_confirmation | needs_approval | deny`; `digest` what a consent must match."""

    id: str
    case_id: str
    turn_id: str | None
    epoch: int
    actor: str
    tool: str
    arguments: dict[str, object]
    digest: str
    verdict: str
    rule: str
    reason: str
    shown: str | None
    decided_at: datetime


class ProposalRows:
    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def decided(self, row: ProposalRow) -> None:
        """Keep the decision on a proposal: the first one, or the newer one after a consent.

        Raises `Conflict` when that id already stands for another action or case.
        """
        values: dict[str, object] = {
            "epoch": row.epoch,
            "actor": row.actor,
            "digest": row.digest,
            "verdict": row.verdict,
            "rule": row.rule,
            "reason": row.reason,
            "shown": row.shown,
            "decided_at": written(row.decided_at),
        }
        connection = self._uow.connection
        earlier = self.find(row.id)
        if earlier is None:
            connection.execute(
                insert(proposals).values(
                    id=row.id,
                    case_id=row.case_id,
                    turn_id=row.turn_id,
                    tool=row.tool,
                    arguments=json.dumps(row.arguments, sort_keys=True),
                    **values,
                )
            )
            return
        if (earlier.case_id, earlier.tool, earlier.arguments) != (row.case_id, row.tool, row.arguments):
            raise Conflict(f"Proposal {row.id} stands for something else.")
        connection.execute(update(proposals).where(proposals.c.id == row.id).values(values))

    def get(self, proposal_id: str) -> ProposalRow:
        """Raises `NotFound`."""
        found = self.find(proposal_id)
        if found is None:
            raise NotFound("proposal", proposal_id)
        return found

    def find(self, proposal_id: str) -> ProposalRow | None:
        found = self._uow.connection.execute(select(proposals).where(proposals.c.id == proposal_id)).one_or_none()
        return None if found is None else _row(found)

    def of(self, case_id: str) -> list[ProposalRow]:
        """All proposals of a case, oldest decision first."""
        rows = self._uow.connection.execute(
            select(proposals).where(proposals.c.case_id == case_id).order_by(proposals.c.decided_at, proposals.c.id)
        )
        return [_row(row) for row in rows]


def _row(found: Row[tuple[object, ...]]) -> ProposalRow:
    return ProposalRow(
        found.id,
        found.case_id,
        found.turn_id,
        found.epoch,
        found.actor,
        found.tool,
        json.loads(found.arguments),
        found.digest,
        found.verdict,
        found.rule,
        found.reason,
        found.shown,
        read(found.decided_at),
    )
