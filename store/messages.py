"""Messages of a case: redacted, then sealed under the customer's key, before the first write."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Row, bindparam, func, insert, select

from store.errors import Conflict, NotFound
from store.ids import fresh
from store.instants import read, written
from store.keys import Erased
from store.redaction import redact
from store.tables import cases, messages

if TYPE_CHECKING:
    from store.unit_of_work import UnitOfWork

KINDS = ("inbound", "outbound", "draft", "note")
ERASED_TEXT = "[erased]"

# Built once: each turn runs them several times, and to build one costs more than to run it.
_ADD = insert(messages)
_NEXT = select(func.coalesce(func.max(messages.c.n), 0) + 1).where(messages.c.case_id == bindparam("case"))
_ONE = select(messages).where(messages.c.id == bindparam("wanted"))
_CASE = select(messages.c.case_id).where(messages.c.id == bindparam("wanted"))
_DELIVERED = select(messages).where(messages.c.external_id == bindparam("external"))
_IN_CASE = _DELIVERED.where(messages.c.case_id == bindparam("case"))
_OF_CUSTOMER = (
    _DELIVERED.join(cases, cases.c.id == messages.c.case_id)
    .where(
        cases.c.customer == bindparam("customer"),
        (cases.c.id == bindparam("case")) | (cases.c.channel == bindparam("channel")),
    )
    .order_by(messages.c.created_at)
    .limit(1)
)
_OF_CASE = select(messages).where(messages.c.case_id == bindparam("case")).order_by(messages.c.n)


@dataclass(frozen=True, slots=True)
class MessageRow:
    """`kind` is `inbound | outbound | draft | note`; `n` counts from 1 within the case.

    `body` is redacted; `[erased]` with `erased` True once the customer was erased."""

    id: str
    case_id: str
    n: int
    turn_id: str | None
    kind: str
    author: str
    external_id: str | None
    body: str
    erased: bool
    created_at: datetime


class MessageRows:
    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._added: dict[str, str] = {}  # in this unit, with their cases

    def add(
        self,
        case_id: str,
        kind: str,
        author: str,
        body: str,
        turn_id: str | None = None,
        external_id: str | None = None,
    ) -> MessageRow:
        """Add a message. The same `external_id` again (a channel delivers twice) returns the first row unchanged.

        Raises `NotFound` for the case, `Conflict` for an unknown kind."""
        if kind not in KINDS:
            raise Conflict(f"A message cannot be {kind!r}.")
        case = self._uow.cases.locked(case_id)
        if external_id is not None:
            known = self._uow.connection.execute(_IN_CASE, {"case": case_id, "external": external_id}).first()
            if known is not None:
                return self._opened(known)
        message_id = fresh("msg")
        n = self._uow.connection.execute(_NEXT, {"case": case_id}).scalar_one()
        # A lone surrogate cannot be written as UTF-8; keep a visible mark in its place.
        plain = redact(body).encode("utf-8", "replace")
        now = written(self._uow.clock())
        _, sealed = self._uow.keys.seal(case.customer, plain, _aad(message_id))
        self._uow.connection.execute(
            _ADD,
            {
                "id": message_id,
                "case_id": case_id,
                "n": n,
                "turn_id": turn_id,
                "kind": kind,
                "author": author,
                "external_id": external_id,
                "body_sealed": sealed,
                "created_at": now,
            },
        )
        self._added[message_id] = case_id
        return MessageRow(
            message_id,
            case_id,
            n,
            turn_id,
            kind,
            author,
            external_id,
            plain.decode(),
            erased=False,
            created_at=read(now),
        )

    def get(self, message_id: str) -> MessageRow:
        """Raises `NotFound`."""
        row = self._uow.connection.execute(_ONE, {"wanted": message_id}).first()
        if row is None:
            raise NotFound("message", message_id)
        return self._opened(row)

    def case_of(self, message_id: str) -> str:
        """The case's id. Raises `NotFound`."""
        if message_id in self._added:
            return self._added[message_id]
        found = self._uow.connection.execute(_CASE, {"wanted": message_id}).scalar()
        if found is None:
            raise NotFound("message", message_id)
        return found

    def delivered(self, customer: str, channel: str, case_id: str | None, external_id: str) -> MessageRow | None:
        """What a channel has brought before under this id: in the customer's case `case_id`, which another channel may
        have opened, or in any that this one has."""
        wanted = {"customer": customer, "channel": channel, "case": case_id, "external": external_id}
        row = self._uow.connection.execute(_OF_CUSTOMER, wanted).first()
        return None if row is None else self._opened(row)

    def of(self, case_id: str) -> list[MessageRow]:
        """A case's messages, oldest first."""
        rows = self._uow.connection.execute(_OF_CASE, {"case": case_id})
        return [self._opened(row) for row in rows]

    def _opened(self, row: Row[tuple[object, ...]]) -> MessageRow:
        plain = self._uow.keys.open(row.body_sealed, _aad(row.id))
        erased = isinstance(plain, Erased)
        body = ERASED_TEXT if isinstance(plain, Erased) else plain.decode()
        return MessageRow(
            row.id,
            row.case_id,
            row.n,
            row.turn_id,
            row.kind,
            row.author,
            row.external_id,
            body,
            erased,
            read(row.created_at),
        )


def _aad(message_id: str) -> bytes:
    return f"messages.body:{message_id}".encode()
