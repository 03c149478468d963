"""Escalations: what a human has to take up, with the whole context in a sealed handoff packet."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Row, insert, select, update

from store.errors import Conflict, NotFound
from store.ids import fresh
from store.instants import read, read_or_none, written
from store.keys import Erased
from store.redaction import redact_value
from store.tables import escalations

if TYPE_CHECKING:
    from store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class EscalationRow:
    """`status` is `open | acknowledged | closed`; `proposal_id` is what waits for approval, if anything.

    `packet` is None once the customer was erased."""

    id: str
    case_id: str
    turn_id: str | None
    proposal_id: str | None
    reason: str
    packet: dict[str, object] | None
    status: str
    created_at: datetime
    acknowledged_by: str | None
    closed_at: datetime | None


class EscalationRows:
    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def open(
        self,
        case_id: str,
        turn_id: str | None,
        proposal_id: str | None,
        reason: str,
        packet: Mapping[str, object],
    ) -> EscalationRow:
        """Open an escalation; audited. The same turn, proposal and reason again (recovery) returns the open one.

        Raises `NotFound` for the case."""
        case = self._uow.cases.locked(case_id)
        if turn_id is not None:
            known = self._uow.connection.execute(
                select(escalations).where(
                    escalations.c.turn_id == turn_id,
                    escalations.c.proposal_id.is_not_distinct_from(proposal_id),
                    escalations.c.reason == reason,
                    escalations.c.status != "closed",
                )
            ).first()
            if known is not None:
                return self._opened(known)
        escalation_id = fresh("esc")
        plain = json.dumps(redact_value(dict(packet)), allow_nan=False).encode("ascii")
        _, sealed = self._uow.keys.seal(case.customer, plain, _aad(escalation_id))
        self._uow.connection.execute(
            insert(escalations).values(
                id=escalation_id,
                case_id=case_id,
                turn_id=turn_id,
                proposal_id=proposal_id,
                reason=reason,
                packet_sealed=sealed,
                created_at=written(self._uow.clock()),
            )
        )
        detail = {"escalation": escalation_id, "reason": reason, "turn": turn_id, "proposal": proposal_id}
        self._uow.record("escalation.opened", "lee", case_id, case.customer, detail)
        return self.get(escalation_id)

    def get(self, escalation_id: str) -> EscalationRow:
        """Raises `NotFound`."""
        row = self._uow.connection.execute(select(escalations).where(escalations.c.id == escalation_id)).first()
        if row is None:
            raise NotFound("escalation", escalation_id)
        return self._opened(row)

    def list(self, status: str | None = None) -> list[EscalationRow]:
        """Oldest first; all of them, or those of one status."""
        query = select(escalations).order_by(escalations.c.created_at, escalations.c.id)
        if status is not None:
            query = query.where(escalations.c.status == status)
        return [self._opened(row) for row in self._uow.connection.execute(query)]

    def of(self, case_id: str) -> list[EscalationRow]:
        """A case's escalations, oldest first."""
        query = select(escalations).where(escalations.c.case_id == case_id)
        query = query.order_by(escalations.c.created_at, escalations.c.id)
        return [self._opened(row) for row in self._uow.connection.execute(query)]

    def acknowledge(self, escalation_id: str, human: str) -> EscalationRow:
        """A human has seen it; the first one stays named. Audited. Raises `NotFound`, `Conflict` when closed."""
        row = self.get(escalation_id)
        if row.status == "closed":
            raise Conflict(f"Escalation {escalation_id} is closed.")
        if row.status == "open":
            self._set(escalation_id, "open", status="acknowledged", acknowledged_by=human)
            self._audit("escalation.acknowledged", human, row)
        return self.get(escalation_id)

    def close(self, escalation_id: str, human: str) -> EscalationRow:
        """Done with. Audited; closing twice changes nothing. Raises `NotFound`."""
        row = self.get(escalation_id)
        if row.status != "closed":
            self._set(escalation_id, row.status, status="closed", closed_at=written(self._uow.clock()))
            self._audit("escalation.closed", human, row)
        return self.get(escalation_id)

    def _set(self, escalation_id: str, was: str, **values: object) -> None:
        changed = self._uow.connection.execute(
            update(escalations).where(escalations.c.id == escalation_id, escalations.c.status == was).values(**values)
        )
        if changed.rowcount != 1:
            raise Conflict(f"Escalation {escalation_id} changed meanwhile.")

    def _audit(self, kind: str, human: str, row: EscalationRow) -> None:
        customer = self._uow.cases.get(row.case_id).customer
        self._uow.record(kind, f"human:{human}", row.case_id, customer, {"escalation": row.id})

    def _opened(self, row: Row[tuple[object, ...]]) -> EscalationRow:
        plain = self._uow.keys.open(row.packet_sealed, _aad(row.id))
        return EscalationRow(
            row.id,
            row.case_id,
            row.turn_id,
            row.proposal_id,
            row.reason,
            None if isinstance(plain, Erased) else json.loads(plain),
            row.status,
            read(row.created_at),
            row.acknowledged_by,
            read_or_none(row.closed_at),
        )


def _aad(escalation_id: str) -> bytes:
    return f"escalations.packet:{escalation_id}".encode()
