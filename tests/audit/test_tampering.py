"""Bar 9: whatever is done to the rows of a log that a checkpoint covers is found, on both databases.

The tamperer owns the database: its triggers are dropped first. That they refuse is a test of its own.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Row, text
from sqlalchemy.exc import DBAPIError

from app.auditing import check_kept
from audit.verification import Report
from store.checkpoints import NOTES, PUBLIC_KEY, checkpoint
from store.database import open_store
from store.errors import LogUnavailable, TooLong
from tests.databases import Databases
from tests.proofs import Proved, times
from tests.store.conftest import BOTH, SQLITE, Clock

ENTRIES = 8
COLUMNS = ("seq", "id", "at", "kind", "actor", "case_id", "key_id", "sealed", "leaf")
SEED = 20261121
pytestmark = BOTH


class Kept:
    """A log, and what its auditor took away when it had `ENTRIES` entries."""

    def __init__(self, url: str, folder: Path, clock: Clock) -> None:
        self.url, self.folder, self.clock = url, folder, clock
        self.store = open_store(url, folder / "keys", clock)
        self.fill(ENTRIES)
        checkpoint(self.store)
        self.taken = folder / "taken"
        self.taken.mkdir()
        for name in (NOTES, PUBLIC_KEY):
            shutil.copy(self.store.folder / name, self.taken / name)

    def fill(self, count: int) -> None:
        with self.store.unit() as uow:
            case = uow.cases.open("cus_maya", "maya", "owner", "chat")
            for n in range(count):
                who = (case.id, "cus_maya") if n % 3 else (None, None)
                uow.record("effect.settled", "lee:offline", *who, {"amount": n, "words": "Straße 7"})

    def verify(self, url: str | None = None) -> Report:
        return check_kept(url or self.url, self.folder / "keys", self.taken / NOTES, None).report

    def found(self) -> bool:
        """Whether the auditor sees that something is wrong."""
        try:
            return not self.verify().ok
        except LogUnavailable:
            return True  # it cannot even be read

    def untied(self) -> None:
        with self.store.unit() as uow:
            for trigger in triggers(uow.connection):
                uow.connection.exec_driver_sql(trigger)

    def rows(self) -> list[Row[tuple[object, ...]]]:
        with self.store.look() as uow:
            return list(uow.connection.execute(text(f"SELECT {', '.join(COLUMNS)} FROM audit_entries ORDER BY seq")))

    def change(self, statement: str, **values: object) -> bool:
        """False: the database itself refused."""
        try:
            with self.store.unit() as uow:
                uow.connection.execute(text(statement), values)
        except (DBAPIError, TooLong, UnicodeError):
            return False
        return True


def triggers(connection: Connection) -> list[str]:
    if connection.dialect.name == "sqlite":
        names = ("no_update", "no_delete", "gapless")
        return [f"DROP TRIGGER audit_entries_{name}" for name in names]
    return ["ALTER TABLE audit_entries DISABLE TRIGGER ALL"]


@pytest.fixture
def kept(database_url: str, tmp_path: Path, clock: Clock) -> Iterator[Kept]:
    made = Kept(database_url, tmp_path, clock)
    yield made
    made.store.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET actor = 'human:nobody' WHERE seq = 3",
        "UPDATE audit_entries SET leaf = leaf WHERE seq = 3",
        "DELETE FROM audit_entries WHERE seq = 8",
        "DELETE FROM audit_entries",
        "INSERT INTO audit_entries SELECT seq + 5, 'log_x', at, kind, actor, case_id, key_id, sealed, leaf"
        " FROM audit_entries WHERE seq = 8",
    ],
)
def test_the_database_itself_refuses_to_change_the_log(kept: Kept, statement: str) -> None:
    before = kept.rows()
    assert not kept.change(statement)
    assert kept.rows() == before
    assert not kept.found()


def test_every_flipped_byte_of_every_column_is_found(kept: Kept, databases: Databases, proved: Proved) -> None:
    kept.untied()
    places = [
        (row.seq, column, place)
        for row in kept.rows()
        for column in COLUMNS
        for place in range(len(_bytes(getattr(row, column))))
    ]
    picked = random.Random(SEED).sample(places, min(times(60, len(places)), len(places)))
    missed = refused = 0
    for seq, column, place in picked:
        (row,) = [each for each in kept.rows() if each.seq == seq]
        before = getattr(row, column)
        flipped = _flipped(before, place, 1 << (seq + place) % 8)
        value = ":value"
        if isinstance(before, str) and isinstance(flipped, bytes):
            if databases.dialect == "sqlite":
                value = "CAST(:value AS TEXT)"  # also what is no UTF-8
            else:
                flipped = flipped.decode("utf-8", "surrogateescape")
        if not kept.change(f"UPDATE audit_entries SET {column} = {value} WHERE seq = :seq", value=flipped, seq=seq):
            refused += 1  # a second row of that number, or text that PostgreSQL does not hold
            continue
        missed += not kept.found()
        back = flipped if column == "seq" else seq
        assert kept.change(f"UPDATE audit_entries SET {column} = :value WHERE seq = :seq", value=before, seq=back)
    assert not kept.found()
    assert refused < len(picked) // 5
    proved(f"flipped bytes of a signed log unnoticed ({databases.dialect})", len(picked) - refused, missed, SEED)


Tampering = Callable[[Kept, random.Random], None]


def deleted(kept: Kept, chance: random.Random) -> None:
    kept.change("DELETE FROM audit_entries WHERE seq = :seq", seq=chance.randint(1, ENTRIES))


def deleted_and_renumbered(kept: Kept, chance: random.Random) -> None:
    seq = chance.randint(1, ENTRIES - 1)
    kept.change("DELETE FROM audit_entries WHERE seq = :seq", seq=seq)
    for after in range(seq + 1, ENTRIES + 1):
        kept.change("UPDATE audit_entries SET seq = :to WHERE seq = :seq", seq=after, to=after - 1)


def inserted(kept: Kept, chance: random.Random) -> None:
    seq = chance.randint(1, ENTRIES)
    for after in range(ENTRIES, seq - 1, -1):
        kept.change("UPDATE audit_entries SET seq = :to WHERE seq = :seq", seq=after, to=after + 1)
    kept.change(
        f"INSERT INTO audit_entries SELECT {seq}, 'log_x', at, kind, actor, case_id, key_id, sealed, leaf"
        f" FROM audit_entries WHERE seq = {seq + 1}"
    )


def inserted_before_all(kept: Kept, chance: random.Random) -> None:
    kept.change(
        f"INSERT INTO audit_entries SELECT {chance.randint(-5, 0)}, 'log_x', at, kind, actor, case_id, key_id, sealed,"
        f" leaf FROM audit_entries WHERE seq = {chance.randint(1, ENTRIES)}"
    )


def swapped(kept: Kept, chance: random.Random) -> None:
    one, other = chance.sample(range(1, ENTRIES + 1), 2)
    for was, to in ((one, 10_000), (other, one), (10_000, other)):
        kept.change("UPDATE audit_entries SET seq = :to WHERE seq = :seq", seq=was, to=to)


def emptied(kept: Kept, chance: random.Random) -> None:
    """A value that is none takes the place of nothing, or nothing its place."""
    seq = chance.randint(1, ENTRIES)
    kept.change("UPDATE audit_entries SET case_id = CASE WHEN case_id IS NULL THEN '' END WHERE seq = :seq", seq=seq)


def cut(kept: Kept, chance: random.Random) -> None:
    kept.change("DELETE FROM audit_entries WHERE seq > :seq", seq=chance.randint(0, ENTRIES - 1))


def cut_and_refilled(kept: Kept, chance: random.Random) -> None:
    left = chance.randint(0, ENTRIES - 1)
    kept.change("DELETE FROM audit_entries WHERE seq > :seq", seq=left)
    kept.fill(ENTRIES + chance.randint(0, 3) - left)


def rewritten_with_a_new_key(kept: Kept, chance: random.Random) -> None:
    """Everything anew by whoever owns the house: log, data keys, signing key, notes. Their own checks pass."""
    kept.change("DELETE FROM audit_entries")
    for path in kept.store.folder.iterdir():
        if path.name in (NOTES, PUBLIC_KEY, "log-signing.key"):
            path.unlink()
    kept.fill(ENTRIES + chance.randint(0, 5))
    checkpoint(kept.store)


@pytest.mark.parametrize(
    "tampering",
    [
        deleted,
        deleted_and_renumbered,
        inserted,
        inserted_before_all,
        swapped,
        emptied,
        cut,
        cut_and_refilled,
        rewritten_with_a_new_key,
    ],
)
def test_rows_deleted_inserted_swapped_cut_and_rewritten_are_found(
    databases: Databases, tmp_path: Path, clock: Clock, tampering: Tampering, proved: Proved
) -> None:
    tries, missed = times(1, 40), 0
    for n in range(tries):
        url = databases.fresh(tmp_path / str(n))
        kept = Kept(url, tmp_path / str(n), clock)
        kept.untied()
        tampering(kept, random.Random(SEED + n))
        missed += not kept.found()
        kept.store.close()
        databases.drop(url)
    proved(f"logs {tampering.__name__} unnoticed ({databases.dialect})", tries, missed, SEED)


def test_an_old_backup_in_its_place_is_found_even_when_it_grew_again(
    kept: Kept, databases: Databases, tmp_path: Path, clock: Clock
) -> None:
    kept.store.close()
    (tmp_path / "old").mkdir()
    old = databases.copy(kept.url, tmp_path / "old")
    kept.store = open_store(kept.url, tmp_path / "keys", clock)
    kept.fill(5)
    checkpoint(kept.store)
    shutil.copy(kept.store.folder / NOTES, kept.taken / NOTES)
    assert kept.verify().ok
    assert [found.kind for found in kept.verify(old).findings] == ["log_cut"]
    restored = open_store(old, tmp_path / "keys", clock)
    with restored.unit() as uow:
        for n in range(9):
            uow.record("effect.settled", "lee", None, None, {"n": n})
    restored.close()
    assert [found.kind for found in kept.verify(old).findings] == ["log_rewritten"]
    databases.drop(old)


@SQLITE
def test_flipped_bytes_of_the_file_itself_change_no_entry_unnoticed(kept: Kept, tmp_path: Path, proved: Proved) -> None:
    """Of all bytes of the file, also of pages, headers and free space: entries read differently, or the file fails, and
    the auditor says so; or the entries are the same and verify."""
    before = [tuple(row) for row in kept.rows()]
    kept.store.close()
    file = tmp_path / "lee.db"
    whole = file.read_bytes()
    chance, tries, missed, harmed = random.Random(SEED), times(60, 5_000), 0, 0
    leaves = [whole.index(_bytes(row[-1])) for row in before]  # an entry ends with its leaf
    near = [place for leaf in leaves for place in range(leaf - 300, leaf + 40)]
    kept.url = f"sqlite:///{tmp_path / 'flipped.db'}"
    for _ in range(tries):
        place = chance.randrange(len(whole)) if chance.random() < 0.3 else chance.choice(near)
        flipped = bytes([whole[place] ^ (1 << chance.randrange(8))])
        (tmp_path / "flipped.db").write_bytes(whole[:place] + flipped + whole[place + 1 :])
        if not kept.found():
            missed += [tuple(row) for row in raw_rows(tmp_path / "flipped.db")] != before
        else:
            harmed += 1
    kept.store = open_store(f"sqlite:///{file}", tmp_path / "keys", kept.clock)
    proved(f"flipped bytes of the file that change the log unnoticed ({harmed} harmed it)", tries, missed, SEED)


def raw_rows(file: Path) -> list[tuple[object, ...]]:
    import sqlite3

    connection = sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True)
    try:
        return connection.execute(f"SELECT {', '.join(COLUMNS)} FROM audit_entries ORDER BY seq").fetchall()
    finally:
        connection.close()


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode() if value is not None else b""


def _flipped(value: object, place: int, mask: int) -> object:
    if isinstance(value, int):
        return value ^ mask
    raw = bytearray(_bytes(value))
    raw[place] ^= mask
    return bytes(raw)
