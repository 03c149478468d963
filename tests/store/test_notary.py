"""A log is signed again and again at the cost of what is new, and the notes are kept in a second place too."""

from __future__ import annotations

from pathlib import Path

import pytest

from store.checkpoints import NOTES, PUBLIC_KEY, Notary, checkpoint, verify, verify_kept
from store.database import Store
from store.errors import LogTampered, LogUnavailable
from store.log import LogRows
from tests.audit.test_tampering import triggers
from tests.store.conftest import BOTH


def fill(store: Store, count: int) -> None:
    with store.unit() as uow:
        for n in range(count):
            uow.record("note", "lee", None, None, {"n": n})


@BOTH
def test_what_is_signed_bit_by_bit_is_what_one_pass_signs(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    leaves = LogRows.leaves

    def counted(rows: LogRows, after: int = 0) -> object:
        for leaf in leaves(rows, after):
            read.append(after)
            yield leaf

    monkeypatch.setattr(LogRows, "leaves", counted)
    notary = Notary(store)
    for count in (3, 1, 7, 0, 5):
        fill(store, count)
        size = notary.sign().size
        assert notary.sign().size == size
    assert len(read) == size == 16
    assert checkpoint(store).root == notary.sign().root
    report = verify(store)
    assert (report.ok, report.covered, report.checkpoints, report.uncovered_since) == (True, 16, 4, None)


@BOTH
def test_two_that_sign_by_turns_make_one_history(store: Store) -> None:
    one, other = Notary(store), Notary(store)
    for notary in (one, other, other, one, one, other):
        fill(store, 2)
        notary.sign()
    assert (verify(store).ok, verify(store).covered, verify(store).checkpoints) == (True, 12, 6)


@BOTH
def test_a_cut_tail_is_not_signed_over(store: Store) -> None:
    """Entries that were signed, and such as only this process has seen."""
    notary = Notary(store)
    fill(store, 5)
    notary.sign()
    with store.unit() as uow:
        for trigger in triggers(uow.connection):
            uow.connection.exec_driver_sql(trigger)
        uow.connection.exec_driver_sql("DELETE FROM audit_entries WHERE seq > 3")
    with pytest.raises(LogTampered, match="3 entries"):
        notary.sign()
    with pytest.raises(LogTampered, match="3 entries"):
        checkpoint(store)


@BOTH
def test_notes_that_went_back_are_read_anew(store: Store) -> None:
    notary = Notary(store)
    fill(store, 2)
    notary.sign()
    before = (store.folder / NOTES).read_bytes()
    fill(store, 2)
    notary.sign()
    (store.folder / NOTES).write_bytes(before)
    fill(store, 1)
    assert notary.sign().size == 5
    assert verify(store).ok


def test_the_tail_that_no_checkpoint_covers_is_told_with_its_beginning(store: Store) -> None:
    fill(store, 2)
    checkpoint(store)
    fill(store, 3)
    with store.look() as uow:
        third = uow.log.get(3)
    assert third is not None
    report = verify(store)
    assert (report.uncovered, report.uncovered_since) == (3, third.at.isoformat(timespec="microseconds"))


def test_a_copy_is_continued_and_proves_the_log_alone(store: Store, database_url: str, tmp_path: Path) -> None:
    elsewhere = tmp_path / "mounted" / "lee"
    notary = Notary(store, elsewhere)
    for _ in range(3):
        fill(store, 2)
        notary.sign()
    (elsewhere / NOTES).write_bytes((elsewhere / NOTES).read_bytes()[:-40])  # as a crash leaves it
    notary.sign()
    assert (elsewhere / NOTES).read_bytes() == (store.folder / NOTES).read_bytes()
    assert verify_kept(database_url, elsewhere / NOTES, elsewhere / PUBLIC_KEY).covered == 6


def test_a_copy_that_cannot_be_reached_keeps_nothing_from_being_signed_and_catches_up(
    store: Store, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "mounted"
    elsewhere.write_text("not a folder")
    notary = Notary(store, elsewhere)
    fill(store, 2)
    with pytest.raises(LogUnavailable, match="copy of the checkpoints"):
        notary.sign()
    assert verify(store).covered == 2
    elsewhere.unlink()
    assert notary.sign().size == 2
    assert (elsewhere / NOTES).read_bytes() == (store.folder / NOTES).read_bytes()


@pytest.mark.parametrize("changed", ["house", "copy", "key"])
def test_a_copy_that_tells_something_else_is_left_as_it_is_and_said(store: Store, tmp_path: Path, changed: str) -> None:
    elsewhere = tmp_path / "copy"
    notary = Notary(store, elsewhere)
    fill(store, 2)
    notary.sign()
    if changed == "house":  # everything anew, by whoever owns the house
        for path in store.folder.glob("log-*"):
            path.unlink()
        (store.folder / NOTES).unlink()
    else:
        path = elsewhere / (NOTES if changed == "copy" else PUBLIC_KEY)
        path.write_bytes(path.read_bytes().replace(b"agent-lee", b"agent-leo"))
    kept = [(elsewhere / name).read_bytes() for name in (NOTES, PUBLIC_KEY)]
    fill(store, 1)
    with pytest.raises(LogTampered, match=r"copy"):
        notary.sign()
    assert [(elsewhere / name).read_bytes() for name in (NOTES, PUBLIC_KEY)] == kept
