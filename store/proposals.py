"""Proposals with their latest decision: what was asked, what the law said, what a person was shown."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Row, bindparam, insert, select, update

from store import personal
from store.errors import Conflict, NotFound
from store.instants import read, written
from store.messages import ERASED_TEXT
from store.tables import proposals

if TYPE_CHECKING:
    from store.unit_of_work import UnitOfWork


# Built once, as they are on the way of every effect: to build one costs more than to run it.
_ONE = select(proposals).where(proposals.c.id == bindparam("wanted"))
_FIRST = insert(proposals)
_AGAIN = update(proposals).where(proposals.c.id == bindparam("wanted"))


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """`verdict` is `allow | needs_confirmation | needs_approval | deny`; `digest` what a consent must match.

    `personal`: arguments and shown hold a person's own words, and are sealed. After an erasure they are empty."""

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
    personal: bool = False


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
            "shown": None if row.personal else row.shown,
            "decided_at": written(row.decided_at),
        }
        if row.personal:
            customer = self._uow.cases.get(row.case_id).customer
            values["personal_sealed"] = personal.seal(self._uow, customer, row.id, row.arguments, row.shown)
        connection = self._uow.connection
        earlier = self.find(row.id)
        if earlier is None:
            connection.execute(
                _FIRST,
                {
                    "id": row.id,
                    "case_id": row.case_id,
                    "turn_id": row.turn_id,
                    "tool": row.tool,
                    "arguments": json.dumps({} if row.personal else row.arguments, sort_keys=True),
                    **values,
                },
            )
            return
        if (earlier.case_id, earlier.tool, earlier.arguments) != (row.case_id, row.tool, row.arguments):
            raise Conflict(f"Proposal {row.id} stands for something else.")
        connection.execute(_AGAIN, {"wanted": row.id, **values})

    def get(self, proposal_id: str) -> ProposalRow:
        """Raises `NotFound`."""
        found = self.find(proposal_id)
        if found is None:
            raise NotFound("proposal", proposal_id)
        return found

    def find(self, proposal_id: str) -> ProposalRow | None:
        found = self._uow.connection.execute(_ONE, {"wanted": proposal_id}).one_or_none()
        return None if found is None else self._row(found)

    def of(self, case_id: str) -> list[ProposalRow]:
        """All proposals of a case, oldest decision first."""
        rows = self._uow.connection.execute(
            select(proposals).where(proposals.c.case_id == case_id).order_by(proposals.c.decided_at, proposals.c.id)
        )
        return [self._row(row) for row in rows]

    def _row(self, found: Row[tuple[object, ...]]) -> ProposalRow:
        row = _row(found)
        if found.personal_sealed is None:
            return row
        kept = personal.unseal(self._uow, row.id, found.personal_sealed)
        if kept is None:
            return replace(row, shown=ERASED_TEXT, personal=True)
        return replace(row, arguments=kept[0], shown=kept[1], personal=True)


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
