"""Turns: one message worked on by Lee. A case runs one at a time, in the order they were queued."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Row, bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from store.dialects import attempt
from store.errors import Conflict, NotFound, TurnDone, TurnElsewhere, TurnRunning
from store.ids import fresh
from store.instants import read, read_or_none, written
from store.keys import Erased
from store.redaction import redact_value
from store.tables import cases, turn_steps, turns

if TYPE_CHECKING:
    from store.cases import CaseRow
    from store.unit_of_work import UnitOfWork

# Built once: each turn runs them several times, and to build one costs more than to run it.
_QUEUE = insert(turns).returning(turns)
_NEXT = select(func.coalesce(func.max(turns.c.n), 0) + 1).where(turns.c.case_id == bindparam("case"))
_ONE = select(turns).where(turns.c.id == bindparam("wanted"))
_OF_CASE = select(turns).where(turns.c.case_id == bindparam("case")).order_by(turns.c.n)
_EARLIER = (
    select(turns.c.id)
    .where(turns.c.case_id == bindparam("case"), turns.c.status != "done", turns.c.n < bindparam("before"))
    .order_by(turns.c.n)
)
_CHANGE = update(turns).where(turns.c.id == bindparam("wanted")).returning(turns)
_STEP = insert(turn_steps)
_STEPS = select(turn_steps).where(turn_steps.c.turn_id == bindparam("turn")).order_by(turn_steps.c.n)
_WHOSE = (
    select(cases.c.customer, turns.c.worker)
    .join(turns, turns.c.case_id == cases.c.id)
    .where(turns.c.id == bindparam("wanted"))
    .with_for_update(read=True, of=turns)  # notes are written beside the one writer, who may give it away
)


@dataclass(frozen=True, slots=True)
class TurnRow:
    """`epoch` is the case's when the turn was queued, or when it first started. `status` is `queued | running | done`.

    `result` is what `finish` was given; None before that and once the customer was erased."""

    id: str
    case_id: str
    n: int
    epoch: int
    message_id: str
    proposal_id: str | None
    status: str
    outcome: str | None
    result: dict[str, object] | None
    created_at: datetime
    ended_at: datetime | None
    worker: str | None = None  # the life that has it


@dataclass(frozen=True, slots=True)
class StepRow:
    """What a turn learnt, in order. `content` is empty with `erased` True once the customer was erased."""

    turn_id: str
    n: int
    kind: str
    content: dict[str, object]
    erased: bool
    created_at: datetime


class TurnRows:
    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def queue(self, case: CaseRow, message_id: str, proposal_id: str | None = None) -> TurnRow:
        """Queue a turn for a message, behind the case's others. Raises `NotFound`."""
        held = self._uow.cases.locked(case.id)
        if self._uow.messages.case_of(message_id) != case.id:
            raise NotFound("message", f"{message_id} in case {case.id}")
        turn_id = fresh("turn")
        n = self._uow.connection.execute(_NEXT, {"case": case.id}).scalar_one()
        row = self._uow.connection.execute(
            _QUEUE,
            {
                "id": turn_id,
                "case_id": case.id,
                "n": n,
                "epoch": held.epoch,
                "message_id": message_id,
                "proposal_id": proposal_id,
                "created_at": written(self._uow.clock()),
                "worker": self._uow.worker,
            },
        ).one()
        return self._turn(row)

    def start(self, turn_id: str) -> TurnRow:
        """Set a queued turn running, at the case's epoch of now; a running turn is gone on with (recovery). It is this
        worker's from now on, and nobody else can write to it.

        Raises `TurnRunning` when an earlier turn of the case has not ended, `TurnElsewhere` while another living worker
        has it, `TurnDone`, `NotFound`."""
        turn = self.get(turn_id)
        held = self._uow.cases.locked(turn.case_id)
        if turn.status == "done":
            raise TurnDone(turn_id)
        if turn.worker not in (None, self._uow.worker) and turn.worker in self._uow.workers.alive():
            raise TurnElsewhere(turn_id)
        if turn.status == "running":
            return turn if turn.worker == self._uow.worker else self._set(turn_id, worker=self._uow.worker)
        earlier = self._uow.connection.execute(_EARLIER, {"case": turn.case_id, "before": turn.n}).scalar()
        if earlier is not None:
            raise TurnRunning(turn.case_id, earlier)
        return self._set(turn_id, status="running", epoch=held.epoch, worker=self._uow.worker)

    def finish(self, turn_id: str, outcome: str, result: Mapping[str, object]) -> TurnRow:
        """End a turn. Finishing again with the same outcome (recovery) keeps the first result.

        Raises `TurnDone` when it ended otherwise, `TurnElsewhere` when another worker has it, `Conflict` when it never
        ran, `NotFound`."""
        turn = self.get(turn_id)
        customer = self._uow.cases.locked(turn.case_id).customer
        if turn.status == "done":
            if turn.outcome != outcome:
                raise TurnDone(turn_id)
            return turn
        if turn.worker != self._uow.worker:
            raise TurnElsewhere(turn_id)
        if turn.status != "running":
            raise Conflict(f"Turn {turn_id} has not started.")
        sealed = self._uow.keys.seal(customer, _plain(result), _result_aad(turn_id))[1]
        return self._set(
            turn_id, status="done", outcome=outcome, result_sealed=sealed, ended_at=written(self._uow.clock())
        )

    def _set(self, turn_id: str, **values: object) -> TurnRow:
        return self._turn(self._uow.connection.execute(_CHANGE, {"wanted": turn_id, **values}).one())

    def get(self, turn_id: str) -> TurnRow:
        """Raises `NotFound`."""
        row = self._uow.connection.execute(_ONE, {"wanted": turn_id}).first()
        if row is None:
            raise NotFound("turn", turn_id)
        return self._turn(row)

    def of(self, case_id: str) -> list[TurnRow]:
        """A case's turns, oldest first."""
        rows = self._uow.connection.execute(_OF_CASE, {"case": case_id})
        return [self._turn(row) for row in rows]

    def unfinished(self) -> list[TurnRow]:
        """Queued and running turns of all cases, oldest first within a case: what a restart takes up."""
        rows = self._uow.connection.execute(
            select(turns).where(turns.c.status != "done").order_by(turns.c.created_at, turns.c.case_id, turns.c.n)
        )
        return [self._turn(row) for row in rows]

    def left(self) -> list[TurnRow]:
        """The unfinished turns that no other living worker has: this one's own, and those of the dead."""
        alive = self._uow.workers.alive()
        return [turn for turn in self.unfinished() if turn.worker == self._uow.worker or turn.worker not in alive]

    def add_step(self, turn_id: str, n: int, kind: str, content: Mapping[str, object]) -> StepRow:
        """Keep what a turn learnt; `content` is JSON, redacted and sealed. Steps never change.

        Raises `Conflict` when step `n` exists (a recovered turn reads `steps` first), `NotFound`, and `TurnElsewhere`
        when another worker has the turn."""
        found = self._uow.connection.execute(_WHOSE, {"wanted": turn_id}).first()
        if found is None:
            raise NotFound("turn", turn_id)
        customer, worker = found
        if worker != self._uow.worker:
            raise TurnElsewhere(turn_id)
        plain = _plain(content)
        sealed = self._uow.keys.seal(customer, plain, _step_aad(turn_id, n))[1]
        now = written(self._uow.clock())
        try:
            with attempt(self._uow.connection):
                self._uow.connection.execute(
                    _STEP, {"turn_id": turn_id, "n": n, "kind": kind, "content_sealed": sealed, "created_at": now}
                )
        except IntegrityError as error:
            raise Conflict(f"Turn {turn_id} already has a step {n}.") from error
        return StepRow(turn_id, n, kind, json.loads(plain), erased=False, created_at=read(now))

    def steps(self, turn_id: str) -> list[StepRow]:
        """The turn's steps in order."""
        rows = self._uow.connection.execute(_STEPS, {"turn": turn_id})
        return [self._step(row) for row in rows]

    def _open(self, sealed: bytes, aad: bytes) -> dict[str, object] | None:
        plain = self._uow.keys.open(sealed, aad)
        return None if isinstance(plain, Erased) else json.loads(plain)

    def _turn(self, row: Row[tuple[object, ...]]) -> TurnRow:
        result = None if row.result_sealed is None else self._open(row.result_sealed, _result_aad(row.id))
        return TurnRow(
            row.id,
            row.case_id,
            row.n,
            row.epoch,
            row.message_id,
            row.proposal_id,
            row.status,
            row.outcome,
            result,
            read(row.created_at),
            read_or_none(row.ended_at),
            row.worker,
        )

    def _step(self, row: Row[tuple[object, ...]]) -> StepRow:
        content = self._open(row.content_sealed, _step_aad(row.turn_id, row.n))
        return StepRow(row.turn_id, row.n, row.kind, content or {}, content is None, read(row.created_at))


def _plain(content: Mapping[str, object]) -> bytes:
    return json.dumps(redact_value(dict(content)), ensure_ascii=True, allow_nan=False).encode("ascii")


def _result_aad(turn_id: str) -> bytes:
    return f"turns.result:{turn_id}".encode()


def _step_aad(turn_id: str, n: int) -> bytes:
    return f"turn_steps.content:{turn_id}:{n}".encode()
