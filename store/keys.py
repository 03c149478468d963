"""Per-customer data keys, AES-256-GCM, kept outside the main database (`store.custody`).

Whatever a customer or a model wrote is sealed under the customer's key before it reaches the main database. Erasing the
key makes those rows unreadable, in every backup of the main database too, and the log over the ciphertext still holds.
A key is committed to disk before the first ciphertext under it can be: the other order could lose text for good.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from audit import sealing
from audit.entry import Header
from store.custody import Custody
from store.errors import Forged, KeyMissing, LogUnavailable
from store.instants import Clock, read
from store.key_file import KeyFile
from store.key_rows import KeyRow, KeyRows

_FORMAT = b"\x01"
_ID_BYTES = 12
_NONCE_BYTES = 12
_HEAD = len(_FORMAT) + _ID_BYTES + _NONCE_BYTES


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
    """Safe to share between threads, and between processes, also on several machines.

    Everything here may raise `LogUnavailable` (the database of data keys) and `KeysUnusable` (what opens them)."""

    def __init__(self, custody: Custody, *, remembers: bool = False) -> None:
        self.custody = custody
        self._known: dict[str, DataKey | Erased] | None = {} if remembers else None

    def for_one_unit(self) -> Keyring:
        """The same for one short unit of work, in one thread: each key is looked up and unwrapped once."""
        return Keyring(self.custody, remembers=True)

    def current(self, customer: str) -> DataKey:
        """The customer's key, made durable first if there is none."""
        known = None if self._known is None else self._known.get(f"of {customer}")
        if isinstance(known, DataKey):
            return known
        key = self._opened(self.custody.current(customer))
        if isinstance(key, Erased):
            raise LogUnavailable("The customer's key was erased while it was looked for.")
        if self._known is not None:
            self._known[f"of {customer}"] = self._known[key.id] = key
        return key

    def seal(self, customer: str, plaintext: bytes, aad: bytes) -> tuple[str, bytes]:
        """(key id, sealed bytes)."""
        key = self.current(customer)
        return key.id, key.seal(plaintext, aad)

    def open(self, sealed: bytes, aad: bytes) -> bytes | Erased:
        """The plain bytes, or `Erased`. Raises `Forged`, `KeyMissing`."""
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
        """The plain bytes of an entry of the log, or `Erased`. Raises `Forged`, `KeyMissing`."""
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

        Raises `Forged`, `KeyMissing`."""
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
        known = None if self._known is None else self._known.get(key_id)
        if known is not None:
            return known
        row = self.custody.get(key_id)
        if row is None:
            raise KeyMissing(key_id)
        key = self._opened(row)
        if self._known is not None:
            self._known[key_id] = key
        return key

    def _opened(self, row: KeyRow) -> DataKey | Erased:
        material = self.custody.unwrapped(row)
        return Erased(row.id, read(row.erased_at or "")) if material is None else DataKey(row.id, material)

    def erase(self, customer: str) -> list[str]:
        """Destroy the customer's keys for good; returns their ids (empty when there were none). Irreversible.

        What is sealed for this customer afterwards gets a new key."""
        return self.custody.erase(customer)

    def close(self) -> None:
        self.custody.close()


def open_keyring(url: str, file: Path, clock: Clock) -> Keyring:
    """The data keys at `url` (`sqlite:///path`, `postgresql://…`), made if absent; keys that an earlier version left
    unwrapped are wrapped now. `file` is made with the first key, unless keys are there that it should have opened.

    Raises `LogUnavailable`, `KeysUnusable`, ValueError for a URL of another kind."""
    custody = Custody(KeyRows(url, clock), KeyFile(file))
    try:
        custody.adopt()
    except BaseException:
        custody.close()
        raise
    return Keyring(custody)
