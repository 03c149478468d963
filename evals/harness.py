"""Running recorded tickets: each in a copy of the demo world of its own, through the wiring that serves customers."""

from __future__ import annotations

import asyncio
import contextlib
import re
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from app import demo, inbox
from app.resolving import Result, Ticket, resolve, together
from app.settings import load_settings
from app.wiring import House, Minds, World, open_house, open_minds
from billing.ids import CustomerId
from evals.grading import Grade, grade
from evals.recorded import Planted, RecordedTicket, Run
from knowledge.index import Hit
from policy.proposals import Principal
from sandbox import clock
from sandbox.demo.seeding import demo_world
from sandbox.server import Sandbox, create_app
from sandbox.world import World as SandboxWorld
from store.errors import StoreError
from tools.desk import KnowledgeSearch, Passage
from tools.entitlements import FileEntitlements
from tools.stripe_asgi import AsgiHTTPClient
from tools.stripe_client import SANDBOX_KEY, make_client
from tools.usage import FolderUsage

_LINK = re.compile(r"http://127\.0\.0\.1[^\s)>\]]+")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One wording of one ticket, run one way."""

    ticket: RecordedTicket
    run: Run
    wording: int  # 0 is the ticket itself, 1 … 5 its paraphrases

    @property
    def name(self) -> str:
        return f"{self.ticket.id}/{self.wording}/{self.ticket.runs.index(self.run)}"


@dataclass(frozen=True, slots=True)
class Graded:
    attempt: Attempt
    grade: Grade
    result: Result | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Bench:
    """What all attempts share: the models, the demo world to copy, and the sources beside Stripe. `database` makes an
    empty database for each copy and says its URL; without it each has an SQLite file in its folder."""

    folder: Path
    minds: Minds
    origin: SandboxWorld
    usage: FolderUsage
    database: Callable[[], str] | None = None


@contextlib.contextmanager
def open_bench() -> Iterator[Bench]:
    """A scratch folder with an index, entitlements and usage of the demo company. Not for use inside an event loop."""
    with tempfile.TemporaryDirectory(prefix="lee-evals-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        now = datetime.now(UTC).replace(microsecond=0)
        origin = asyncio.run(demo_world(now))
        stack.callback(origin.close)
        usage = FolderUsage(folder / "clickhouse")
        stack.callback(usage.close)
        asyncio.run(demo.load(folder, now, FileEntitlements(folder / "entitlements.json"), usage))
        usage.close()  # it opens again at the first question; until then another may
        minds = stack.enter_context(open_minds(load_settings(data=folder)))
        yield Bench(folder, minds, origin, usage)


@dataclass(frozen=True, slots=True)
class Copy:
    """A demo world of one's own and the house over it."""

    sandbox: Sandbox
    house: House

    def world(self) -> dict[str, Any]:
        return self.sandbox.world.snapshot()


@contextlib.asynccontextmanager
async def open_copy(bench: Bench, folder: Path, **house: Any) -> AsyncIterator[Copy]:
    """A house over a fresh copy of the demo world; `house` goes to `open_house` (model, minds, reach, patience …)."""
    world = bench.origin.copy()
    sandbox = create_app(world=world)
    seen = World(
        make_client(SANDBOX_KEY, http_client=AsgiHTTPClient(sandbox)),
        FileEntitlements(bench.folder / "entitlements.json"),
        bench.usage,
        _ticking(sandbox),
    )
    place = {} if bench.database is None else {"database_url": bench.database()}
    wanted = {
        "settings": load_settings(data=folder, **place),
        "world": seen,
        "minds": bench.minds,
        "durable": False,
        **house,
    }
    try:
        async with open_house(**wanted) as opened:
            yield Copy(sandbox, opened)
    finally:
        world.close()


def attempts(tickets: Sequence[RecordedTicket], paraphrases: int = 5) -> list[Attempt]:
    return [
        Attempt(ticket, run, wording) for ticket in tickets for wording in range(1 + paraphrases) for run in ticket.runs
    ]


async def run_all(
    bench: Bench, wanted: Sequence[Attempt], *, at_once: int = 4, done: Callable[[Graded], None] | None = None
) -> list[Graded]:
    """Grades in the order of `wanted`; `done` is called as each one ends."""
    gate = asyncio.Semaphore(at_once)

    async def one(attempt: Attempt) -> Graded:
        async with gate:
            graded = await run_one(bench, attempt)
        if done is not None:
            done(graded)
        return graded

    return await asyncio.gather(*(one(attempt) for attempt in wanted))


async def run_one(bench: Bench, attempt: Attempt) -> Graded:
    """One attempt in a world and a database of its own. A crash of the program is a fault, not an end of the run."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=bench.folder, prefix="run-") as name:
        try:
            async with open_copy(bench, Path(name), minds=_minds(bench, attempt.ticket)) as copy:
                before = copy.world()
                result = await _carry_out(copy.house, attempt)
                after = copy.world()
                made = grade(attempt.ticket, attempt.run, await _opened(copy.sandbox, result), before, after)
        except Exception as error:  # noqa: BLE001  the report has to name it and go on
            made, result = Grade([f"crashed: {type(error).__name__}: {error}"]), None
    return Graded(attempt, made, result, time.perf_counter() - started)


async def _opened(sandbox: Sandbox, result: Result) -> Result:
    """The result with the page of every link that the customer was given: its text, None when it does not open."""
    pages: dict[str, str | None] = {}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(sandbox)) as http:
        for url in dict.fromkeys(_LINK.findall(result["told"])):
            answer = await http.get(url)
            pages[url] = answer.text if answer.status_code == httpx.codes.OK else None
    return {**result, "pages": pages}


class PlantedKnowledge:
    """The help centre with one hostile passage in front, as if it had been published and always fitted best."""

    def __init__(self, real: KnowledgeSearch, planted: Planted) -> None:
        self._real = real
        found = ("planted", "planted#1", planted.title, planted.title, planted.text)
        self._hit = Hit(*found, score=1.0, dense_score=1.0, answers=1.0)

    def search(self, query: str, limit: int = 5) -> Sequence[Passage]:
        return [self._hit, *self._real.search(query, limit)][:limit]


def _minds(bench: Bench, ticket: RecordedTicket) -> Minds:
    if ticket.planted is None:
        return bench.minds
    return replace(bench.minds, knowledge=PlantedKnowledge(bench.minds.knowledge, ticket.planted))


def _ticking(app: Sandbox) -> Callable[[], datetime]:
    """The copy's clock stands still, by whole seconds; Lee's has to tick, as every real one does."""
    began = time.monotonic()
    return lambda: datetime.fromtimestamp(clock.now(app.world), UTC) + timedelta(seconds=time.monotonic() - began)


async def _carry_out(house: House, attempt: Attempt) -> Result:
    ticket, run = attempt.ticket, attempt.run
    who = Principal(CustomerId(ticket.customer), ticket.customer.removeprefix("cus_"), ticket.role)
    said = [ticket.wordings[attempt.wording], *run.later]
    other = f"ch_{(ticket.other or '').removeprefix('cus_')}"
    result: Result = {}
    told: list[str] = []
    topics: list[str] = []
    for n, text in enumerate(said):
        last = n == len(said) - 1
        asked = Ticket(
            text.replace("{other_charge}", other), who, "evals", result.get("case"), confirmed=run.confirm and last
        )
        turn = await resolve(house, asked)
        told.append(turn["reply"])
        topics.append(turn["topic"])
        result = together(result, turn) if result else turn
    if run.approve:
        result = await _approved_once(house, result)
        told.append(result["reply"])
    return {**result, "told": "\n\n".join(told), "understood": topics[0]}


async def _approved_once(house: House, result: Result) -> Result:
    """A human approves what waits; a second approval must be refused. The effect is added to the result."""
    approved = await inbox.approve(house, result["case"], "evals")
    effect = approved.effect.effect()
    if await _accepted(house, result["case"]):
        raise RuntimeError("a second approval was accepted")
    effects = result["effects"] + ([effect] if effect else [])
    return {**result, "reply": approved.told or result["reply"], "effects": effects}


async def _accepted(house: House, case: str) -> bool:
    try:
        await inbox.approve(house, case, "evals")
    except StoreError:
        return False
    return True
