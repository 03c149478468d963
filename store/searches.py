"""The log of searches for cases: what was asked of the help centre, what it gave, what was quoted.

The question is redacted and sealed under the customer's key. After an erasure a row still says which of our articles
were found and whether they were quoted, and no longer for what words.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Row, insert, or_, select

from store.ids import fresh
from store.instants import read, read_or_none, written
from store.keys import Erased
from store.redaction import redact
from store.tables import cases, escalations, proposals, searches, turns

if TYPE_CHECKING:
    from store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class FoundPassage:
    """A passage that a search gave. `score` is its cosine to the question in thousandths."""

    article: str
    passage: str
    score: int
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class SearchRow:
    """`question` is redacted; None once the customer was erased. `turn_id` is None where a human searched. `answers`:
    how likely the first passage was to answer, in thousandths; None in rows from before that was kept."""

    id: str
    case_id: str
    turn_id: str | None
    actor: str
    question: str | None
    found: tuple[FoundPassage, ...]
    created_at: datetime
    answers: int | None = None

    @property
    def best(self) -> int:
        return max((passage.score for passage in self.found), default=0)

    @property
    def quoted(self) -> bool:
        return any(passage.quoted for passage in self.found)


@dataclass(frozen=True, slots=True)
class TurnFact:
    """`outcome` is None while it runs; `reason` is why it ended with a human; `proposed`: it asked for a change."""

    id: str
    n: int
    outcome: str | None
    ended_at: datetime | None
    reason: str | None
    proposed: bool


@dataclass(frozen=True, slots=True)
class CaseHistory:
    """What became of a case, without a word of it. Turns in their order; `escalated` are times."""

    id: str
    customer: str
    topic: str | None
    status: str
    opened_at: datetime
    turns: tuple[TurnFact, ...]
    escalated: tuple[datetime, ...]


class SearchRows:
    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def add(
        self,
        case_id: str,
        turn_id: str | None,
        n: int,
        actor: str,
        question: str,
        found: Sequence[FoundPassage],
        answers: int | None,
    ) -> None:
        """Keep one search; the n-th of a turn again (recovery) changes nothing. `answers` as in `SearchRow`.
        Raises `NotFound` for the case."""
        connection = self._uow.connection
        if turn_id is not None:
            once = select(searches.c.id).where(searches.c.turn_id == turn_id, searches.c.n == n)
            if connection.execute(once).first() is not None:
                return
        case = self._uow.cases.get(case_id)
        search_id = fresh("srch")
        plain = redact(question).encode("utf-8", "replace")
        _, sealed = self._uow.keys.seal(case.customer, plain, _aad(search_id))
        connection.execute(
            insert(searches).values(
                id=search_id,
                case_id=case_id,
                turn_id=turn_id,
                n=n,
                actor=actor,
                found=json.dumps([asdict(passage) for passage in found], sort_keys=True),
                answers=answers,
                question_sealed=sealed,
                created_at=written(self._uow.clock()),
            )
        )

    def since(self, moment: datetime) -> list[SearchRow]:
        """Oldest first."""
        query = select(searches).where(searches.c.created_at >= written(moment))
        query = query.order_by(searches.c.created_at, searches.c.id)
        return [self._opened(row) for row in self._uow.connection.execute(query)]

    def of(self, case_id: str) -> list[SearchRow]:
        """A case's searches, oldest first."""
        query = select(searches).where(searches.c.case_id == case_id).order_by(searches.c.created_at, searches.c.n)
        return [self._opened(row) for row in self._uow.connection.execute(query)]

    def histories(self, moment: datetime) -> dict[str, CaseHistory]:
        """By case: of every case that was opened or touched since then."""
        connection = self._uow.connection
        touched = or_(cases.c.updated_at >= written(moment), cases.c.opened_at >= written(moment))
        wanted = select(cases.c.id).where(touched)
        reasons: dict[str, str] = {}
        escalated: dict[str, list[datetime]] = defaultdict(list)
        told = select(escalations.c.case_id, escalations.c.turn_id, escalations.c.reason, escalations.c.created_at)
        told = told.where(escalations.c.case_id.in_(wanted)).order_by(escalations.c.created_at)
        for row in connection.execute(told):
            escalated[row.case_id].append(read(row.created_at))
            if row.turn_id is not None:
                reasons[row.turn_id] = row.reason
        asked = select(proposals.c.turn_id).where(proposals.c.case_id.in_(wanted), proposals.c.turn_id.is_not(None))
        proposing = set(connection.execute(asked.distinct()).scalars())
        worked: dict[str, list[TurnFact]] = defaultdict(list)
        query = select(turns.c.id, turns.c.case_id, turns.c.n, turns.c.outcome, turns.c.ended_at)
        for row in connection.execute(query.where(turns.c.case_id.in_(wanted)).order_by(turns.c.case_id, turns.c.n)):
            ended = read_or_none(row.ended_at)
            fact = TurnFact(row.id, row.n, row.outcome, ended, reasons.get(row.id), row.id in proposing)
            worked[row.case_id].append(fact)
        return {
            row.id: CaseHistory(
                row.id,
                row.customer,
                row.topic,
                row.status,
                read(row.opened_at),
                tuple(worked[row.id]),
                tuple(escalated[row.id]),
            )
            for row in connection.execute(select(cases).where(touched))
        }

    def _opened(self, row: Row[tuple[object, ...]]) -> SearchRow:
        plain = self._uow.keys.open(row.question_sealed, _aad(row.id))
        question = None if isinstance(plain, Erased) else plain.decode()
        found = _passages(json.loads(row.found))
        made = read(row.created_at)
        return SearchRow(row.id, row.case_id, row.turn_id, row.actor, question, found, made, row.answers)


def _passages(stored: Iterable[dict[str, object]]) -> tuple[FoundPassage, ...]:
    return tuple(
        FoundPassage(str(row["article"]), str(row["passage"]), int(str(row["score"])), bool(row["quoted"]))
        for row in stored
    )


def _aad(search_id: str) -> bytes:
    return f"searches.question:{search_id}".encode()
