"""Per-customer data keys, AES-256-GCM, in a SQLite file of their own outside the main database.

Whatever a customer or a model wrote is sealed under the customer's key before it reaches the main database. Erasing the
key makes those rows unreadable, in every backup of the main database too, and the log over the ciphertext still holds.
A key is committed to disk before the first ciphertext under it can be: the other order could lose text for good.

Not done yet: the keys lie in the file as they are (mode 0600). Wrapping them under a master key from a key service, and
keeping this file out of backups that outlive an erasure, are the operator's until then.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from audit import sealing
from audit.entry import Header
from store.dialects import BUSY_MS, unavailable
from store.errors import Forged, KeyMissing, LogUnavailable
from store.instants import Clock, read, written

_FORMAT = b"\x01"
_ID_BYTES = 12
_NONCE_BYTES = 12
_HEAD = len(_FORMAT) + _ID_BYTES + _NONCE_BYTES

_TABLES = """
CREATE TABLE IF NOT EXISTS data_keys (
    id TEXT PRIMARY KEY, customer TEXT NOT NULL, material BLOB, created_at TEXT NOT NULL, erased_at TEXT,
    CHECK ((material IS NULL) = (erased_at IS NOT NULL))
);
CREATE UNIQUE INDEX IF NOT EXISTS data_keys_current ON data_keys (customer) WHERE material IS NOT NULL;
"""


@dataclass(frozen=True, slots=True)
class Erased:
    """Stands where a text was whose customer was erased."""

    key_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DataKey:
    """One customer's current key. `id` may be published; the material never leaves this object."""

    id: str
    material: bytes = field(repr=False)

    def seal(self, plaintext: bytes, aad: bytes) -> bytes:
        """format (1) + key id (12) + nonce (12) + ciphertext with tag (16). `aad` ties it to its row."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _FORMAT + bytes.fromhex(self.id[4:]) + nonce + AESGCM(self.material).encrypt(nonce, plaintext, aad)

    def seal_entry(self, header: Header, plaintext: bytes) -> bytes:
        """The same for an entry of the audit log, under a key of its own (`audit.sealing`)."""
        return sealing.seal(self.material, header, plaintext)


class Keyring:
    """The key file. Safe to share between threads, and between processes on one machine."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        with _plainly():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._file = sqlite3.connect(
                path, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False, cached_statements=16
            )
            # secure_delete overwrites an erased key's bytes in the file.
            for setting in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
                self._file.execute(f"PRAGMA {setting}")
            self._file.executescript(_TABLES)

    def current(self, customer: str) -> DataKey:
        """The customer's key, made durable first if there is none. Raises `LogUnavailable`."""
        with self._lock, _plainly():
            row = self._current(customer)
            if row is None:
                key_id = f"key_{secrets.token_hex(_ID_BYTES)}"
                self._file.execute(
                    "INSERT INTO data_keys (id, customer, material, created_at) VALUES (?, ?, ?, ?)"
                    " ON CONFLICT (customer) WHERE material IS NOT NULL DO NOTHING",
                    (key_id, customer, AESGCM.generate_key(256), written(self._clock())),
                )
                row = self._current(customer)
        if row is None:
            raise LogUnavailable("The key file did not keep a new key.")
        return DataKey(row[0], row[1])

    def _current(self, customer: str) -> tuple[str, bytes] | None:
        return self._file.execute(
            "SELECT id, material FROM data_keys WHERE customer = ? AND material IS NOT NULL", (customer,)
        ).fetchone()

    def seal(self, customer: str, plaintext: bytes, aad: bytes) -> tuple[str, bytes]:
        """(key id, sealed bytes). Raises `LogUnavailable` when a new key cannot be kept."""
        key = self.current(customer)
        return key.id, key.seal(plaintext, aad)

    def open(self, sealed: bytes, aad: bytes) -> bytes | Erased:
        """The plain bytes, or `Erased`. Raises `Forged`, `KeyMissing`, `LogUnavailable`."""
        if sealed[:1] != _FORMAT:
            raise Forged("A sealed value is cut short or of an unknown format.")
        found = self._sealing(sealed)
        if isinstance(found, Erased):
            return found
        try:
            return AESGCM(found.material).decrypt(sealed[_HEAD - _NONCE_BYTES : _HEAD], sealed[_HEAD:], aad)
        except InvalidTag as error:
            raise Forged(f"A value sealed under {found.id} was changed or belongs to another row.") from error

    def open_entry(self, header: Header, sealed: bytes) -> bytes | Erased:
        """The plain bytes of an entry of the log, or `Erased`. Raises `Forged`, `KeyMissing`, `LogUnavailable`."""
        key = self.entry_key(header, sealed)
        if key is None:
            return self.open(sealed, header.canonical())
        if isinstance(key, Erased):
            return key
        try:
            return sealing.open_entry(key, header, sealed)
        except sealing.NotOpened as error:
            raise Forged(f"Entry {header.id} of the log was changed: {error}") from error

    def entry_key(self, header: Header, sealed: bytes) -> bytes | Erased | None:
        """What opens this one entry and no other; may be shown to whoever may read the entry. None: it was
        sealed before entries had keys of their own.

        Raises `Forged`, `KeyMissing`, `LogUnavailable`."""
        if sealed[:1] == _FORMAT:
            return None
        if sealed[:1] != sealing.FORMAT:
            raise Forged("An entry of the log is cut short or of an unknown format.")
        found = self._sealing(sealed)
        return found if isinstance(found, Erased) else sealing.entry_key(found.material, header)

    def _sealing(self, sealed: bytes) -> DataKey | Erased:
        """The key that sealed this, by the id in it."""
        if len(sealed) < _HEAD + 16:
            raise Forged("A sealed value is cut short or of an unknown format.")
        key_id = f"key_{sealed[1 : 1 + _ID_BYTES].hex()}"
        with self._lock, _plainly():
            row: tuple[bytes | None, str | None] | None = self._file.execute(
                "SELECT material, erased_at FROM data_keys WHERE id = ?", (key_id,)
            ).fetchone()
        if row is None:
            raise KeyMissing(key_id)
        material, erased_at = row
        return Erased(key_id, read(erased_at or "")) if material is None else DataKey(key_id, material)

    def erase(self, customer: str) -> list[str]:
        """Destroy the customer's keys for good; returns their ids (empty when there were none). Irreversible.

        What is sealed for this customer afterwards gets a new key.
        """
        with self._lock, _plainly():
            rows = self._file.execute(
                "UPDATE data_keys SET material = NULL, erased_at = ? WHERE customer = ? AND material IS NOT NULL"
                " RETURNING id",
                (written(self._clock()), customer),
            ).fetchall()
            # The write-ahead file still held the old page.
            self._file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return [row[0] for row in rows]

    def close(self) -> None:
        with self._lock:
            self._file.close()


@contextmanager
def _plainly() -> Generator[None]:
    """Trouble with the file becomes `LogUnavailable`."""
    try:
        yield
    except sqlite3.Error as error:
        reason = unavailable(error)
        if reason is None:
            raise
        raise LogUnavailable(f"The key file cannot be used: {reason}.") from error
    except OSError as error:
        raise LogUnavailable(f"The key file cannot be used: {error.strerror}.") from error
