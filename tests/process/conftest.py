"""Real processes: `lee` as a child, over a data folder and a sandbox process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from app import sandbox_process
from app.house import ROOT


@dataclass(frozen=True)
class Command:
    data: Path

    def run(self, *arguments: str, stdin: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        clean = {
            name: value for name, value in os.environ.items() if not name.startswith(("LEE_", "STRIPE_", "OPENAI_"))
        }
        return subprocess.run(
            [sys.executable, "-m", "app.main", *arguments],
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

    def refunds(self, charge: str) -> list[dict[str, Any]]:
        return [refund for refund in self.world()["refund"].values() if refund["charge"] == charge]

    def control(self, path: str, body: dict[str, Any]) -> None:
        running = sandbox_process.find(self.data)
        assert running is not None
        httpx.post(f"{running.url}/_sandbox/{path}", json=body, timeout=10).raise_for_status()


@pytest.fixture
def lee(tmp_path: Path) -> Iterator[Command]:
    data = tmp_path / "data"
    sandbox_process.start(data, idle_seconds=300)
    yield Command(data)
    sandbox_process.stop(data)
