"""The ledger: intents written before effects, and the budgets they hold. Integers in minor units throughout.

Caps hold under concurrency because holding is one conditional statement (`held + x <= cap`), never a sum followed by an
insert; one action in flight per target because the database has a partial unique index.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, Row, bindparam, func, insert, literal_column, select, update
from sqlalchemy.exc import IntegrityError

from store import personal
from store.dialects import upsert
from store.errors import Conflict, NotFound
from store.instants import read, read_or_none, written
from store.tables import budgets, intents, reservations

if TYPE_CHECKING:
    from store.unit_of_work import UnitOfWork

PENDING = "pending_reconciliation"  # nobody knows yet whether it happened; its budgets stay held
OPEN = ("reserved", PENDING)

# Built once, as they are on the way of every effect: to build one costs more than to run it.
_WAITS = intents.c.status.in_(OPEN)
_MINE = intents.c.tool == bindparam("tool")
_DONE = _MINE & (intents.c.status == "succeeded")
_TARGET = select(
    func.count().filter(_WAITS),
    func.count().filter(_MINE & intents.c.status.not_in(OPEN)),
    func.count().filter(_DONE & (intents.c.case_id == bindparam("case"))),
    func.sum(intents.c.amount).filter(_DONE),
    func.max(intents.c.settled_at),
).where(intents.c.target == bindparam("target"))
_ONE = select(intents).where(intents.c.id == bindparam("wanted"))
_OF_PROPOSAL = select(intents).where(intents.c.proposal_id == bindparam("wanted"))
_RESERVE = insert(intents)
_CHANGE = update(intents).where(intents.c.id == bindparam("wanted"))
_CHANGE_OPEN = _CHANGE.where(_WAITS)
_HELD = select(budgets.c.held).where(budgets.c.key == bindparam("wanted"))
_CAP = bindparam("cap", type_=BigInteger)
_MORE = budgets.c.held + literal_column("excluded.held", BigInteger)
_HOLD = {  # no row comes back from where it would pass the cap, if there is one
    dialect: upsert(dialect, budgets)
    .on_conflict_do_update(index_elements=[budgets.c.key], set_={"held": _MORE}, where=_CAP.is_(None) | (_MORE <= _CAP))
    .returning(budgets.c.held)
    for dialect in ("sqlite", "postgresql")
}
_NOTE = insert(reservations)
_GIVE_BACK = (
    update(budgets).where(budgets.c.key == bindparam("wanted")).values(held=budgets.c.held - bindparam("given_back"))
)
_NOTED = (reservations.c.intent_id == bindparam("wanted")) & (reservations.c.state == bindparam("was"))
_RESERVED = select(reservations).where(_NOTED)
_CLOSE = update(reservations).where(_NOTED)


@dataclass(frozen=True, slots=True)
class IntentRow:
    """`amount` in minor units: positive leaves the company, negative is collected, None moves no money.

    `personal`: the arguments hold a person's own words, and are sealed. After an erasure they are empty."""

    id: str
    case_id: str
    proposal_id: str
    customer: str
    tool: str
    arguments: dict[str, object]
    target: str
    operation_key: str
    idempotency_key: str
    attempt: int
    amount: int | None
    currency: str | None
    policy_hash: str
    status: str  # reserved | succeeded | failed | pending_reconciliation
    stripe_id: str | None
    receipt: dict[str, object] | None
    created_at: datetime
    personal: bool
    settled_at: datetime | None = None
    sent_at: datetime | None = None  # when it last left for Stripe; None: it never did


@dataclass(frozen=True, slots=True)
class TargetRow:
    """What the ledger knows of one tool on one target, over all cases."""

    in_flight: bool  # any tool's intent on this target waits for its outcome
    settled: int
    succeeded_in_case: int
    amount: int  # minor units of this tool's succeeded intents
    last_settled_at: datetime | None  # of any tool on this target


class LedgerRows:
    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def target(self, tool: str, target: str, case_id: str) -> TargetRow:
        row = self._uow.connection.execute(_TARGET, {"tool": tool, "target": target, "case": case_id}).one()
        return TargetRow(row[0] > 0, row[1], row[2], int(row[3] or 0), read_or_none(row[4]))

    def hold(self, intent_id: str, budget: str, amount: int, cap: int | None, *, for_good: bool) -> bool:
        """Hold `amount` under `budget` unless it would pass `cap` (None: no cap). Needs the intent's row.

        `for_good`: a failure does not give it back. Raises ValueError for an amount that is not positive.
        """
        if amount <= 0:
            raise ValueError(f"a budget holds positive amounts, not {amount}")
        if cap is not None and amount > cap:
            return False
        connection = self._uow.connection
        held = _HOLD[connection.dialect.name]
        if connection.execute(held, {"key": budget, "held": amount, "cap": cap}).first() is None:
            return False
        state = "settled" if for_good else "held"
        connection.execute(_NOTE, {"intent_id": intent_id, "budget": budget, "amount": amount, "state": state})
        return True

    def held(self, budget: str) -> int:
        """What is reserved and settled under a budget."""
        found = self._uow.connection.execute(_HELD, {"wanted": budget}).scalar()
        return 0 if found is None else found

    def reserve(self, row: IntentRow) -> None:
        """Write the intent. Raises `Conflict` on a second operation key, or a second open intent on one target."""
        try:
            self._insert(row)
        except IntegrityError as error:
            raise Conflict("That operation has been started already.") from error

    def _insert(self, row: IntentRow) -> None:
        sealed = personal.seal(self._uow, row.customer, row.id, row.arguments) if row.personal else None
        self._uow.connection.execute(
            _RESERVE,
            {
                "id": row.id,
                "case_id": row.case_id,
                "proposal_id": row.proposal_id,
                "customer": row.customer,
                "tool": row.tool,
                "arguments": json.dumps({} if row.personal else row.arguments),
                "target": row.target,
                "operation_key": row.operation_key,
                "idempotency_key": row.idempotency_key,
                "attempt": row.attempt,
                "amount": row.amount,
                "currency": row.currency,
                "policy_hash": row.policy_hash,
                "status": "reserved",
                "created_at": written(row.created_at),
                "personal_sealed": sealed,
            },
        )

    def sending(self, intent_id: str) -> datetime | None:
        """Note that an intent leaves for Stripe now, and say when that is; None when it was settled meanwhile."""
        now = written(self._uow.clock())
        noted = self._uow.connection.execute(_CHANGE_OPEN, {"wanted": intent_id, "sent_at": now})
        return read(now) if noted.rowcount == 1 else None

    def settle(self, intent_id: str, status: str, stripe_id: str | None, receipt: Mapping[str, object] | None) -> None:
        """Close an open intent as `succeeded` or `failed`, or mark it `pending_reconciliation`. A failure releases its
        budgets.

        Settling again with the same status changes nothing; with another it raises `Conflict`.
        """
        if status not in ("succeeded", "failed", PENDING):
            raise ValueError(f"an intent does not settle as {status}")
        before = self.get(intent_id)
        if before.status == status:
            return
        ended = status != PENDING
        changed = self._uow.connection.execute(
            _CHANGE_OPEN,
            {
                "wanted": intent_id,
                "status": status,
                "stripe_id": stripe_id,
                "receipt": None if receipt is None else json.dumps(receipt),
                "settled_at": written(self._uow.clock()) if ended else None,
            },
        )
        if changed.rowcount != 1:
            raise Conflict(f"Intent {intent_id} is {before.status} and cannot become {status}.")
        if ended:
            self._close_reservations(intent_id, "settled" if status == "succeeded" else "released")

    def take_back(self, intent_id: str, why: str) -> bool:
        """A success that Stripe has undone since: `failed`, and its budgets are released. False when it is none now."""
        changed = self._uow.connection.execute(
            _CHANGE.where(intents.c.status == "succeeded"),
            {"wanted": intent_id, "status": "failed", "receipt": json.dumps({"failure": why})},
        )
        if changed.rowcount == 1:
            self._close_reservations(intent_id, "released", was="settled")
        return changed.rowcount == 1

    def _close_reservations(self, intent_id: str, state: str, *, was: str = "held") -> None:
        connection = self._uow.connection
        mine = {"wanted": intent_id, "was": was}
        if state == "released":
            for row in connection.execute(_RESERVED, mine).all():
                connection.execute(_GIVE_BACK, {"wanted": row.budget, "given_back": row.amount})
        connection.execute(_CLOSE, {**mine, "state": state})

    def get(self, intent_id: str) -> IntentRow:
        """Raises `NotFound`."""
        found = self._uow.connection.execute(_ONE, {"wanted": intent_id}).one_or_none()
        if found is None:
            raise NotFound("intent", intent_id)
        return self._row(found)

    def of_proposal(self, proposal_id: str) -> IntentRow | None:
        """The intent a proposal led to: at most one, since a proposal is carried out once."""
        found = self._uow.connection.execute(_OF_PROPOSAL, {"wanted": proposal_id}).one_or_none()
        return None if found is None else self._row(found)

    def of(self, case_id: str) -> list[IntentRow]:
        rows = self._uow.connection.execute(
            select(intents).where(intents.c.case_id == case_id).order_by(intents.c.created_at, intents.c.id)
        )
        return [self._row(row) for row in rows]

    def open(self) -> list[IntentRow]:
        """Every intent whose outcome is not known yet, oldest first."""
        rows = self._uow.connection.execute(select(intents).where(_WAITS).order_by(intents.c.created_at, intents.c.id))
        return [self._row(row) for row in rows]

    def succeeded(self, tool: str, since: datetime) -> list[IntentRow]:
        """What a tool has done since then, oldest first."""
        rows = self._uow.connection.execute(
            select(intents)
            .where(intents.c.tool == tool)
            .where(intents.c.status == "succeeded")
            .where(intents.c.settled_at >= written(since))
            .order_by(intents.c.settled_at, intents.c.id)
        )
        return [self._row(row) for row in rows]

    def _row(self, found: Row[tuple[object, ...]]) -> IntentRow:
        row = _row(found)
        if found.personal_sealed is None:
            return row
        kept = personal.unseal(self._uow, row.id, found.personal_sealed)
        return replace(row, arguments={} if kept is None else kept[0])


def _row(found: Row[tuple[object, ...]]) -> IntentRow:
    return IntentRow(
        found.id,
        found.case_id,
        found.proposal_id,
        found.customer,
        found.tool,
        json.loads(found.arguments),
        found.target,
        found.operation_key,
        found.idempotency_key,
        found.attempt,
        found.amount,
        found.currency,
        found.policy_hash,
        found.status,
        found.stripe_id,
        None if found.receipt is None else json.loads(found.receipt),
        read(found.created_at),
        found.personal_sealed is not None,
        read_or_none(found.settled_at),
        read_or_none(found.sent_at),
    )
