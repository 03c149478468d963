"""One entry of the audit log: a plain header, a sealed payload, and the Merkle leaf over both.

The leaf covers the ciphertext, so an entry stays provable after its customer was erased.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii as _json


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
        """JSON with sorted keys, no spaces, ASCII only: one byte string for one header. Also the payload's AAD.

        Written out, as verifying a million entries spends most of its time here; a test holds it to `json.dumps`.
        Raises TypeError when a field is not of its type: then the entry was not written by this program."""
        case = "null" if self.case_id is None else _json(self.case_id)
        return (
            f'{{"actor":{_json(self.actor)},"at":{_json(self.at)},"case_id":{case},"id":{_json(self.id)}'
            f',"key_id":{_json(self.key_id)},"kind":{_json(self.kind)},"v":1}}'
        ).encode("ascii")


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry as the database holds it. `seq` starts at 1 and has no gaps: the leaf's index + 1."""

    seq: int
    header: Header
    sealed: bytes
    leaf: bytes

    @property
    def whole(self) -> bool:
        """Whether header and ciphertext give the leaf: False for bytes changed, and for values of another type."""
        try:
            return leaf_hash(self.header, self.sealed) == self.leaf
        except TypeError:
            return False


def leaf_hash(header: Header, sealed: bytes) -> bytes:
    """RFC 6962 section 2.1: SHA-256(0x00 || header || ciphertext). The header is a JSON object, so it ends itself."""
    return hashlib.sha256(b"\x00" + header.canonical() + sealed).digest()
