"""How an entry's payload is sealed: under a key of its own, derived from its customer's data key and its header.

So one entry can be opened to an auditor with a key that opens no other, and what it opens to is what was logged: with
AES-GCM alone, whoever seals could prepare bytes that another key opens to another text. The zeros in front of the text
prevent that (Albertini et al., "How to Abuse and Fix Authenticated Encryption Without Key Commitment", USENIX Security
2022, the padding fix): 32 of them commit to the key as SHA-256 would.
"""

from __future__ import annotations

import hmac
import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from audit.entry import Header

FORMAT: Final = b"\x02"  # of a sealed value; what is no entry has another (store.keys)
ID_BYTES: Final = 12
NONCE_BYTES: Final = 12
_HEAD: Final = len(FORMAT) + ID_BYTES + NONCE_BYTES
_COMMITMENT: Final = bytes(32)


class NotOpened(ValueError):
    """The bytes do not open under this key: they, the header or the key were changed."""


def entry_key(data_key: bytes, header: Header) -> bytes:
    """32 bytes that open this entry alone. A header has an id of its own, so no two entries share a key."""
    return hmac.digest(data_key, b"agent-lee entry\n" + header.canonical(), "sha256")


def seal(data_key: bytes, header: Header, plain: bytes) -> bytes:
    """format (1) + data key id (12) + nonce (12) + ciphertext of 32 zeros and `plain`, with tag (16)."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    cipher = AESGCM(entry_key(data_key, header))
    sealed = cipher.encrypt(nonce, _COMMITMENT + plain, header.canonical())
    return FORMAT + bytes.fromhex(header.key_id[4:]) + nonce + sealed


def open_entry(key: bytes, header: Header, sealed: bytes) -> bytes:
    """The plain bytes of an entry, with the key of this entry. Raises `NotOpened`."""
    if len(sealed) < _HEAD + len(_COMMITMENT) + 16 or sealed[:1] != FORMAT or len(key) != 32:
        raise NotOpened("The sealed bytes are cut short or of an unknown format.")
    try:
        plain = AESGCM(key).decrypt(sealed[_HEAD - NONCE_BYTES : _HEAD], sealed[_HEAD:], header.canonical())
    except InvalidTag as error:
        raise NotOpened("The sealed bytes do not open under this key.") from error
    if plain[: len(_COMMITMENT)] != _COMMITMENT:
        raise NotOpened("The sealed bytes open under this key, but were not sealed under it.")
    return plain[len(_COMMITMENT) :]
