"""The audit log inside a unit of work: appended with the rows it speaks of, never changed (triggers refuse it)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, cast

from sqlalchemy import Connection, Row, func, insert, select

from audit.entry import Header, StoredEntry, leaf_hash
from store.dialects import any_text
from store.ids import fresh
from store.instants import read, written
from store.keys import Erased
from store.redaction import redact_value
from store.tables import audit_entries

if TYPE_CHECKING:
    from store.unit_of_work import UnitOfWork

HOUSE = "house"  # seals entries that concern no customer; never a Stripe customer id, which starts with cus_

_Columns = tuple[int, str, str, str, str, str | None, str, bytes, bytes]  # of `audit_entries`, in the table's order

# Built once: this is on the way of every effect.
_APPEND = insert(audit_entries)
_SIZE = select(func.max(audit_entries.c.seq))


@dataclass(frozen=True, slots=True)
class LogRow:
    """One entry, opened. After an erasure `payload` is None and a customer's `actor` is just `customer`."""

    seq: int
    id: str
    at: datetime
    kind: str
    actor: str
    case_id: str | None
    payload: dict[str, object] | None
    leaf: str  # hex


class LogRows:
    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def append(
        self, kind: str, actor: str, case_id: str | None, customer: str | None, payload: Mapping[str, object]
    ) -> LogRow:
        """Append one entry; it commits or vanishes with the unit. `payload` must be JSON; texts in it are redacted."""
        connection = self._uow.connection
        at = self._uow.clock()
        kept = {name: redact_value(value) for name, value in payload.items()}
        key = self._uow.keys.current(HOUSE if customer is None else _storable(customer))
        actor = redact_value(actor)
        case_id = None if case_id is None else _storable(case_id)[:64]
        # Headers outlive an erasure, so they say only that it was a customer; who it was is sealed.
        header = Header(fresh("log"), written(at), kind, _public(actor), case_id, key.id)
        plain = json.dumps({"actor": actor, "payload": kept}, allow_nan=False).encode("ascii")
        sealed = key.seal_entry(header, plain)
        leaf = leaf_hash(header, sealed)
        seq = self.size() + 1
        connection.execute(
            _APPEND,
            {
                "seq": seq,
                "id": header.id,
                "at": header.at,
                "kind": kind,
                "actor": header.actor,
                "case_id": case_id,
                "key_id": key.id,
                "sealed": sealed,
                "leaf": leaf,
            },
        )
        return LogRow(seq, header.id, at, kind, actor, case_id, kept, leaf.hex())

    def of(self, case_id: str) -> list[LogRow]:
        """A case's entries in order, opened."""
        rows = self._uow.connection.execute(
            select(audit_entries).where(audit_entries.c.case_id == case_id).order_by(audit_entries.c.seq)
        )
        return [self._opened(_stored(row)) for row in rows]

    def of_kind(self, kind: str) -> list[LogRow]:
        """All entries of a kind in order, opened. Reads the headers of the whole log: not for the way of a ticket."""
        wanted = select(audit_entries).where(audit_entries.c.kind == kind).order_by(audit_entries.c.seq)
        return [self._opened(_stored(row)) for row in self._uow.connection.execute(wanted)]

    def get(self, seq: int) -> LogRow | None:
        row = self._uow.connection.execute(select(audit_entries).where(audit_entries.c.seq == seq)).first()
        return None if row is None else self._opened(_stored(row))

    def stored(self) -> Iterator[StoredEntry]:
        """All entries in order, sealed: what verification reads. Streams in blocks."""
        return read_entries(self._uow.connection)

    def leaves(self, after: int = 0) -> Iterator[bytes]:
        """The leaf hashes in order, as stored; of the first `after` rows none."""
        wanted = select(audit_entries.c.leaf).order_by(audit_entries.c.seq).execution_options(yield_per=5000)
        rows = self._uow.connection.execute(wanted.where(audit_entries.c.seq > after) if after else wanted)
        return (row[0] for row in rows)

    def size(self) -> int:
        return self._uow.connection.execute(_SIZE).scalar() or 0

    def newest_key(self) -> str | None:
        """The id of the data key that sealed the newest entry."""
        newest = select(audit_entries.c.key_id).order_by(audit_entries.c.seq.desc()).limit(1)
        return self._uow.connection.execute(newest).scalar()

    def _opened(self, entry: StoredEntry) -> LogRow:
        header = entry.header
        plain = self._uow.keys.open_entry(header, entry.sealed)
        actor, payload = header.actor, None
        if not isinstance(plain, Erased):
            inside = json.loads(plain)
            actor, payload = inside["actor"], inside["payload"]
        return LogRow(
            entry.seq,
            header.id,
            read(header.at),
            header.kind,
            actor,
            header.case_id,
            payload,
            entry.leaf.hex(),
        )


def read_entries(connection: Connection) -> Iterator[StoredEntry]:
    """Entries as they lie there: bytes that are no text any more, and a row numbered before the first, are for the
    verification to find, not to fail on or pass over."""
    with any_text(connection):
        rows = connection.execute(select(audit_entries).order_by(audit_entries.c.seq).execution_options(yield_per=2000))
        for row in rows:
            yield _stored(row)


def _public(actor: str) -> str:
    return "customer" if actor.startswith("customer:") else _storable(actor)[:256]


def _storable(text: str) -> str:
    """What no database can write as text (lone surrogates, NUL) spelt out: the log must hold whatever came."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def _stored(row: Row[tuple[object, ...]]) -> StoredEntry:
    seq, id_, at, kind, actor, case_id, key_id, sealed, leaf = cast("_Columns", row)
    return StoredEntry(seq, Header(id_, at, kind, actor, case_id, key_id), sealed, leaf)
