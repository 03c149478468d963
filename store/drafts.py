"""What humans decided about the drafts that cases give: published as an article, or discarded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import exists, insert, select, update

from store.instants import read, written
from store.tables import cases, draft_decisions, escalations, messages

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

    def solved_by_humans(self, moment: datetime) -> list[str]:
        """Resolved cases, touched since then, in which a human wrote to the customer and no proposal waited for them:
        an approval is told in the ledger's words. The longest solved first."""
        wrote = exists().where(
            messages.c.case_id == cases.c.id, messages.c.kind == "outbound", messages.c.author.startswith("human:")
        )
        decided = exists().where(escalations.c.case_id == cases.c.id, escalations.c.proposal_id.is_not(None))
        query = select(cases.c.id).where(cases.c.status == "resolved", cases.c.updated_at >= written(moment))
        query = query.where(wrote, ~decided).order_by(cases.c.updated_at, cases.c.id)
        return list(self._uow.connection.execute(query).scalars())

    def decisions(self) -> dict[str, DraftDecision]:
        """By case."""
        rows = self._uow.connection.execute(select(draft_decisions))
        return {
            row.case_id: DraftDecision(row.case_id, row.status, row.article, row.human, read(row.decided_at))
            for row in rows
        }
