"""The sandbox as a process of its own, so that killing Lee never kills "Stripe"; its address is in the data folder."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import httpx

from app.house import ROOT

LOOPBACK: Final = "127.0.0.1"
START_SECONDS: Final = 60.0  # the demo company takes three of a free machine; a busy one may want many more


class SandboxUnavailable(RuntimeError):
    """The sandbox does not run and could not be started."""


@dataclass(frozen=True, slots=True)
class Running:
    pid: int
    port: int

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"


def find(data: Path) -> Running | None:
    """The sandbox of this data folder, if it answers."""
    try:
        running = Running(**json.loads(_address(data).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return running if _answers(running) else None


def start(data: Path, idle_seconds: int = 3600) -> Running:
    """The running sandbox of this data folder, started and filled with the demo company if need be.

    Two processes starting at once start one. It ends by itself after `idle_seconds` without a request; its file stays.
    Raises `SandboxUnavailable`.
    """
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SandboxUnavailable(f"the data folder {data} cannot be used: {error.strerror}") from error
    with _alone(data):
        running = find(data)
        if running is not None:
            return running
        return _spawn(data, idle_seconds)


def _spawn(data: Path, idle_seconds: int) -> Running:
    port = _free_port()
    log = data / "sandbox.log"
    command = [sys.executable, "-m", "sandbox", "--port", str(port), "--file", str(data / "sandbox.sqlite3")]
    command += ["--demo", "--idle-exit", str(idle_seconds)]
    # Through a shell that ends at once, in a session of its own: nobody's child, and no terminal's Ctrl-C reaches it.
    launched = subprocess.run(  # noqa: S603  our own interpreter and module
        ["/bin/sh", "-c", 'log=$1; shift; "$@" >>"$log" 2>&1 </dev/null & echo $!', "sh", str(log), *command],
        cwd=ROOT,
        start_new_session=True,
        capture_output=True,
        text=True,
        check=True,
    )
    running = Running(int(launched.stdout), port)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and _alive(running.pid):
        if _answers(running):
            _address(data).write_text(json.dumps(asdict(running)), encoding="utf-8")
            return running
        time.sleep(0.05)
    with contextlib.suppress(ProcessLookupError):
        os.kill(running.pid, signal.SIGKILL)
    tail = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
    raise SandboxUnavailable(f"the sandbox did not start: {' '.join(tail) or f'see {log}'}")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def stop(data: Path) -> bool:
    """Stop this data folder's sandbox; False when none was running."""
    running = find(data)
    if running is None:
        return False
    os.kill(running.pid, signal.SIGTERM)
    deadline = time.monotonic() + 10
    while _answers(running) and time.monotonic() < deadline:
        time.sleep(0.05)
    _address(data).unlink(missing_ok=True)
    return True


def reset(data: Path) -> Running:
    """Throw the sandbox's world away and start with a fresh demo company."""
    stop(data)
    put_aside(data)
    return start(data)


def put_aside(data: Path) -> Path:
    """Move everything that speaks of the present world, Lee's own database too: an old ledger would tell a new world's
    customers of refunds that it never saw. Nothing is deleted."""
    aside = data / f"before-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    aside.mkdir()
    for name in ("lee.db", "workflows.db", "sandbox.sqlite3"):
        for file in data.glob(f"{name}*"):
            file.rename(aside / file.name)
    for name in ("keys", "entitlements.json", "demo.json", "clickhouse"):
        if (data / name).exists():
            (data / name).rename(aside / name)
    return aside


def _answers(running: Running) -> bool:
    try:
        answer = httpx.get(f"{running.url}/_sandbox/clock", timeout=2.0)
    except httpx.HTTPError:
        return False
    return answer.headers.get("Sandbox") == "agent-lee"


def _address(data: Path) -> Path:
    return data / "sandbox.json"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def _alone(data: Path) -> Iterator[None]:
    with (data / "sandbox.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
