"""Two workers on one PostgreSQL, killed at named points and at any moment, the database crashing under them.

However it goes: one refund for each turn, one reply, every turn ended by whoever is alive, and the books balance.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import cast

import pytest

from app.settings import Settings
from policy.crash_points import CrashPoint
from tests.databases import POSTGRESQL, PostgresDatabases
from tests.policy.far_twin import counter
from tests.policy.house import House, build, charge, furnish
from tests.process.turn_worker import begin
from tests.proofs import PROVE, Proved, times

pytestmark = [pytest.mark.process, pytest.mark.database(POSTGRESQL), pytest.mark.timeout(900)]

TURNS = 12
LEASE_SECONDS = float(Settings.model_fields["worker_lease"].default)  # as shipped
SEED = 20261121
PATIENCE_SECONDS = 120.0


FORKING = multiprocessing.get_context("forkserver")
FORKING.set_forkserver_preload(["tests.process.turn_worker", "dbos", "psycopg", "pytest"])


@dataclass(frozen=True)
class At:
    """A worker's process and our end of its pipe."""

    process: ForkServerProcess
    pipe: Connection

    def send(self, sign: signal.Signals) -> None:
        assert self.process.pid is not None
        os.kill(self.process.pid, sign)

    def end(self, sign: signal.Signals | None = None) -> int | None:
        """Its exit code: after closing the pipe it ends what it has begun, unless a signal ends it."""
        if sign is not None and self.process.is_alive():
            self.send(sign)
        self.pipe.close()
        self.process.join(PATIENCE_SECONDS)
        return self.process.exitcode


@dataclass
class Crew:
    """Workers by name, on one database and one Stripe."""

    house: House
    stripe: str
    folder: Path
    begun: float = field(default_factory=time.time)
    at_work: dict[str, At] = field(default_factory=dict)

    def start(self, name: str, point: CrashPoint | None = None, visit: int = 1) -> None:
        ours, theirs = FORKING.Pipe()
        process = FORKING.Process(target=begin, args=(theirs, self.folder / f"{name}.log"))
        process.start()
        theirs.close()
        self.at_work[name] = At(process, cast("Connection", ours))
        told = {
            "name": name,
            "data": str(self.folder / name),
            "url": self.house.url,
            "keys": str(self.house.keys),
            "stripe": self.stripe,
            "begun": self.begun,
            "lease": LEASE_SECONDS,
            "point": point and point.value,
            "visit": visit,
        }
        self._tell(name, told)

    def ready(self, name: str) -> None:
        try:
            assert self.at_work[name].pipe.recv() == "ready"
        except EOFError:
            pytest.fail((self.folder / f"{name}.log").read_text())

    def ask(self, name: str, case: str, of: str) -> None:
        self._tell(name, (case, of))

    def _tell(self, name: str, what: object) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it has died: then the other one is asked
            self.at_work[name].pipe.send(what)

    def kill(self, name: str) -> None:
        self.at_work.pop(name).end(signal.SIGKILL)

    def dies(self, name: str) -> None:
        process = self.at_work[name].process
        process.join(PATIENCE_SECONDS)
        assert process.exitcode == -signal.SIGKILL
        self.kill(name)

    def ended(self) -> float:
        """Seconds until no turn is open any more."""
        begun = time.monotonic()
        while self.house.rows("select id from turns where status <> 'done'") or not self._all():
            told = [(self.folder / f"{name}.log").read_text()[-2000:] for name in self.at_work]
            assert time.monotonic() - begun < PATIENCE_SECONDS, told
            time.sleep(0.1)
        return time.monotonic() - begun

    def _all(self) -> bool:
        return self.house.rows("select count(*) from turns")[0][0] == TURNS

    def leave(self) -> None:
        for name, at in self.at_work.items():
            assert at.end() == 0, (self.folder / f"{name}.log").read_text()
        self.at_work.clear()


@contextmanager
def crew(postgres: PostgresDatabases, folder: Path) -> Iterator[Crew]:
    house = build(folder / "house", postgres)
    with counter(house.stripe) as address:
        made = Crew(house, address, folder)
        try:
            yield made
        finally:
            for at in made.at_work.values():
                at.end(signal.SIGKILL)
            house.close()


def cases(house: House) -> list[tuple[str, str]]:
    """A customer with a charge for each turn."""
    made: list[tuple[str, str]] = []
    for n in range(TURNS):
        furnish(house.stripe, f"cus_w{n}", f"w{n}")
        house.stripe.charges[f"ch_work{n}"] = charge(f"ch_work{n}", 500, customer=f"cus_w{n}")
        made.append((house.case(f"cus_w{n}"), f"ch_work{n}"))
    return made


def judge(house: House, asked: list[tuple[str, str]]) -> int:
    """How many turns have not exactly one refund and one reply; the books have to balance besides."""
    house.must_balance()
    wrong = 0
    for case, of in asked:
        replies = house.rows(f"select id from messages where case_id = '{case}' and kind = 'outbound'")
        wrong += house.stripe.refunded(of) != 500 or len(replies) != 1
    return wrong


SAMPLE = [CrashPoint.ANSWERED]


@pytest.mark.parametrize("point", list(CrashPoint) if PROVE else SAMPLE)
def test_killed_at_a_named_point_the_other_one_ends_its_turns(
    postgres: PostgresDatabases, tmp_path: Path, point: CrashPoint, proved: Proved
) -> None:
    with crew(postgres, tmp_path) as workers:
        asked = cases(workers.house)
        workers.start("one", point, visit=3)
        workers.start("two")
        workers.ready("one")
        workers.ready("two")
        for n, each in enumerate(asked):
            workers.ask("one" if n % 2 else "two", *each)
        workers.dies("one")
        # What it was asked and had not even written down, the customer says again.
        for each in asked:
            workers.ask("two", *each)
        seconds = workers.ended()
        workers.leave()
        wrong = judge(workers.house, asked)
        proved(f"turns not ended by one effect, a worker killed at {point.value}, the other took up", TURNS, wrong)
        print(f"{point.value}: {seconds:.1f} s after the death, with a lease of {LEASE_SECONDS:g} s")


@pytest.mark.parametrize("n", range(times(1, 20)))
def test_killed_at_any_moment_while_the_database_crashes(
    postgres: PostgresDatabases, tmp_path: Path, n: int, proved: Proved
) -> None:
    chance = random.Random(SEED + n)
    with crew(postgres, tmp_path) as workers:
        asked = cases(workers.house)
        for name in ("one", "two"):
            workers.start(name)
        for name in ("one", "two"):
            workers.ready(name)
        for k, each in enumerate(asked):
            workers.ask("one" if k % 2 else "two", *each)
        time.sleep(chance.uniform(0, 0.6))
        if chance.random() < 0.5 or not PROVE:
            postgres.server.stop(crash=True)
            postgres.server.start()
        time.sleep(chance.uniform(0, 0.3))
        workers.kill("one")
        time.sleep(chance.uniform(0, 0.5))
        workers.start("one")
        workers.ready("one")
        for each in asked:
            workers.ask(chance.choice(("one", "two")), *each)
        seconds = workers.ended()
        workers.leave()
        wrong = judge(workers.house, asked)
        proved(f"turns not ended by one effect, killed at any moment ({seconds:.1f} s)", TURNS, wrong, seed=SEED + n)


@pytest.mark.parametrize("n", range(times(1, 10)))
def test_a_worker_that_was_only_slow_makes_no_second_effect(
    postgres: PostgresDatabases, tmp_path: Path, n: int, proved: Proved
) -> None:
    """It stands still for longer than its lease, the other one ends its turns, and it goes on where it stood."""
    chance = random.Random(SEED + n)
    with crew(postgres, tmp_path) as workers:
        asked = cases(workers.house)
        for name in ("one", "two"):
            workers.start(name)
        for name in ("one", "two"):
            workers.ready(name)
        for k, each in enumerate(asked):
            workers.ask("one" if k % 2 else "two", *each)
        time.sleep(chance.uniform(0, 0.6))
        workers.at_work["one"].send(signal.SIGSTOP)
        for each in asked:
            workers.ask("two", *each)
        seconds = workers.ended()
        workers.at_work["one"].send(signal.SIGCONT)
        workers.leave()
        wrong = judge(workers.house, asked)
        proved(f"turns not ended by one effect, a worker stood still ({seconds:.1f} s)", TURNS, wrong, seed=SEED + n)
