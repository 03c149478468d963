"""What is measured against bare HTTP: Lee's loop alone, Lee's whole durable turn, and other libraries beside it.

All of them hold the same conversation with the same server: three tool calls, each in an answer of its own, then words.
The tools return the same JSON at once, so that what is left is the price of the machinery around them.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, Protocol

from pydantic import BaseModel, ConfigDict

from agent.bounds import Bounds
from agent.calls import Calls, Standing
from agent.control import schemas
from agent.journal import Journal
from agent.lee import Lee
from agent.loop import Loop
from agent.models.chat import Message
from agent.models.openai_chat import OpenAIChat
from app.house import ROOT
from app.resolving import Ticket, resolve
from app.turns import DurableTurns, workflow_url
from app.wiring import House
from billing.ids import CaseId, CustomerId, TurnId
from evals.bench.model_server import CALLS, MODEL
from policy.proposals import Principal, Proposal, Role
from policy.settlement import Settlement
from tools.catalogue import REGISTRY
from tools.registry import Registry

QUESTION: Final = "Where can I download my invoices?"
NUMBERED: Final = "Where can I download invoice A-{}?"
SYSTEM: Final = "You answer billing questions of customers of Acme Cloud. Look at the account before you answer."
FOUND: Final = {"rows": [{"id": f"in_{n}", "status": "paid", "total": 2_000, "currency": "usd"} for n in range(8)]}
WHO: Final = Principal(CustomerId("cus_hugo"), "hugo", Role.OWNER)


# What each does for its milliseconds, beside holding the conversation. Counted are the waits for the disk of one turn.
DOES: Final = {
    "Lee: the loop alone": "every tool's strict schema in each request, arguments and results checked, bounds counted; "
    "keeps nothing",
    "Lee: the whole durable turn": "workflow on DBOS; message, each step and reply redacted, sealed for the customer "
    "and kept beside entries of the audit log; topic and language read, every sentence of the reply checked by an "
    "encoder and against the facts; 2 waits for the disk",
    "raw openai client": "a loop of ten lines over the SDK; keeps and checks nothing",
    "openai-agents": "schemas of three tools, arguments checked; tracing off; keeps nothing",
    "pydantic-ai": "schemas of three tools, arguments checked; keeps nothing",
    "pydantic-ai on DBOS": "the same as a workflow whose model answers are steps, kept as they are; its tools are no "
    "steps; no audit log, redaction, encryption, topic or check of the reply; 24 waits for the disk",
}


class Contender(Protocol):
    """`once` holds the conversation and returns how long it took, in milliseconds."""

    name: str

    async def once(self) -> float: ...


class Found(BaseModel):
    model_config = ConfigDict(extra="allow")


async def found(_arguments: Any, _desk: Any) -> Found:
    return Found(**FOUND)


def instant_registry() -> Registry:
    """The shipped tools with their schemas; the three that are called answer at once."""
    called = {name for name, _ in CALLS}
    return Registry(tuple(replace(tool, read=found) if tool.name in called else tool for tool in REGISTRY))


class NoGate:
    """The bare loop proposes nothing."""

    async def submit(self, proposal: Proposal) -> Settlement:
        raise RuntimeError(f"nothing was to be proposed, and {proposal.tool} was")


class MemorySteps:
    """A journal's store that keeps nothing: the loop without what makes it durable."""

    @contextmanager
    def notes(self) -> Iterator[Any]:
        def add_step(_: str, n: int, kind: str, content: dict[str, Any]) -> Any:
            return SimpleNamespace(n=n, kind=kind, content=content)

        yield SimpleNamespace(add_step=add_step)

    @contextmanager
    def look(self) -> Iterator[Any]:
        yield SimpleNamespace(turns=SimpleNamespace(steps=lambda _: ()))


class BareLoop:
    name = "Lee: the loop alone"

    def __init__(self, model: OpenAIChat) -> None:
        self._model = model
        self._registry = instant_registry()

    async def once(self) -> float:
        started = time.perf_counter()
        journal = Journal(MemorySteps(), "turn_bench")
        standing = Standing(CaseId("case_bench"), TurnId("turn_bench"), WHO, "lee:bench", 1)
        calls = Calls(self._registry, None, NoGate(), standing, journal, Bounds(), lambda _: None)
        opening = (Message("system", SYSTEM), Message("user", QUESTION))
        loop = Loop(self._model, calls, journal, Bounds(), lambda *_: ())
        end = await loop.run(opening, schemas(self._registry), {})
        took = time.perf_counter() - started
        if end.how != "replied":
            raise RuntimeError(f"the loop ended with {end.how}, {end.reason}")
        return took * 1000


def durable(house: House, lee: Lee, stack: AsyncExitStack) -> House:
    """The house with turns on DBOS, until the stack closes. A process has one of these at a time."""
    turns = DurableTurns(lee.take_turn, workflow_url(house.settings.data, None))
    turns.launch()
    stack.callback(turns.close)
    return replace(house, lee=lee, turns=turns)


class WholeTurn:
    """From the customer's words to the released reply: case, workflow, journal, redaction, encryption, audit, topic,
    claims. No two turns are asked the same, or what was read
    of the one would be known in the next."""

    def __init__(self, name: str, house: House, registry: Registry, stack: AsyncExitStack) -> None:
        self.name = name
        self.house = durable(house, replace(house.lee, registry=registry), stack)
        self._number = itertools.count(1001)

    async def once(self) -> float:
        started = time.perf_counter()
        result = await resolve(self.house, Ticket(NUMBERED.format(next(self._number)), WHO, "bench"))
        took = time.perf_counter() - started
        if result["outcome"] != "resolved":
            raise RuntimeError(f"the turn ended as {result['outcome']}: {result['escalation']}")
        return took * 1000


class Other:
    """A library in a process of its own (`scripts/other_agents.py`), told when to run."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        self.name = name
        self._process = process

    async def once(self) -> float:
        asked, answers = self._process.stdin, self._process.stdout
        if asked is None or answers is None:
            raise RuntimeError("the other libraries' process has no pipes")
        asked.write(f"{self.name}\n".encode())
        await asked.drain()
        line = await answers.readline()
        if not line:
            raise RuntimeError(f"the other libraries' process ended ({self.name})")
        return float(line)


@asynccontextmanager
async def others(python: Path, url: str, folder: Path) -> AsyncIterator[list[Contender]]:
    """The libraries that the interpreter `python` has, each as a contender."""
    given = {"url": url, "folder": str(folder), "system": SYSTEM, "question": QUESTION, "found": json.dumps(FOUND)}
    process = await asyncio.create_subprocess_exec(
        str(python),
        str(ROOT / "scripts" / "other_agents.py"),
        json.dumps({**given, "model": MODEL}),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        names = await process.stdout.readline() if process.stdout is not None else b""
        yield [Other(name, process) for name in json.loads(names or b"[]")]
    finally:
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()
