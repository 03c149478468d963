"""Signed checkpoints: what was signed comes back, and nothing else does."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from audit.checkpoints import BadCheckpoint, Checkpoint, Signer, Verifier, split_notes

AT = datetime(2026, 11, 20, 12, 0, 0, 5, tzinfo=UTC)
SIGNER = Signer("agent-lee/test", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
NOTE = SIGNER.sign(7, b"\x05" * 32, AT)


def test_a_signed_checkpoint_reads_back() -> None:
    assert SIGNER.verifier.open(NOTE) == Checkpoint("agent-lee/test", 7, b"\x05" * 32, AT)


def test_the_public_key_reads_back() -> None:
    assert Verifier.parse(SIGNER.verifier.text() + "\n") == SIGNER.verifier


def test_the_published_example_key_reads() -> None:
    # The verifier key printed in golang.org/x/mod/sumdb/note's documentation.
    text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    assert Verifier.parse(text).text() == text


@given(place=st.integers(0, len(NOTE.encode()) - 1), bit=st.integers(0, 7))
def test_any_flipped_bit_is_refused(place: int, bit: int) -> None:
    raw = bytearray(NOTE.encode())
    raw[place] ^= 1 << bit
    changed = raw.decode("utf-8", "replace")
    notes, torn = split_notes(changed)
    for note in [*notes, *([torn] if torn else [])]:
        with pytest.raises(BadCheckpoint):
            SIGNER.verifier.open(note)


def test_another_key_of_the_same_name_is_refused() -> None:
    other = Signer("agent-lee/test", Ed25519PrivateKey.generate())
    with pytest.raises(BadCheckpoint, match="another key"):
        SIGNER.verifier.open(other.sign(7, b"\x05" * 32, AT))


@pytest.mark.parametrize(
    "text", ["", "x", "a+b+c", "agent lee+00000000+AAAA", SIGNER.verifier.text().replace("agent", "agenT")]
)
def test_a_damaged_public_key_is_refused(text: str) -> None:
    with pytest.raises(BadCheckpoint):
        Verifier.parse(text)


def test_notes_in_a_file_come_apart_and_a_torn_one_is_told() -> None:
    second = SIGNER.sign(9, b"\x06" * 32, AT)
    assert split_notes(NOTE + second) == ([NOTE, second], "")
    assert split_notes(NOTE + second[:-1]) == ([NOTE], second[:-1])
    assert split_notes("") == ([], "")


def test_a_naive_time_and_an_origin_with_spaces_cannot_be_signed() -> None:
    with pytest.raises(ValueError, match="time zone"):
        SIGNER.sign(1, b"\0" * 32, AT.replace(tzinfo=None))
    with pytest.raises(ValueError, match="origin"):
        Signer("agent lee", Ed25519PrivateKey.generate()).sign(1, b"\0" * 32, AT)
