"""Every action at once in a process that dies at a random moment; `make prove` kills it hundreds of times."""

from __future__ import annotations

import subprocess
import sys

import pytest

from app.house import ROOT
from tests.databases import Databases, PostgresDatabases
from tests.proofs import Proved, times

SEED = 7


@pytest.mark.process
@pytest.mark.timeout(3_600)
def test_one_effect_of_each_whenever_the_process_dies(databases: Databases, proved: Proved) -> None:
    """On SQLite; with `PROVE=1` on PostgreSQL too, where the database crashes as well and others take over."""
    shared = isinstance(databases, PostgresDatabases)
    kills = times(2, 100 if shared else 200)
    command = [sys.executable, "-m", "evals.faults.moments", "--kills", str(kills), "--seed", str(SEED)]
    command += ["--database", databases.server.url("postgres")] if shared else []
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-2_000:]
    assert f"0 of {kills} deaths" in done.stdout
    proved(
        f"deaths at a random moment of twelve actions at once ({databases.dialect}) that left anything but one effect "
        "of each",
        kills,
        seed=SEED,
    )
