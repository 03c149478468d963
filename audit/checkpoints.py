"""Signed checkpoints: "the log had `size` entries and this root". Whoever keeps one outside can show any later change.

Text of a checkpoint, after https://c2sp.org/tlog-checkpoint and https://c2sp.org/signed-note, with Ed25519:

    <origin>
    <size>
    <root, base64>
    time <ISO 8601 UTC>

    — <origin> <base64 of key id (4 bytes) and signature (64 bytes)>
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_ORIGIN = re.compile(r"[A-Za-z0-9._/-]{1,200}")
_ED25519 = b"\x01"


class BadCheckpoint(ValueError):
    """A checkpoint or key that cannot be read, or whose signature does not hold; the message says which."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`root` is the RFC 6962 tree hash of the first `size` leaves; `at` is aware."""

    origin: str
    size: int
    root: bytes
    at: datetime

    def text(self) -> str:
        """The signed text, newline at the end included. Raises ValueError for an origin with spaces or a naive time."""
        if not _ORIGIN.fullmatch(self.origin):
            raise ValueError("An origin is letters, digits and . _ / - only.")
        if self.at.tzinfo is None:
            raise ValueError("A checkpoint's time needs a time zone.")
        at = self.at.astimezone(UTC).isoformat(timespec="microseconds")
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\ntime {at}\n"


@dataclass(frozen=True, slots=True)
class Verifier:
    """A log's public key, written `<origin>+<key id, hex>+<base64>` (a signed note's verifier key)."""

    origin: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        return hashlib.sha256(self.origin.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    def text(self) -> str:
        return f"{self.origin}+{self.key_id.hex()}+{base64.b64encode(_ED25519 + self.public).decode()}"

    @staticmethod
    def parse(text: str) -> Verifier:
        """Raises `BadCheckpoint`."""
        origin, _, rest = text.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        raw = _decoded(encoded, 33, "public key")
        verifier = Verifier(origin, raw[1:])
        if raw[:1] != _ED25519 or not _ORIGIN.fullmatch(origin) or verifier.key_id.hex() != key_id:
            raise BadCheckpoint("The public key is damaged or of another kind.")
        return verifier

    def open(self, note: str) -> Checkpoint:
        """Check the note's signature and read it. Raises `BadCheckpoint`; then nothing in the note may be believed."""
        body, found, signature_line = note.partition("\n\n")
        words = signature_line.removesuffix("\n").split(" ")
        if not found or not note.endswith("\n") or len(words) != 3 or words[0] != "—":
            raise BadCheckpoint("A checkpoint has no signature.")
        raw = _decoded(words[2], 68, "signature")
        if words[1] != self.origin or raw[:4] != self.key_id:
            raise BadCheckpoint(f"A checkpoint is signed by {words[1]}, with another key than {self.origin}'s.")
        text = body + "\n"
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(raw[4:], text.encode())
        except InvalidSignature as error:
            raise BadCheckpoint("A checkpoint's signature does not hold.") from error
        return _read(text, self.origin)


class Signer:
    """A log's private key. Keep it, and its owner's account, apart from whoever can write the database."""

    def __init__(self, origin: str, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.verifier = Verifier(origin, private.public_key().public_bytes_raw())

    def sign(self, size: int, root: bytes, at: datetime) -> str:
        """The signed note."""
        text = Checkpoint(self.verifier.origin, size, root, at).text()
        signature = base64.b64encode(self.verifier.key_id + self._private.sign(text.encode())).decode()
        return f"{text}\n— {self.verifier.origin} {signature}\n"


def split_notes(text: str) -> tuple[list[str], str]:
    """The notes of a file in which they follow one another, and what is left over of one torn by a crash."""
    notes: list[str] = []
    lines: list[str] = []
    for line in text.splitlines(keepends=True):
        lines.append(line)
        if line.startswith("— ") and line.endswith("\n"):
            notes.append("".join(lines))
            lines = []
    return notes, "".join(lines)


def _read(text: str, origin: str) -> Checkpoint:
    lines = text.split("\n")
    if len(lines) != 5 or lines[0] != origin or not lines[1].isascii() or not lines[1].isdigit():
        raise BadCheckpoint("A checkpoint's text is not of the known form.")
    try:
        at = datetime.fromisoformat(lines[3].removeprefix("time "))
    except ValueError as error:
        raise BadCheckpoint("A checkpoint's time cannot be read.") from error
    return Checkpoint(origin, int(lines[1]), _decoded(lines[2], 32, "root"), at)


def _decoded(text: str, length: int, what: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadCheckpoint(f"A checkpoint's {what} is not base64.") from error
    if base64.b64encode(raw).decode() != text:
        raise BadCheckpoint(f"A checkpoint's {what} is not written as base64 should be.")
    if len(raw) != length:
        raise BadCheckpoint(f"A checkpoint's {what} has {len(raw)} bytes instead of {length}.")
    return raw
