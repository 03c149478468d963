"""Several processes on one database, one of them killed at any moment: whole units only, the log without gaps."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from store.checkpoints import checkpoint, verify
from store.database import open_store
from tests.store.conftest import Clock

pytestmark = pytest.mark.process

WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from store.database import open_store

folder, case_id, units = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
store = open_store(f"sqlite:///{folder / 'lee.db'}", folder / "keys", lambda: datetime.now(UTC))
for n in range(units):
    with store.unit() as uow:
        uow.messages.add(case_id, "note", f"lee:{sys.argv[4]}", "x" * 500)
        uow.record("note.added", f"lee:{sys.argv[4]}", case_id, "cus_maya", {"n": n})
        uow.record("note.added", f"lee:{sys.argv[4]}", case_id, f"cus_{sys.argv[4]}_{n}", {"n": n})
    print(n, flush=True)
"""


def test_killing_one_of_two_writers_loses_nothing_committed_and_keeps_nothing_half(
    tmp_path: Path, clock: Clock
) -> None:
    url = f"sqlite:///{tmp_path / 'lee.db'}"
    store = open_store(url, tmp_path / "keys", clock)
    with store.unit() as uow:
        case = uow.cases.open("cus_maya", "maya", "owner", "chat")
    run = [sys.executable, "-c", WRITER, str(tmp_path), case.id]
    with (
        subprocess.Popen([*run, "100000", "killed"], stdout=subprocess.PIPE, text=True) as killed,
        subprocess.Popen([*run, "40", "whole"], stdout=subprocess.PIPE, text=True) as whole,
    ):
        assert killed.stdout is not None
        told = -1
        deadline = time.monotonic() + 60
        while told < 25 and time.monotonic() < deadline:
            told = int(killed.stdout.readline())
        os.kill(killed.pid, signal.SIGKILL)
        rest = killed.stdout.read().split()
        told = int(rest[-1]) if rest else told
        assert whole.communicate(timeout=60)[0].split()[-1] == "39"
    with store.look() as uow:
        notes = uow.messages.of(case.id)
        log = uow.log.of(case.id)
        assert uow.connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
    assert [r.seq for r in log] == list(range(1, len(log) + 1))
    assert len(log) == 2 * len(notes)
    assert len([m for m in notes if m.author == "lee:whole"]) == 40
    # What was told as committed is there; at most one unit more may have been.
    assert len([m for m in notes if m.author == "lee:killed"]) - (told + 1) in (0, 1)
    assert all(r.payload is not None for r in log)
    checkpoint(store)
    assert verify(store).covered == len(log)
    store.close()


NOTER = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from store.database import open_store

folder, turn_id = Path(sys.argv[1]), sys.argv[2]
store = open_store(f"sqlite:///{folder / 'lee.db'}", folder / "keys", lambda: datetime.now(UTC))
for n in range(20):
    with store.notes() as turns:
        turns.add_step(turn_id, n, "model", {"n": n})
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_notes_outlive_a_killed_process(tmp_path: Path, clock: Clock) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'lee.db'}", tmp_path / "keys", clock)
    with store.unit() as uow:
        case = uow.cases.open("cus_maya", "maya", "owner", "chat")
        turn = uow.turns.queue(case, uow.messages.add(case.id, "inbound", "maya", "Hello?").id)
    died = subprocess.run([sys.executable, "-c", NOTER, str(tmp_path), turn.id], timeout=60, check=False)
    assert died.returncode == -signal.SIGKILL
    with store.look() as uow:
        assert [step.content for step in uow.turns.steps(turn.id)] == [{"n": n} for n in range(20)]
    store.close()


def test_opening_a_migrated_database_imports_no_migrations(tmp_path: Path, clock: Clock) -> None:
    open_store(f"sqlite:///{tmp_path / 'lee.db'}", tmp_path / "keys", clock).close()
    program = (
        "import sys; from datetime import UTC, datetime; from pathlib import Path\n"
        "from store.database import open_store\n"
        f"open_store('sqlite:///{tmp_path}/lee.db', Path('{tmp_path}/keys'), lambda: datetime.now(UTC)).close()\n"
        "print('alembic' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout.strip() == "False"
