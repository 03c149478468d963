"""An entry's own key opens that entry as it was logged, and nothing else opens anything."""

from __future__ import annotations

import secrets
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from audit.entry import Header
from audit.sealing import FORMAT, NotOpened, entry_key, open_entry, seal

DATA_KEY = bytes(range(32))
HEADER = Header("log_1", "2026-11-20T12:00:00.000000+00:00", "effect.settled", "lee", "case_1", "key_" + "0a" * 12)
OTHER = replace(HEADER, id="log_2")


@given(plain=st.binary(max_size=200))
def test_an_entry_opens_with_its_own_key_and_with_no_other(plain: bytes) -> None:
    sealed = seal(DATA_KEY, HEADER, plain)
    assert open_entry(entry_key(DATA_KEY, HEADER), HEADER, sealed) == plain
    for key in (entry_key(DATA_KEY, OTHER), DATA_KEY, bytes(32), b""):
        with pytest.raises(NotOpened):
            open_entry(key, HEADER, sealed)
    with pytest.raises(NotOpened):
        open_entry(entry_key(DATA_KEY, HEADER), OTHER, sealed)


@given(data=st.data())
def test_any_changed_byte_is_refused(data: st.DataObject) -> None:
    sealed = bytearray(seal(DATA_KEY, HEADER, b"refund 20.00"))
    # The id of the data key says where to look for it; the ciphertext is not bound to it, the leaf is.
    place = data.draw(st.sampled_from([0, *range(13, len(sealed))]))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(NotOpened):
        open_entry(entry_key(DATA_KEY, HEADER), HEADER, bytes(sealed))


@pytest.mark.parametrize("length", [0, 1, 24, 25, 72])
def test_what_was_cut_short_is_refused(length: int) -> None:
    with pytest.raises(NotOpened):
        open_entry(entry_key(DATA_KEY, HEADER), HEADER, seal(DATA_KEY, HEADER, b"")[:length])


def test_bytes_prepared_without_the_commitment_are_refused() -> None:
    """What a dishonest sealer would need: a ciphertext that is valid under the disclosed key, yet committed to none."""
    key, nonce = entry_key(DATA_KEY, HEADER), secrets.token_bytes(12)
    forged = (
        FORMAT + bytes(12) + nonce + AESGCM(key).encrypt(nonce, b"\x01" * 32 + b"another story", HEADER.canonical())
    )
    with pytest.raises(NotOpened, match="not sealed under it"):
        open_entry(key, HEADER, forged)
