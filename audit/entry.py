"""One entry of the audit log: a plain header, a sealed payload, and the Merkle leaf over both.

The leaf covers the ciphertext, so an entry stays provable after its customer was erased.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Header:
    """What everyone may read of an entry. `at` is ISO 8601 UTC with microseconds; `key_id` names the sealing key."""

    id: str
    at: str
    kind: str
    actor: str
    case_id: str | None
    key_id: str

    def canonical(self) -> bytes:
        """JSON with sorted keys, no spaces, ASCII only: one byte string for one header. Also the payload's AAD."""
        fields = {
            "actor": self.actor,
            "at": self.at,
            "case_id": self.case_id,
            "id": self.id,
            "key_id": self.key_id,
            "kind": self.kind,
            "v": 1,
        }
        return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry as the database holds it. `seq` starts at 1 and has no gaps: the leaf's index + 1."""

    seq: int
    header: Header
    sealed: bytes
    leaf: bytes

    def expected_leaf(self) -> bytes:
        return leaf_hash(self.header, self.sealed)


def leaf_hash(header: Header, sealed: bytes) -> bytes:
    """RFC 6962 section 2.1: SHA-256(0x00 || header || ciphertext). The header is a JSON object, so it ends itself."""
    return hashlib.sha256(b"\x00" + header.canonical() + sealed).digest()
