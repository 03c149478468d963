"""What humans decided about the drafts that cases give: published as an article, or discarded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update

from store.instants import read, written
from store.tables import draft_decisions

if TYPE_CHECKING:
    from store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class DraftDecision:
    """`status` is `published | discarded`; `article` is what it became."""

    case_id: str
    status: str
    article: str | None
    human: str
    decided_at: datetime


class DraftRows:
    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def decide(self, case_id: str, status: str, article: str | None, human: str, words: dict[str, object]) -> None:
        """The newest decision counts. Audited as `draft.<status>` with `words` beside it. Raises `NotFound`."""
        case = self._uow.cases.locked(case_id)
        values = {"status": status, "article": article, "human": human, "decided_at": written(self._uow.clock())}
        table = draft_decisions
        changed = self._uow.connection.execute(update(table).where(table.c.case_id == case_id).values(**values))
        if changed.rowcount == 0:
            self._uow.connection.execute(insert(table).values(case_id=case_id, **values))
        detail = {"article": article, **words}
        self._uow.record(f"draft.{status}", f"human:{human}", case_id, case.customer, detail)

    def decisions(self) -> dict[str, DraftDecision]:
        """By case."""
        rows = self._uow.connection.execute(select(draft_decisions))
        return {
            row.case_id: DraftDecision(row.case_id, row.status, row.article, row.human, read(row.decided_at))
            for row in rows
        }
