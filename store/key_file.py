"""The file of key-encryption keys, which open the data keys: kept apart from them, readable by its owner alone.

A line is a key, 32 bytes in base64 (as `openssl rand -base64 32` prints one), in the order in which they were made.
There is one, and two while keys are changed: `store.key_rows` says which of them wraps.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from store.errors import Forged, KeysUnusable

_FORMAT = b"\x01"
_ID_BYTES = 8
_NONCE_BYTES = 12
_HEAD = len(_FORMAT) + _ID_BYTES + _NONCE_BYTES
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class WrappingKey:
    """A key-encryption key. `id` is derived from it and may be published."""

    material: bytes = field(repr=False)

    @property
    def id(self) -> str:
        return f"kek_{self._digest.hex()}"

    @property
    def _digest(self) -> bytes:
        return hashlib.sha256(b"agent-lee key-encryption key\n" + self.material).digest()[:_ID_BYTES]

    def wrap(self, data_key: bytes, aad: bytes) -> bytes:
        """format (1) + id (8) + nonce (12) + AES-256-GCM ciphertext with tag. `aad` ties it to its row.

        Nonces are random: NIST SP 800-38D section 8.3 allows 2**32 of them, far more than a company has customers."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _FORMAT + self._digest + nonce + AESGCM(self.material).encrypt(nonce, data_key, aad)

    def unwrap(self, wrapped: bytes, aad: bytes) -> bytes:
        """Raises `Forged`."""
        try:
            return AESGCM(self.material).decrypt(wrapped[_HEAD - _NONCE_BYTES : _HEAD], wrapped[_HEAD:], aad)
        except InvalidTag as error:
            raise Forged("A wrapped data key was changed or belongs to another row.") from error


def wrapped_by(wrapped: bytes) -> str:
    """The id of the key that opens this. Raises `Forged`."""
    if len(wrapped) != _HEAD + _KEY_BYTES + 16 or wrapped[:1] != _FORMAT:
        raise Forged("A wrapped data key is cut short or of an unknown format.")
    return f"kek_{wrapped[1 : 1 + _ID_BYTES].hex()}"


class KeyFile:
    """Everything here raises `KeysUnusable`, whose message names the file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> list[WrappingKey]:
        """Oldest first; none when there is no file."""
        try:
            handle = os.open(self.path, os.O_RDONLY)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._unusable(f"cannot be read: {error.strerror}") from error
        with os.fdopen(handle, "rb") as file:
            mode = os.fstat(handle).st_mode & 0o777
            if mode & 0o077:
                raise self._unusable(f"can be read or written by others (mode {mode:o}): chmod 600 it")
            try:
                lines = file.read().decode("ascii", "replace").splitlines()
            except OSError as error:
                raise self._unusable(f"cannot be read: {error.strerror}") from error
        found = [WrappingKey(self._decoded(n, line)) for n, line in enumerate(lines, 1)]
        if not found:
            raise self._unusable("is empty")
        return found

    def make(self) -> list[WrappingKey]:
        """The first key. Another process may have been faster: then its key is the first."""
        with contextlib.suppress(FileExistsError):
            self._write([WrappingKey(secrets.token_bytes(_KEY_BYTES))], anew=True)
        return self.read()

    def add(self) -> WrappingKey:
        """A new last one, on the disk when this returns."""
        fresh = WrappingKey(secrets.token_bytes(_KEY_BYTES))
        self._write([*self.read(), fresh])
        return fresh

    def keep(self, keys: Sequence[WrappingKey]) -> None:
        """These and no others. What the others wrapped cannot be opened any more."""
        self._write(keys)

    def _write(self, keys: Sequence[WrappingKey], *, anew: bool = False) -> None:
        """All or nothing, for the owner alone. `anew`: raises FileExistsError rather than take a file's place."""
        text = "".join(f"{base64.b64encode(key.material).decode()}\n" for key in keys)
        # A link to a secret elsewhere stays one.
        target = self.path if anew else self.path.resolve()
        fresh = target.with_name(f"{target.name}.{secrets.token_hex(4)}")
        try:
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            try:
                with os.fdopen(handle, "w", encoding="ascii") as file:
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
                if anew:
                    target.hardlink_to(fresh)
                else:
                    fresh.replace(target)
            finally:
                fresh.unlink(missing_ok=True)
            folder = os.open(target.parent, os.O_RDONLY)
            try:
                os.fsync(folder)  # a key that wraps must not be lost with the folder's last change
            finally:
                os.close(folder)
        except FileExistsError:
            raise
        except OSError as error:
            raise self._unusable(f"cannot be written: {error.strerror}") from error

    def _decoded(self, n: int, line: str) -> bytes:
        try:
            raw = base64.b64decode(line.strip(), validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        if len(raw) != _KEY_BYTES:
            raise self._unusable(f"is damaged: line {n} is not {_KEY_BYTES} bytes in base64")
        return raw

    def _unusable(self, why: str) -> KeysUnusable:
        return KeysUnusable(f"The file of key-encryption keys {self.path} (LEE_KEY_FILE) {why}.")
