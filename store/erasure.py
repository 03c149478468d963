"""Erasing a customer at their request: keys first, because that is what counts, then the names left in the clear.

Kept, because law or the log's proof needs it: Stripe's ids, amounts and times in cases, proposals, intents and budgets
(commercial books; caps must not start anew), and the log's headers, which name no customer. Everything the customer, a
model or a human wrote becomes unreadable, in old backups of the database too; names (`cases.user`, `messages.author`)
are overwritten here but stay in backups made before.
Of a search, which of our articles it found stays; a draft of an article goes with the messages that it is made from.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select, update

from store.database import Store
from store.tables import cases, messages

ERASED_NAME = "[erased]"


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was destroyed: data keys by id (none when already gone), and the cases whose names were overwritten."""

    keys: tuple[str, ...]
    cases: tuple[str, ...]


def erase(store: Store, customer: str, human: str) -> Erasure:
    """Erase a customer for good; irreversible, safe to repeat after a crash. Audited under the house's key.

    Raises `LogUnavailable`."""
    keys = store.keys.erase(customer)
    with store.unit() as uow:
        theirs = select(cases.c.id).where(cases.c.customer == customer)
        found = tuple(uow.connection.execute(theirs.order_by(cases.c.id)).scalars())
        uow.connection.execute(update(cases).where(cases.c.customer == customer).values(user=ERASED_NAME))
        uow.connection.execute(
            update(messages)
            .where(messages.c.case_id.in_(theirs), messages.c.author.startswith("customer:"))
            .values(author=f"customer:{ERASED_NAME}")
        )
        detail = {"customer": customer, "keys": keys, "cases": list(found)}
        uow.record("customer.erased", f"human:{human}", None, None, detail)
    return Erasure(tuple(keys), found)
