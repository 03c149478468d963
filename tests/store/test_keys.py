"""Data keys: durable before use, one a customer, gone for good when erased. In a SQLite file or a PostgreSQL."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.errors import Forged, KeyMissing, KeysUnusable, LogUnavailable
from store.keys import Erased, Keyring, open_keyring
from tests.databases import Databases
from tests.store.conftest import BOTH, SQLITE, Clock


@pytest.fixture
def url(keys_url: str) -> str:
    return keys_url


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "elsewhere" / "wrapping.key"


@pytest.fixture
def keys(url: str, file: Path, clock: Clock) -> Iterator[Keyring]:
    ring = open_keyring(url, file, clock)
    yield ring
    ring.close()


@SQLITE
@given(plain=st.binary(max_size=300), aad=st.binary(max_size=40))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_is_sealed_opens_for_the_same_row_only(keys: Keyring, plain: bytes, aad: bytes) -> None:
    key_id, sealed = keys.seal("cus_maya", plain, aad)
    assert key_id == keys.current("cus_maya").id
    assert keys.open(sealed, aad) == plain
    with pytest.raises(Forged):
        keys.open(sealed, aad + b"x")


@SQLITE
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


@SQLITE
def test_the_same_words_never_look_the_same(keys: Keyring) -> None:
    assert len({keys.seal("cus_maya", b"yes", b"")[1] for _ in range(50)}) == 50


@BOTH
def test_each_customer_has_a_key_that_another_process_finds(keys: Keyring, url: str, file: Path, clock: Clock) -> None:
    _, sealed = keys.seal("cus_maya", b"hello", b"row")
    assert keys.current("cus_maya").id != keys.current("cus_otto").id
    other = open_keyring(url, file, clock)
    assert other.open(sealed, b"row") == b"hello"
    assert other.current("cus_maya").id == keys.current("cus_maya").id
    other.close()


@BOTH
def test_many_that_start_at_once_agree_on_one_file_and_one_key(url: str, file: Path, clock: Clock) -> None:
    found: list[str] = []

    def start() -> None:
        ring = open_keyring(url, file, clock)
        found.append(ring.current("cus_new").id)
        ring.close()

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == 1
    assert len(file.read_text().splitlines()) == 1


@SQLITE
def test_an_erased_key_is_gone_from_every_byte_of_the_file(keys: Keyring, url: str, clock: Clock) -> None:
    path = Path(url.removeprefix("sqlite:///"))
    key_id, sealed = keys.seal("cus_maya", b"hello", b"row")
    row = keys.custody.get(key_id)
    assert row is not None
    assert row.material is not None
    files = [path, path.with_name(path.name + "-wal")]
    assert any(row.material in file.read_bytes() for file in files)
    clock.pass_(days=1)
    assert keys.erase("cus_maya") == [key_id]
    assert not any(row.material in file.read_bytes() for file in files)
    assert keys.open(sealed, b"row") == Erased(key_id, clock.now)
    assert keys.seal("cus_maya", b"back", b"row")[0] != key_id


@BOTH
def test_an_erasure_reaches_a_process_that_used_the_key_before(
    keys: Keyring, url: str, file: Path, clock: Clock
) -> None:
    other = open_keyring(url, file, clock)
    key_id, sealed = other.seal("cus_maya", b"hello", b"row")
    assert keys.erase("cus_maya") == [key_id]
    assert isinstance(other.open(sealed, b"row"), Erased)
    assert other.current("cus_maya").id != key_id
    other.close()


@BOTH
def test_a_unit_looks_each_key_up_once_and_the_next_one_anew(keys: Keyring) -> None:
    _, sealed = keys.seal("cus_maya", b"hello", b"row")
    unit = keys.for_one_unit()
    assert unit.open(sealed, b"row") == b"hello"
    keys.erase("cus_maya")
    assert unit.open(sealed, b"row") == b"hello"
    assert isinstance(keys.for_one_unit().open(sealed, b"row"), Erased)


@BOTH
def test_keys_of_another_database_are_named_as_such(
    keys: Keyring, databases: Databases, tmp_path: Path, file: Path, clock: Clock
) -> None:
    _, sealed = keys.seal("cus_maya", b"hello", b"row")
    url = databases.empty(tmp_path / "other")
    other = open_keyring(url, file, clock)
    with pytest.raises(KeyMissing, match="not the keys this database was written with"):
        other.open(sealed, b"row")
    other.close()
    databases.drop(url)


@SQLITE
def test_a_file_that_is_no_database_is_a_plain_sentence(url: str, file: Path, clock: Clock) -> None:
    Path(url.removeprefix("sqlite:///")).write_bytes(b"not a key file at all" * 100)
    with pytest.raises(LogUnavailable, match="database of data keys cannot be used"):
        open_keyring(url, file, clock)


@BOTH
def test_the_main_database_holds_no_data_keys(database_url: str, file: Path, clock: Clock) -> None:
    with pytest.raises(KeysUnusable, match="LEE_KEYS_URL names the main one"):
        open_keyring(database_url, file, clock)


def unwrapped_store(path: Path) -> dict[str, bytes]:
    """A key file as versions before wrapping made it."""
    old = sqlite3.connect(path, isolation_level=None)
    for setting in ("journal_mode=WAL", "secure_delete=ON"):
        old.execute(f"PRAGMA {setting}")
    old.executescript(
        """CREATE TABLE data_keys (
            id TEXT PRIMARY KEY, customer TEXT NOT NULL, material BLOB, created_at TEXT NOT NULL, erased_at TEXT,
            CHECK ((material IS NULL) = (erased_at IS NOT NULL))
        );
        CREATE UNIQUE INDEX data_keys_current ON data_keys (customer) WHERE material IS NOT NULL;"""
    )
    at = "2026-11-01T00:00:00.000000+00:00"
    made = {f"key_{n:024x}": bytes([65 + n % 26, *range(31)]) for n in range(300)}
    for n, (key_id, material) in enumerate(made.items()):
        old.execute("INSERT INTO data_keys VALUES (?, ?, ?, ?, NULL)", (key_id, f"cus_{n}", material, at))
    old.execute("UPDATE data_keys SET material = NULL, erased_at = ? WHERE customer = 'cus_7'", (at,))
    old.close()
    return made


@SQLITE
def test_keys_that_lie_unwrapped_are_wrapped_at_the_start_and_no_byte_of_them_is_left(
    url: str, file: Path, clock: Clock
) -> None:
    path = Path(url.removeprefix("sqlite:///"))
    made = unwrapped_store(path)
    ring = open_keyring(url, file, clock)
    for n, (key_id, material) in enumerate(made.items()):
        row = ring.custody.get(key_id)
        assert row is not None
        assert ring.custody.unwrapped(row) == (None if n == 7 else material)
    files = list(path.parent.glob(f"{path.name}*"))
    assert len(files) >= 2
    for each in files:
        raw = each.read_bytes()
        assert not any(material in raw for material in made.values()), each
    assert ring.current("cus_3").material == made[f"key_{3:024x}"]
    ring.close()
