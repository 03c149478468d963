"""Cases: the durable matter between a customer and whoever owns it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Row, bindparam, insert, select, update

from store.errors import Conflict, NotFound, StaleEpoch
from store.ids import fresh
from store.instants import read, written
from store.tables import cases

if TYPE_CHECKING:
    from store.unit_of_work import UnitOfWork

# Built once: each turn runs them several times, and to build one costs more than to run it.
_OPEN = insert(cases).returning(cases)
_ONE = select(cases).where(cases.c.id == bindparam("wanted"))
_HELD = _ONE.with_for_update()
_CHANGE = update(cases).where(cases.c.id == bindparam("wanted")).returning(cases)


@dataclass(frozen=True, slots=True)
class CaseRow:
    """`owner` is `lee` or `human`; `epoch` rises with every change of owner. `status` is
    `open | awaiting_customer | escalated | resolved`."""

    id: str
    customer: str
    user: str
    role: str
    channel: str
    owner: str
    epoch: int
    status: str
    topic: str | None
    opened_at: datetime
    updated_at: datetime


class CaseRows:
    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._held: dict[str, CaseRow] = {}  # by nobody else until the unit ends, so they are as they were read

    def open(self, customer: str, user: str, role: str, channel: str) -> CaseRow:
        """A new case, owned by Lee at epoch 1. All four come from the channel's authentication."""
        case_id = fresh("case")
        now = written(self._uow.clock())
        row = self._uow.connection.execute(
            _OPEN,
            {
                "id": case_id,
                "customer": customer,
                "user": user,
                "role": role,
                "channel": channel,
                "opened_at": now,
                "updated_at": now,
            },
        ).one()
        return self._hold(row)

    def get(self, case_id: str) -> CaseRow:
        """Raises `NotFound`."""
        if case_id in self._held:
            return self._held[case_id]
        row = self._uow.connection.execute(_ONE, {"wanted": case_id}).first()
        if row is None:
            raise NotFound("case", case_id)
        return _case(row)

    def locked(self, case_id: str) -> CaseRow:
        """`get`, holding the case until the unit ends, so that numbering and queueing within it are serial."""
        if case_id in self._held:
            return self._held[case_id]
        row = self._uow.connection.execute(_HELD, {"wanted": case_id}).first()
        if row is None:
            raise NotFound("case", case_id)
        return self._hold(row)

    def list(self, status: str | None = None) -> list[CaseRow]:
        """Newest first; all of them, or those of one status."""
        query = select(cases).order_by(cases.c.opened_at.desc(), cases.c.id)
        if status is not None:
            query = query.where(cases.c.status == status)
        return [_case(row) for row in self._uow.connection.execute(query)]

    def of_customer(self, customer: str) -> list[CaseRow]:
        """Newest first."""
        query = select(cases).where(cases.c.customer == customer).order_by(cases.c.opened_at.desc(), cases.c.id)
        return [_case(row) for row in self._uow.connection.execute(query)]

    def set_topic(self, case_id: str, topic: str) -> CaseRow:
        """Raises `NotFound`."""
        return self._set(case_id, topic=topic)

    def set_status(self, case_id: str, status: str, topic: str | None = None) -> CaseRow:
        """And what the case is about, if that is given. Raises `NotFound`, and `Conflict` for an unknown status."""
        if status not in ("open", "awaiting_customer", "escalated", "resolved"):
            raise Conflict(f"A case cannot be {status!r}.")
        return self._set(case_id, status=status, **({} if topic is None else {"topic": topic}))

    def take_over(self, case_id: str, human: str) -> CaseRow:
        """A human owns the case from now on; whatever began at the old epoch is stale. Audited. Raises `NotFound`."""
        return self._change_owner(case_id, "human", "case.taken_over", f"human:{human}")

    def hand_back(self, case_id: str, human: str = "unnamed") -> CaseRow:
        """Lee owns the case again, at a new epoch. Audited. Raises `NotFound`."""
        return self._change_owner(case_id, "lee", "case.handed_back", f"human:{human}")

    def require(self, case_id: str, owner: str, epoch: int) -> CaseRow:
        """The case, held until the unit ends, if it is still `owner`'s at `epoch`. Raises `StaleEpoch`, `NotFound`."""
        case = self.locked(case_id)
        if (case.owner, case.epoch) != (owner, epoch):
            raise StaleEpoch(case_id, (owner, epoch), (case.owner, case.epoch))
        return case

    def _change_owner(self, case_id: str, owner: str, kind: str, actor: str) -> CaseRow:
        case = self._set(case_id, owner=owner, epoch=self.locked(case_id).epoch + 1)
        self._uow.record(kind, actor, case_id, case.customer, {"owner": owner, "epoch": case.epoch})
        return case

    def _set(self, case_id: str, **values: object) -> CaseRow:
        row = self._uow.connection.execute(
            _CHANGE, {"wanted": case_id, "updated_at": written(self._uow.clock()), **values}
        ).first()
        if row is None:
            raise NotFound("case", case_id)
        return self._hold(row)

    def _hold(self, row: Row[tuple[object, ...]]) -> CaseRow:
        self._held[row.id] = case = _case(row)
        return case


def _case(row: Row[tuple[object, ...]]) -> CaseRow:
    return CaseRow(
        row.id,
        row.customer,
        row.user,
        row.role,
        row.channel,
        row.owner,
        row.epoch,
        row.status,
        row.topic,
        read(row.opened_at),
        read(row.updated_at),
    )
