"""Data keys at rest: a database of their own (`store.key_rows`), each key wrapped under a key-encryption key, which
lies in a file elsewhere (`store.key_file`).

Changing the key-encryption key makes every older copy of that database unreadable, with the keys of whoever was erased
since it was made.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from itertools import dropwhile

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection

from store.errors import KeysUnusable
from store.key_file import KeyFile, WrappingKey, wrapped_by
from store.key_rows import KeyRow, KeyRows, Wrapping

_ID_BYTES = 12
_PLAIN_BYTES = 32  # of a key as versions before wrapping kept it


@dataclass(frozen=True, slots=True)
class Rotation:
    """Which key-encryption key took whose place, and how many data keys were wrapped anew. `tidied`: the former one is
    gone from the file; else the file cannot be written, and whoever keeps it has to take it out."""

    former: str
    now: str
    wrapped: int
    tidied: bool


class Custody:
    """Safe to share between threads, and between processes, also on several machines.

    Everything here may raise `KeysUnusable` (the file), `LogUnavailable` (the database)."""

    def __init__(self, rows: KeyRows, file: KeyFile) -> None:
        self._rows = rows
        self._file = file
        self._keks: dict[str, WrappingKey] = {}

    def adopt(self) -> None:
        """At the start: there is a key-encryption key, it is the one, and no key lies there unwrapped."""
        self._load()
        if (wraps := self._rows.wraps()) is not None:
            self._kek(wraps)
            return
        with self._rows.alone() as connection:
            if (wraps := self._rows.kek(connection)) is not None:  # somebody was faster
                self._kek(wraps)
                return
            if not self._keks:
                self._keks = {key.id: key for key in self._file.make()}
            first = next(iter(self._keks.values()))
            for row in self._rows.all(connection):
                if row.material is not None and len(row.material) == _PLAIN_BYTES:
                    self._rows.replace(connection, row.id, first.wrap(row.material, _aad(row)))
            self._rows.wrap_with(connection, first.id)
        self._rows.forget()

    def current(self, customer: str) -> KeyRow:
        """The customer's key, made durable first if there is none."""
        return self._rows.current(customer) or self._made(customer)

    def _made(self, customer: str) -> KeyRow:
        with self._rows.alone() as connection:
            found = self._rows.current(customer)
            if found is not None:
                return found
            row = KeyRow(f"key_{secrets.token_hex(_ID_BYTES)}", customer, None)
            # What wraps is asked here: another process may have changed it, and drops what it was.
            kek = self._wrapping(connection)
            made = KeyRow(row.id, customer, kek.wrap(AESGCM.generate_key(256), _aad(row)))
            self._rows.add(connection, made)
        return made

    def get(self, key_id: str) -> KeyRow | None:
        return self._rows.get(key_id)

    def unwrapped(self, row: KeyRow) -> bytes | None:
        """The key itself, 32 bytes; None once erased. Raises `Forged` when the row was changed."""
        if row.material is None:
            return None
        try:
            return self._unwrapped(row.material, _aad(row))
        except KeysUnusable:
            # Wrapped anew, and the file tidied, between two looks: then the row says so now.
            again = self._rows.get(row.id)
            if again is None or again.material == row.material:
                raise
            return None if again.material is None else self._unwrapped(again.material, _aad(row))

    def _unwrapped(self, material: bytes, aad: bytes) -> bytes:
        return self._kek(wrapped_by(material)).unwrap(material, aad)

    def rotate(self) -> Rotation:
        """Wrap every data key under a new key-encryption key and drop the former one. Safe to repeat after a crash at
        any moment, beside working processes, and by several at once.

        The new one is on the disk before anything is wrapped by it, and the former one until nothing is. One that
        `prepare` has made is used; files of other machines need it beforehand."""
        with self._rows.alone() as connection:
            former = self._wrapping(connection)
            fresh = self._next(former)
            rows = list(self._rows.all(connection))
            for row in rows:
                material = self._unwrapped(row.material or b"", _aad(row))
                self._rows.replace(connection, row.id, fresh.wrap(material, _aad(row)))
            self._rows.wrap_with(connection, fresh.id)
        self._rows.forget()
        return Rotation(former.id, fresh.id, len(rows), self._tidied())

    def prepare(self) -> str:
        """Make the next key-encryption key and use it for nothing yet: for copying the file to other machines."""
        with self._rows.alone() as connection:
            return self._next(self._wrapping(connection)).id

    def _next(self, now: WrappingKey) -> WrappingKey:
        last = self._file.read()[-1]
        return last if last.id != now.id else self._file.add()

    def _tidied(self) -> bool:
        """Alone again: somebody else may have changed the key meanwhile, or be preparing the next one."""
        with self._rows.alone() as connection:
            now = self._wrapping(connection)
            kept = list(dropwhile(lambda key: key.id != now.id, self._file.read()))
            try:
                self._file.keep(kept or [now])
            except KeysUnusable:
                return False
        self._load()
        return True

    def _wrapping(self, connection: Connection) -> WrappingKey:
        return self._kek(self._rows.kek(connection) or "nothing")

    def _kek(self, id_: str) -> WrappingKey:
        if id_ not in self._keks:
            self._load()
        if id_ in self._keks:
            return self._keks[id_]
        file = f"The file of key-encryption keys {self._file.path} (LEE_KEY_FILE)"
        if not self._keks:
            raise KeysUnusable(f"{file} is gone, and {id_} wraps the data keys: put it back.")
        raise KeysUnusable(f"{file} does not hold {id_}, which wraps the data keys: it is another one, or an old copy.")

    def _load(self) -> None:
        self._keks = {key.id: key for key in self._file.read()}

    def erase(self, customer: str) -> list[str]:
        """Destroy the customer's keys for good; returns their ids."""
        return self._rows.erase(customer)

    def told(self) -> tuple[Wrapping, list[str]]:
        """What wraps, and the ids in the file."""
        return self._rows.told(), [key.id for key in self._file.read()]

    def close(self) -> None:
        self._rows.close()


def _aad(row: KeyRow) -> bytes:
    return f"{row.id}:{row.customer}".encode()
