"""Data keys: durable before use, one a customer, gone for good when erased."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.errors import Forged, KeyMissing, LogUnavailable
from store.keys import Erased, Keyring
from tests.store.conftest import Clock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.sqlite"


@pytest.fixture
def keys(path: Path, clock: Clock) -> Iterator[Keyring]:
    ring = Keyring(path, clock)
    yield ring
    ring.close()


@given(plain=st.binary(max_size=300), aad=st.binary(max_size=40))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_is_sealed_opens_for_the_same_row_only(keys: Keyring, plain: bytes, aad: bytes) -> None:
    key_id, sealed = keys.seal("cus_maya", plain, aad)
    assert key_id == keys.current("cus_maya").id
    assert keys.open(sealed, aad) == plain
    with pytest.raises(Forged):
        keys.open(sealed, aad + b"x")


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_changed_byte_is_noticed(keys: Keyring, data: st.DataObject) -> None:
    _, sealed = keys.seal("cus_maya", b"refund 20.00", b"row")
    place = data.draw(st.integers(0, len(sealed) - 1))
    changed = bytearray(sealed)
    changed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises((Forged, KeyMissing)):
        keys.open(bytes(changed), b"row")
    with pytest.raises(Forged):
        keys.open(sealed[:place], b"row")


def test_the_same_words_never_look_the_same(keys: Keyring) -> None:
    assert len({keys.seal("cus_maya", b"yes", b"")[1] for _ in range(50)}) == 50


def test_each_customer_has_a_key_that_another_process_finds(keys: Keyring, path: Path, clock: Clock) -> None:
    _, sealed = keys.seal("cus_maya", b"hello", b"row")
    assert keys.current("cus_maya").id != keys.current("cus_otto").id
    other = Keyring(path, clock)
    assert other.open(sealed, b"row") == b"hello"
    assert other.current("cus_maya").id == keys.current("cus_maya").id
    other.close()


def test_many_at_once_agree_on_one_key(path: Path, clock: Clock) -> None:
    rings = [Keyring(path, clock) for _ in range(6)]
    found: list[str] = []
    threads = [threading.Thread(target=lambda r=ring: found.append(r.current("cus_new").id)) for ring in rings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == 1
    for ring in rings:
        ring.close()


def test_an_erased_key_is_gone_from_every_byte_of_the_file(keys: Keyring, path: Path, clock: Clock) -> None:
    key_id, sealed = keys.seal("cus_maya", b"hello", b"row")
    with sqlite3.connect(path) as reading:
        material = reading.execute("SELECT material FROM data_keys WHERE id = ?", (key_id,)).fetchone()[0]
    reading.close()
    files = [path, path.with_name(path.name + "-wal")]
    assert any(material in file.read_bytes() for file in files)
    clock.pass_(days=1)
    assert keys.erase("cus_maya") == [key_id]
    assert not any(material in file.read_bytes() for file in files)
    assert keys.open(sealed, b"row") == Erased(key_id, clock.now)
    assert keys.seal("cus_maya", b"back", b"row")[0] != key_id


def test_an_erasure_reaches_a_process_that_used_the_key_before(keys: Keyring, path: Path, clock: Clock) -> None:
    other = Keyring(path, clock)
    _, sealed = other.seal("cus_maya", b"hello", b"row")
    keys.erase("cus_maya")
    assert isinstance(other.open(sealed, b"row"), Erased)
    other.close()


def test_a_key_file_of_another_database_is_named_as_such(keys: Keyring, tmp_path: Path, clock: Clock) -> None:
    _, sealed = keys.seal("cus_maya", b"hello", b"row")
    other = Keyring(tmp_path / "other.sqlite", clock)
    with pytest.raises(KeyMissing, match="not the one this database was written with"):
        other.open(sealed, b"row")
    other.close()


def test_a_key_file_that_is_none_is_a_plain_sentence(path: Path, clock: Clock) -> None:
    path.write_bytes(b"not a key file at all" * 100)
    with pytest.raises(LogUnavailable, match="key file cannot be used"):
        Keyring(path, clock)
