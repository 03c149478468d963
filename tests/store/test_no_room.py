"""When the log cannot be written nothing is kept, the error is one plain sentence, and the store works on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from store.cases import CaseRow
from store.checkpoints import NOTES, checkpoint, verify
from store.database import Store, open_store
from store.errors import LogUnavailable
from store.unit_of_work import UnitOfWork
from tests.store.conftest import SQLITE, Clock


def write_much(uow: UnitOfWork, case: CaseRow) -> None:
    uow.cases.set_status(case.id, "resolved")
    for n in range(50):
        uow.record("effect.settled", "lee", case.id, case.customer, {"n": n, "filler": "x" * 5000})


def no_pages_left(uow: UnitOfWork) -> None:
    pages = uow.connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    uow.connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 2}")


def read_only(uow: UnitOfWork) -> None:
    uow.connection.exec_driver_sql("PRAGMA query_only=ON")


@SQLITE
@pytest.mark.parametrize(("spoil", "why"), [(no_pages_left, "disk is full"), (read_only, "read-only")])
def test_nothing_of_the_unit_is_kept(
    store: Store, case: CaseRow, spoil: Callable[[UnitOfWork], None], why: str
) -> None:
    def work() -> None:
        with store.unit() as uow:
            spoil(uow)
            write_much(uow, case)

    with pytest.raises(LogUnavailable, match=why):
        work()
    with store.look() as uow:
        assert uow.cases.get(case.id).status == "open"
        assert uow.log.size() == 0


@SQLITE
def test_the_next_unit_works_once_there_is_room(store: Store, case: CaseRow) -> None:
    def work() -> None:
        with store.unit() as uow:
            no_pages_left(uow)
            write_much(uow, case)

    with pytest.raises(LogUnavailable):
        work()
    with store.unit() as uow:
        uow.connection.exec_driver_sql("PRAGMA max_page_count=1000000")
        write_much(uow, case)
    checkpoint(store)
    assert verify(store).covered == 50


# Writes until the operating system refuses: RLIMIT_FSIZE stands for a full disk, without needing one.
CHILD = """
import resource, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from store.checkpoints import checkpoint
from store.database import open_store
from store.errors import LogUnavailable

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
folder = Path(sys.argv[1])
store = open_store(f"sqlite:///{folder / 'lee.db'}", folder / "keys", lambda: datetime.now(UTC))
with store.unit() as uow:
    case = uow.cases.open("cus_maya", "maya", "owner", "chat")
checkpoint(store)
resource.setrlimit(resource.RLIMIT_FSIZE, (700_000, 700_000))
committed = 0
try:
    while True:
        with store.unit() as uow:
            uow.messages.add(case.id, "note", "lee", "y" * 3000)
            uow.record("effect.settled", "lee", case.id, case.customer, {"n": committed, "filler": "x" * 3000})
        committed += 1
except LogUnavailable as error:
    print(committed, case.id, error.message, sep="|")
"""


@pytest.mark.process
def test_a_process_that_runs_out_of_disk_keeps_whole_units_only(tmp_path: Path, clock: Clock) -> None:
    run = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr
    committed, case_id, message = run.stdout.strip().split("|")
    assert int(committed) > 10
    assert message.startswith("The database cannot be used: ")
    store = open_store(f"sqlite:///{tmp_path / 'lee.db'}", tmp_path / "keys", clock)
    with store.unit() as uow:
        assert uow.connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
        assert [r.payload and r.payload["n"] for r in uow.log.of(case_id)] == list(range(int(committed)))
        assert len(uow.messages.of(case_id)) == int(committed)
        uow.record("effect.settled", "lee", case_id, "cus_maya", {"n": "room again"})
    assert checkpoint(store).size == int(committed) + 1
    assert verify(store).ok
    store.close()


def test_a_checkpoint_that_cannot_be_written_leaves_the_notes_as_they_were(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store.unit() as uow:
        uow.record("note", "lee", None, None, {})
    checkpoint(store)
    before = (store.folder / NOTES).read_bytes()
    with store.unit() as uow:
        uow.record("note", "lee", None, None, {})

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("store.checkpoints.os.fsync", full)
        with pytest.raises(LogUnavailable, match="No space left"):
            checkpoint(store)
    assert (store.folder / NOTES).read_bytes() == before
    assert checkpoint(store).size == 2
