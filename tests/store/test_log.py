"""The log inside units, its signed checkpoints on disk, and what tampering with the file does: it shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine

from store.cases import CaseRow
from store.checkpoints import NOTES, PUBLIC_KEY, SIGNING_KEY, checkpoint, verify, verify_kept
from store.database import Store, open_store
from store.errors import LogTampered
from tests.databases import Databases
from tests.store.conftest import BOTH, Clock


def fill(store: Store, count: int, case: CaseRow | None = None) -> None:
    with store.unit() as uow:
        for n in range(count):
            uow.record("effect.settled", "lee", case.id if case else None, case.customer if case else None, {"n": n})


def behind_its_back(url: str, *statements: str) -> None:
    """Change the database as somebody who owns it can: triggers first."""
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("ALTER TABLE audit_entries DISABLE TRIGGER ALL")
        else:
            for trigger in ("audit_entries_no_update", "audit_entries_no_delete", "audit_entries_gapless"):
                connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {trigger}")
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


@BOTH
def test_entries_are_numbered_without_gaps_also_after_a_rollback(store: Store, case: CaseRow) -> None:
    fill(store, 3, case)
    with pytest.raises(ZeroDivisionError), store.unit() as uow:
        uow.record("never", "lee", case.id, case.customer, {"n": 1 // 0})
    fill(store, 2, case)
    with store.look() as uow:
        assert [r.seq for r in uow.log.of(case.id)] == [1, 2, 3, 4, 5]
        assert uow.log.size() == 5
        entry = uow.log.get(4)
        assert entry is not None
        assert entry.payload == {"n": 0}
        assert uow.log.get(6) is None


def test_an_entry_is_redacted_opened_and_bound_to_its_header(store: Store, case: CaseRow, clock: Clock) -> None:
    with store.unit() as uow:
        made = uow.record(
            "proposal.decided",
            "lee:offline",
            case.id,
            case.customer,
            {"said": "sk_live_abcdefgh123", "pan": 4242424242424242},
        )
    with store.look() as uow:
        (read,) = uow.log.of(case.id)
        (stored,) = uow.log.stored()
    assert read == made
    assert read.payload == {"said": "[API key removed]", "pan": "[card number removed, ends 4242]"}
    assert (read.kind, read.actor, read.at) == ("proposal.decided", "lee:offline", clock.now)
    assert stored.whole
    assert stored.leaf.hex() == made.leaf


@BOTH
@pytest.mark.parametrize("odd", ["\ud800", "a\0b", "lee:" + "x" * 500, "👩‍👩‍👧", ""])
def test_whatever_came_can_be_recorded(store: Store, odd: str) -> None:
    with store.unit() as uow:
        made = uow.record("proposal.turned_away", odd, odd, f"cus_{odd}", {"said": odd, odd: 1})
    with store.look() as uow:
        read = uow.log.get(made.seq)
    assert read == made
    assert read is not None
    assert read.actor == odd
    assert read.payload == {"said": odd, odd: 1}
    assert verify(store).ok


def test_a_checkpoint_is_signed_once_for_a_size_and_covers_the_log(store: Store) -> None:
    assert verify(store).covered == 0
    fill(store, 10)
    first = checkpoint(store)
    assert first.size == 10
    assert checkpoint(store) == first
    fill(store, 5)
    second = checkpoint(store)
    fill(store, 2)
    report = verify(store)
    assert report.ok
    assert (report.entries, report.covered, report.uncovered, report.checkpoints) == (17, second.size, 2, 2)
    assert (store.folder / SIGNING_KEY).stat().st_mode & 0o077 == 0


def test_an_auditor_needs_only_the_notes_and_the_public_key(store: Store, database_url: str, tmp_path: Path) -> None:
    fill(store, 10)
    checkpoint(store)
    kept = tmp_path / "elsewhere"
    kept.mkdir()
    for name in (NOTES, PUBLIC_KEY):
        (kept / name).write_bytes((store.folder / name).read_bytes())
    for path in store.folder.glob("log-*"):
        path.unlink()
    report = verify_kept(database_url, kept / NOTES, kept / PUBLIC_KEY)
    assert (report.ok, report.covered) == (True, 10)


def test_a_public_key_lost_in_a_crash_comes_back_from_the_signing_key(store: Store) -> None:
    fill(store, 3)
    checkpoint(store)
    key = (store.folder / PUBLIC_KEY).read_bytes()
    (store.folder / PUBLIC_KEY).unlink()
    checkpoint(store)
    assert (store.folder / PUBLIC_KEY).read_bytes() == key


def test_verifying_writes_nothing(store: Store) -> None:
    before = sorted(store.folder.iterdir())
    fill(store, 3)
    assert verify(store).uncovered == 3
    assert sorted(store.folder.iterdir()) == before


def test_an_erased_customer_still_verifies(store: Store, case: CaseRow) -> None:
    fill(store, 10, case)
    checkpoint(store)
    store.keys.erase(case.customer)
    fill(store, 3, case)
    checkpoint(store)
    report = verify(store)
    assert report.ok
    assert report.covered == 13
    with store.look() as uow:
        assert [r.payload for r in uow.log.of(case.id)] == [None] * 10 + [{"n": n} for n in range(3)]


@BOTH
@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ("UPDATE audit_entries SET actor = 'human:nobody' WHERE seq = 4", "entry_changed"),
        ("UPDATE audit_entries SET sealed = leaf WHERE seq = 4", "entry_changed"),
        (
            "UPDATE audit_entries SET leaf = (SELECT leaf FROM audit_entries WHERE seq = 5) WHERE seq = 4",
            "entry_changed",
        ),
        ("DELETE FROM audit_entries WHERE seq = 4", "entry_missing"),
        ("DELETE FROM audit_entries WHERE seq > 7", "log_cut"),
        ("DELETE FROM audit_entries", "log_cut"),
    ],
)
def test_changing_the_file_is_found_and_never_signed_over(
    store: Store, database_url: str, change: str, kind: str
) -> None:
    fill(store, 10)
    checkpoint(store)
    behind_its_back(database_url, change)
    assert kind in [f.kind for f in verify(store).findings]
    notes = (store.folder / NOTES).read_bytes()
    if kind != "entry_changed" or "SET leaf" in change:
        with pytest.raises(LogTampered):
            checkpoint(store)
        assert (store.folder / NOTES).read_bytes() == notes


@BOTH
def test_an_old_copy_of_the_database_is_found(
    store: Store, databases: Databases, database_url: str, tmp_path: Path, clock: Clock
) -> None:
    fill(store, 5)
    old = databases.copy(database_url, tmp_path)
    fill(store, 5)
    checkpoint(store)
    restored = open_store(old, tmp_path / "keys", clock)
    assert [f.kind for f in verify(restored).findings] == ["log_cut"]
    with pytest.raises(LogTampered, match="5 entries; 10 were signed"):
        checkpoint(restored)
    fill(restored, 8)  # and it does not help to fill it up again
    assert [f.kind for f in verify(restored).findings] == ["log_rewritten"]
    with pytest.raises(LogTampered, match="not those signed"):
        checkpoint(restored)
    restored.close()
    databases.drop(old)


def test_every_flipped_byte_of_the_notes_is_found(store: Store) -> None:
    fill(store, 3)
    checkpoint(store)
    fill(store, 1)
    checkpoint(store)
    path = store.folder / NOTES
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x07]) + whole[place + 1 :])
        assert not verify(store).ok, place


def test_a_torn_note_is_reported_and_the_next_checkpoint_mends_it(store: Store) -> None:
    fill(store, 3)
    checkpoint(store)
    path = store.folder / NOTES
    whole = path.read_bytes()
    for length in (len(whole) - 1, len(whole) // 2, 1):
        path.write_bytes(whole + whole[:length])
        assert [f.kind for f in verify(store).findings] == ["checkpoint_invalid"]
        assert checkpoint(store).size == 3
        assert verify(store).ok
        assert path.read_bytes().startswith(whole)


def test_a_changed_last_note_is_not_taken_for_a_torn_one(store: Store) -> None:
    fill(store, 3)
    checkpoint(store)
    path = store.folder / NOTES
    path.write_bytes(path.read_bytes().replace("—".encode(), b"---"))
    with pytest.raises(LogTampered, match="was changed"):
        checkpoint(store)
    path.write_bytes(path.read_bytes().replace(b"---", "—".encode()).replace(b"\n3\n", b"\n2\n"))
    with pytest.raises(LogTampered, match="cannot be trusted"):
        checkpoint(store)


def test_a_lost_or_swapped_key_is_not_replaced_in_silence(store: Store) -> None:
    fill(store, 3)
    checkpoint(store)
    signing, public = store.folder / SIGNING_KEY, store.folder / PUBLIC_KEY
    key = signing.read_text()
    signing.unlink()
    with pytest.raises(LogTampered, match="signing key is gone"):
        checkpoint(store)
    signing.write_text(key[:-10])
    with pytest.raises(LogTampered, match="damaged"):
        checkpoint(store)
    public.unlink()
    with pytest.raises(LogTampered, match="public key"):
        verify(store)
