"""Workers: the processes that take turns on one database, and which of them are alive.

A worker signs in under its name, and signs again and again while it lives. One that has not signed for longer than its
lease is taken for dead: from then on its turns are anybody's. Being wrong about that (it was only slow) is harmless. A
turn belongs to one life of one worker, and whoever has lost it cannot write to it any more (`store.turns`); an effect
that both have begun has one intent and one idempotency key. Leases are measured by the database's own clock.

SQLite serves one worker, whose data folder is locked: whoever has signed in there is the only one alive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from store.dialects import now_ms, upsert
from store.errors import KeysDiffer, NameTaken
from store.log import HOUSE
from store.tables import workers

if TYPE_CHECKING:
    from store.unit_of_work import UnitOfWork


class WorkerRows:
    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def sign_in(self, name: str, life: str, folder: str, lease_ms: int) -> None:
        """A new life of the worker `name`. An earlier one from the same data folder is over: the folder was locked.

        Raises `NameTaken` while one from another folder is alive, `KeysDiffer` when another worker has other data keys,
        `LogUnavailable`."""
        connection = self._uow.connection
        now, key = now_ms(connection), self._uow.keys.current(HOUSE).id
        others = connection.execute(select(workers)).all()
        if any(row.house_key != key for row in others):
            raise KeysDiffer
        if any(row.name == name and row.folder != folder and row.until_ms > now for row in others):
            raise NameTaken(name)
        signed = {"life": life, "folder": folder, "house_key": key, "until_ms": now + lease_ms}
        made = upsert(connection.dialect.name, workers).values(name=name, **signed)
        connection.execute(made.on_conflict_do_update(index_elements=["name"], set_=signed))

    def sign(self, life: str, lease_ms: int) -> bool:
        """Still here. False when another life goes by the name now."""
        until = now_ms(self._uow.connection) + lease_ms
        return (
            self._uow.connection.execute(update(workers).where(workers.c.life == life).values(until_ms=until)).rowcount
            == 1
        )

    def sign_out(self, life: str) -> None:
        """Gone: what is left is anybody's at once."""
        self._uow.connection.execute(update(workers).where(workers.c.life == life).values(until_ms=0))

    def house_keys(self) -> set[str]:
        """The ids of the data keys that the workers, dead ones too, use for the house."""
        return set(self._uow.connection.execute(select(workers.c.house_key)).scalars())

    def alive(self) -> set[str]:
        """The lives that hold a lease now; on SQLite the own one."""
        if self._uow.connection.dialect.name == "sqlite":
            return set() if self._uow.worker is None else {self._uow.worker}
        now = now_ms(self._uow.connection)
        return set(self._uow.connection.execute(select(workers.c.life).where(workers.c.until_ms > now)).scalars())
