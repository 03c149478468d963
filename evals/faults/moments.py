"""`python -m evals.faults.moments`: every action at once, killed by signal 9 at a random moment, and started again.

One process works on a ticket of each tool that acts, all at once, on the workflow engine. It dies somewhere between its
first request and its last; the next one finishes what is left. Then the whole world is what it is without a death.
Where the database crashes, an action may also be left to a human, undone: Lee stops at what it cannot write down.

`--database postgresql://…`: the cases are on that server (each death has a database of its own). Before every second
death, by chance, the server crashes too, and every second time another worker finishes what the dead one has left.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import shutil
import signal
import statistics
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.progress import track

from app import inbox
from app.logs import logging_to
from app.output import console
from app.records import open_records
from app.settings import load_settings
from app.wiring import House
from billing.ids import TurnId
from evals.faults.databases import Databases, Files, Names, Server
from evals.faults.killed import prepare
from evals.faults.script import ByTicket
from evals.faults.situations import actions
from evals.faults.stage import Objects, bring, differing, house_over, later, on_disk, stored
from evals.faults.verdicts import PAGE, shape
from evals.harness import Bench, open_bench
from evals.world import difference, stray_events
from sandbox.server import Sandbox, create_app
from sandbox.world import World
from store.errors import Conflict, StoreError

BEGINS, ENDS = b"b", b"e"
HALF: Final = 0.5
HUMAN: Final = "grace"


@dataclass(frozen=True, slots=True)
class Load:
    """Every action just before its effect, in one database (`folder`) and one world."""

    bench: Bench
    databases: Databases
    folder: Path
    names: Names  # of the database
    world: World
    objects: Objects
    model: ByTicket
    turns: tuple[TurnId, ...]
    humans: tuple[str, ...]  # cases in which a human approves

    @asynccontextmanager
    async def life(self, sandbox: Sandbox, names: Names) -> AsyncIterator[House]:
        """`names`: its settings, with the folder."""
        folder, rest = names["data"], {name: value for name, value in names.items() if name != "data"}
        async with house_over(self.bench, sandbox, folder, self.model, durable=True, **rest) as house:
            yield house

    async def work(self, house: House) -> None:
        """All at once."""
        await asyncio.gather(
            *(house.turns.run(turn) for turn in self.turns), *(self._approve(house, case) for case in self.humans)
        )

    async def _approve(self, house: House, case: str) -> None:
        try:
            await inbox.approve(house, case, HUMAN)
        except Conflict:  # it was carried out before the death
            return


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a life, in seconds from its first request; None: that does not happen."""

    dies: float | None = None
    crash: float | None = None  # of the database, before
    heir: bool = False  # another worker finishes what it leaves, and not itself at its next start


@dataclass(frozen=True, slots=True)
class Death:
    """`done`: how many intents had succeeded when it died. `handed`: actions that a human has instead, undone. `wrong`:
    why this must not be."""

    fate: Fate
    after: float  # seconds from the first request
    done: int
    recovered: float  # seconds from the next start until every outcome is known
    handed: int
    wrong: tuple[str, ...]


async def load(bench: Bench, folder: Path, databases: Databases) -> Load:
    world, names = bench.origin.copy(), databases.empty()
    sandbox, model = create_app(world=world), ByTicket()
    async with house_over(bench, sandbox, folder, model, durable=True, **names):
        pass  # the engine's own tables are made, so that no life begins with that
    async with house_over(bench, sandbox, folder, model, **names) as house:
        asked = [await bring(house, model, tool, sandbox) for tool in actions()]
    turns = tuple(each.turn for each in asked if each.turn is not None)
    humans = tuple(each.case for each in asked if each.turn is None)
    return Load(bench, databases, folder, names, world, stored(world), model, turns, humans)


async def die(load: Load, folder: Path, fate: Fate, good: Counter[Any]) -> tuple[Death, Counter[Any]]:
    """One life and its fate, and the next one; what the world shows then."""
    data, stripe = on_disk(load.folder, load.world, folder)
    database = load.databases.copy(load.names)
    first = {"data": data, **database}
    lived, killed = await asyncio.to_thread(_in_a_child, load, first, stripe, fate)
    with open_records(load_settings(**first)) as store, store.look() as uow:
        done = len([row for case in uow.cases.list() for row in uow.ledger.of(case.id) if row.status == "succeeded"])
    heir = {"data": folder / "heir", "keys": data / "keys", "worker": "heir"}
    second = {**first, **heir} if fate.heir else first
    sandbox = create_app(world=World(stripe))
    later(sandbox)
    started = time.perf_counter()
    async with load.life(sandbox, second) as house:
        await load.work(house)
        recovered = time.perf_counter() - started
    found, handed, wrong = _left(load, sandbox, second)
    load.databases.drop(database)
    if not killed:
        wrong.append("it had ended by itself")
    if handed and fate.crash is None:
        wrong.append(f"a human has {handed}, and the database was there")
    if good and (found - good or (good - found and not handed)):
        wrong.append(f"the world shows {found - good} more and {good - found} less")
    return Death(fate, lived, done, recovered, handed, tuple(wrong)), found


def _left(load: Load, sandbox: Sandbox, names: Names) -> tuple[Counter[Any], int, list[str]]:
    """What the world shows, how many cases a human has without anything begun in them, and what is wrong."""
    before, after = differing(load.objects, sandbox.world)
    sandbox.world.close()
    changes = difference(before, after)
    wrong = stray_events(before, after, changes)
    with open_records(load_settings(**names)) as store, store.look() as uow:
        cases = [case.id for case in uow.cases.list()]
        statuses = Counter(row.status for case in cases for row in uow.ledger.of(case))
        handed = sum(uow.cases.get(case).owner == "human" and not uow.ledger.of(case) for case in cases)
        told = " ".join(row.body for case in cases for row in uow.messages.of(case) if row.kind == "outbound")
    if statuses != {"succeeded": len(actions()) - handed}:
        wrong.append(f"the ledger has {dict(statuses)}")
    # A private page whose link was lost on the way is nothing to anybody.
    kept = [each for each in changes if each.type != PAGE or str(each.after["url"]) in told]
    return shape(kept), handed, wrong


def _in_a_child(load: Load, names: Names, stripe: Path, fate: Fate) -> tuple[float, bool]:
    """Seconds that it worked, and whether it was killed then. Called on a thread: there the child may have a loop of
    its own."""
    tells, said = os.pipe()
    child = os.fork()
    if not child:
        try:
            asyncio.run(_life(load, names, stripe, said))
        except BaseException:
            traceback.print_exc()  # nobody above this process would say it
            raise
        finally:
            os._exit(1)
    os.close(said)
    with os.fdopen(tells, "rb") as pipe:
        if pipe.read(1) != BEGINS:
            raise RuntimeError("it ended before it began")
        began = time.perf_counter()
        if fate.dies is None:
            if pipe.read(1) != ENDS:
                raise RuntimeError("it did not come to its end")
        else:
            if fate.crash is not None and isinstance(load.databases, Server):
                time.sleep(fate.crash)
                load.databases.crash()
            time.sleep(max(0.0, began + fate.dies - time.perf_counter()))
        lived = time.perf_counter() - began
        os.kill(child, signal.SIGKILL)
        _, ended = os.waitpid(child, 0)
    return lived, os.WIFSIGNALED(ended)


async def _life(load: Load, names: Names, stripe: Path, said: int) -> None:
    async with load.life(create_app(world=World(stripe)), names) as house:
        os.write(said, BEGINS)
        with suppress(StoreError):  # the database is away: what was asked for is left undone, and the process lives on
            await load.work(house)
            os.write(said, ENDS)
        await asyncio.sleep(60)


def fate(rng: random.Random, whole: float, databases: Databases) -> Fate:
    """`whole`: seconds that it takes without a death. A database that crashes takes time of the life away, so that one
    dies up to a second later."""
    dies = rng.uniform(0, whole)
    if not isinstance(databases, Server):
        return Fate(dies)
    crashes, heir = rng.random() < HALF, rng.random() < HALF
    if not crashes:
        return Fate(dies, None, heir)
    return Fate(dies + rng.uniform(0, 1), rng.uniform(0, dies), heir)


async def _all(bench: Bench, folder: Path, databases: Databases, kills: int, seed: int) -> list[Death]:
    rng = random.Random(seed)
    ready = await load(bench, folder / "ready", databases)
    whole, good = await die(ready, folder / "whole", Fate(), Counter())
    if whole.wrong:
        raise RuntimeError(f"even without a death: {whole.wrong}")
    console.print(f"Without a death {len(actions())} actions at once take {whole.after:.2f} s ({databases.dialect}).")
    deaths: list[Death] = []
    for n in track(range(kills), "killed", console=console, transient=True):
        scratch = folder / f"kill{n}"
        death, _ = await die(ready, scratch, fate(rng, whole.after, databases), good)
        shutil.rmtree(scratch)
        for why in death.wrong:
            console.print(f"kill {n} after {death.after:.3f} s, {death.fate}: {why}", style="red", markup=False)
        deaths.append(death)
    databases.drop(ready.names)
    ready.world.close()
    return deaths


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m evals.faults.moments", description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", metavar="URL", help="a PostgreSQL on this machine; default: SQLite files")
    options = parser.parse_args()
    databases = Server(options.database) if options.database else Files()
    prepare()
    with open_bench() as bench, tempfile.TemporaryDirectory(prefix="lee-moments-") as name, logging_to(Path(name)):
        deaths = asyncio.run(_all(bench, Path(name), databases, options.kills, options.seed))
    wrong = sum(bool(death.wrong) for death in deaths)
    seconds = [death.recovered for death in deaths]
    done = ", ".join(f"{n}: {k}×" for n, k in sorted(Counter(death.done for death in deaths).items()))
    console.print(f"{wrong} of {len(deaths)} deaths left anything but one effect of each (seed {options.seed}).")
    if options.database:
        crashes = sum(death.fate.crash is not None for death in deaths)
        heirs = sum(death.fate.heir for death in deaths)
        console.print(
            f"On {databases.dialect}, which crashed before {crashes} of them; {heirs} times another worker took over; "
            f"{sum(death.handed for death in deaths)} actions were left to a human, undone."
        )
    console.print(f"Effects known before the death, of {len(actions())}: {done}")
    console.print(
        "From the next start until every outcome is known: "
        f"median {statistics.median(seconds):.2f} s, at most {max(seconds):.2f} s."
    )
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
