"""What ledger and log each say of every intent, read side by side for `audit.completeness`."""

from __future__ import annotations

import json

from sqlalchemy import select

from audit.completeness import Attempt, Logged
from store.database import Store
from store.instants import read
from store.keys import Erased
from store.tables import intents

DECIDED, SENDING = "proposal.decided", "effect.sending"
OUTCOMES = {"effect.settled": None, "effect.taken_back": "failed"}  # None: the entry says it


def read_customers(store: Store) -> list[str]:
    """Whoever the ledger has an intent of."""
    with store.look() as uow:
        return list(
            uow.connection.execute(select(intents.c.customer).distinct().order_by(intents.c.customer)).scalars()
        )


def read_attempts(store: Store) -> tuple[list[Attempt], Logged]:
    """Every intent of the ledger, and what the log tells. One view, one pass over the log.

    Raises `LogUnavailable`, `Forged` for an entry that was changed."""
    with store.look() as uow:
        rows = uow.connection.execute(select(intents).order_by(intents.c.created_at, intents.c.id)).all()
        attempts = [
            Attempt(
                row.id,
                row.case_id,
                row.tool,
                row.idempotency_key,
                row.status,
                read(row.created_at),
                row.sent_at is not None,
                row.amount,
                row.currency,
            )
            for row in rows
        ]
        decided: dict[str, str] = {}
        outcomes: dict[str, str] = {}
        sent: set[str] = set()
        leaves: set[str] = set()
        closed: set[str] = set()
        for entry in uow.log.stored():
            kind, case = entry.header.kind, entry.header.case_id
            if kind not in (DECIDED, SENDING, *OUTCOMES):
                continue
            if kind == DECIDED:
                leaves.add(entry.leaf.hex())
            plain = store.keys.open_entry(entry.header, entry.sealed)
            if isinstance(plain, Erased):
                closed.add(case or "")
                continue
            payload = json.loads(plain)["payload"]
            intent = payload.get("intent")
            if not isinstance(intent, str):
                continue
            if kind == DECIDED:
                decided[intent] = entry.leaf.hex()
            elif kind == SENDING:
                sent.add(intent)
            else:
                outcomes[intent] = OUTCOMES[kind] or str(payload.get("status"))
    logged = Logged(decided, frozenset(sent), outcomes, frozenset(leaves), frozenset(closed))
    return attempts, logged
