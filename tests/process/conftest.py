"""Real processes: `lee` as a child, over a data folder and a sandbox process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from app import sandbox_process
from app.house import ROOT
from evals.harness import Bench
from store.database import open_store


@dataclass(frozen=True)
class Command:
    data: Path

    def limited(self, blocks: int, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The same where no file may grow beyond `blocks` KiB: to its writer, a full disk."""
        return self.run(*arguments, before=["/bin/bash", "-c", f'ulimit -f {blocks}; exec "$0" "$@"'])

    def run(
        self, *arguments: str, stdin: str | None = None, before: Sequence[str] = (), **environment: str
    ) -> subprocess.CompletedProcess[str]:
        clean = {
            name: value for name, value in os.environ.items() if not name.startswith(("LEE_", "STRIPE_", "OPENAI_"))
        }
        return subprocess.run(
            [*before, sys.executable, "-m", "app.main", *arguments],
            cwd=ROOT,
            env={**clean, "LEE_DATA": str(self.data), "HF_HUB_OFFLINE": "1", **environment},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )

    def json(self, *arguments: str, **environment: str) -> Any:
        done = self.run(*arguments, "--json", **environment)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def world(self) -> dict[str, Any]:
        running = sandbox_process.find(self.data)
        assert running is not None
        return httpx.get(f"{running.url}/_sandbox/world", timeout=10).json()

    def audit(self, customer: str) -> list[dict[str, Any]]:
        """Every audit entry of a customer's cases."""
        store = open_store(f"sqlite:///{self.data / 'lee.db'}", self.data / "keys", lambda: datetime.now(UTC))
        try:
            with store.look() as uow:
                cases = [case.id for case in uow.cases.of_customer(customer)]
        finally:
            store.close()
        shown = [self.run("audit", "show", case, "--json").stdout.splitlines() for case in cases]
        return [json.loads(line) for lines in shown for line in lines]

    def refunds(self, charge: str) -> list[dict[str, Any]]:
        return [refund for refund in self.world()["refund"].values() if refund["charge"] == charge]

    def control(self, path: str, body: dict[str, Any]) -> None:
        running = sandbox_process.find(self.data)
        assert running is not None
        httpx.post(f"{running.url}/_sandbox/{path}", json=body, timeout=10).raise_for_status()


@contextmanager
def commands(data: Path, bench: Bench) -> Iterator[Command]:
    """With the bench's index of the help centre: to make one costs five seconds of processor time."""
    sandbox_process.start(data, idle_seconds=300)
    # The engine makes files with holes: `cp` leaves them holes.
    subprocess.run(["cp", "-a", bench.folder / "qdrant", data / "qdrant"], check=True)
    yield Command(data)
    sandbox_process.stop(data)


@pytest.fixture
def lee(tmp_path: Path, bench: Bench) -> Iterator[Command]:
    """A data folder and a sandbox of this test's own."""
    with commands(tmp_path / "data", bench) as made:
        yield made


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, bench: Bench) -> Iterator[Command]:
    """One data folder for a module's tests, each with customers of its own."""
    with commands(tmp_path_factory.mktemp("desk") / "data", bench) as made:
        yield made
