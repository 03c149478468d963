"""From the start of a command to its end, and the most memory it held: each in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from app import sandbox_process
from app.house import ROOT
from sandbox.demo.seeding import demo_world

TICKET: Final = ("resolve", "Please refund my last payment.", "--customer", "cus_joan", "--json")
HEAD: Final = ["", "N", "median", "from", "to", "processor", "memory, at most"]

# Linux counts into a process's greatest memory what it was forked from (getrusage(2), ru_maxrss): a bench with its
# models loaded would tell of itself. So a small interpreter starts the command.
_LAUNCHER: Final = """
import json, resource, subprocess, sys, time
started = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
seconds = time.perf_counter() - started
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([seconds, used.ru_utime + used.ru_stime, used.ru_maxrss, done.returncode, done.stderr]))
"""


@dataclass(frozen=True, slots=True)
class Run:
    seconds: float
    processor: float  # seconds
    megabytes: float


def starts(times: int) -> list[list[str]]:
    """Rows of the table. The first ticket finds an empty folder: sandbox, company, database and index are made."""
    first: list[Run] = []
    for _ in range(max(2, times // 2)):
        with _folder() as data:
            first.append(run(data, *TICKET))
    with _folder() as data:
        run(data, *TICKET)
        return [
            _row("lee --help", [run(data, "--help") for _ in range(times)]),
            _row("lee doctor", [run(data, "doctor") for _ in range(times)]),
            _row("first ticket, nothing there yet", first),
            _row("next ticket, a new process", [run(data, *TICKET) for _ in range(times)]),
        ]


def seeding(times: int) -> float:
    """The median of the processor's seconds that the demo company takes."""
    took: list[float] = []
    for _ in range(times):
        begun = time.process_time()
        asyncio.run(demo_world(datetime.now(UTC)))
        took.append(time.process_time() - begun)
    return statistics.median(took)


def run(data: Path, *arguments: str) -> Run:
    """Raises RuntimeError with what the command said when it fails."""
    unset = {name: value for name, value in os.environ.items() if not name.startswith(("LEE_", "STRIPE_", "OPENAI_"))}
    done = subprocess.run(  # noqa: S603  our own command
        [sys.executable, "-I", "-S", "-c", _LAUNCHER, sys.executable, "-m", "app.main", *arguments],
        cwd=ROOT,
        env={**unset, "LEE_DATA": str(data), "HF_HUB_OFFLINE": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    seconds, processor, kilobytes, status, said = json.loads(done.stdout)
    if status != 0:
        raise RuntimeError(f"lee {arguments[0]} ended with {status}: {said[-500:]}")
    return Run(seconds, processor, kilobytes / 1024)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="lee-bench-") as name:
        try:
            yield Path(name)
        finally:
            sandbox_process.stop(Path(name))


def _row(what: str, runs: list[Run]) -> list[str]:
    took = [each.seconds for each in runs]
    memory = max(each.megabytes for each in runs)
    return [
        what,
        str(len(runs)),
        *(f"{seconds:.2f} s" for seconds in (statistics.median(took), min(took), max(took))),
        f"{statistics.median(each.processor for each in runs):.2f} s",
        f"{memory:.0f} MB",
    ]
