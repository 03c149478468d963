"""One worker as `lee` runs it, without the models: the store, the gate, the workflow engine, and turns in short.

A turn refunds the charge that its message names and says so. It is told its settings, then of cases to queue turns for,
and works until the other end of the pipe is closed. A process of its own, forked from one that has only imported this
module: a hundred starts cost one import.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

from agent.turn import TurnResult
from app.owner import OwnerLock
from app.turns import DurableTurns, workflow_url
from app.workers import Worker, sign_in
from billing.ids import CaseId, CustomerId, ProposalId, TurnId
from policy.crash_points import CrashPoint, Reach
from policy.gate import Gate
from policy.limits import load_limits
from policy.proposals import Principal, Proposal, Role
from policy.sending import Patience
from store.database import Store, open_store
from store.errors import StoreError
from tests.policy.far_twin import FarTwin
from tests.policy.house import refund
from tests.policy.stripe_twin import noon

PATIENT = Patience(facts_seconds=60, effect_seconds=60, tries=3, pause_seconds=0.01)


@dataclass(frozen=True)
class Clock:
    """Real time, told as if the test had begun at noon."""

    begun: float

    def __call__(self) -> datetime:
        return noon() + timedelta(seconds=time.time() - self.begun)


@dataclass(frozen=True)
class Short:
    """What Lee does in a turn, in short."""

    store: Store
    gate: Gate

    async def take(self, turn_id: TurnId) -> TurnResult:
        with self.store.unit() as uow:
            turn = uow.turns.get(turn_id)
            if turn.status != "done":
                turn = uow.turns.start(turn_id)
            case = uow.cases.get(turn.case_id)
            charge = uow.messages.get(turn.message_id).body
            steps = uow.turns.steps(turn_id)
        result = TurnResult(case.id, "refund", "resolved", f"Refunded {charge}.", 1.0)
        if turn.status == "done":
            return result
        if not steps:
            with self.store.notes() as notes:
                notes.add_step(turn_id, 0, "model", {"charge": charge})
        who = Principal(CustomerId(case.customer), case.user, Role.OWNER)
        proposal = Proposal(
            ProposalId(f"prop_{turn_id}"), CaseId(case.id), turn_id, who, refund(charge), "lee:short", "lee", turn.epoch
        )
        settled = await self.gate.submit(proposal)
        if settled.status.value != "succeeded":
            raise RuntimeError(f"{charge}: {settled.status} {settled.decision.rule}")
        with self.store.unit() as uow:
            uow.cases.require(case.id, "lee", turn.epoch)
            uow.messages.add(case.id, "outbound", "lee:short", result.reply, turn_id, f"reply:{turn_id}")
            uow.turns.finish(turn_id, "resolved", result.as_json())
        return result


def dies_at(point: str | None, visit: int) -> Reach:
    visits = iter(range(1, 1_000_000))

    def reach(here: CrashPoint) -> None:
        if here.value == point and next(visits) == visit:
            os.kill(os.getpid(), signal.SIGKILL)

    return reach


def begin(pipe: Connection, log: Path) -> None:
    """The life of a worker, in its process. What it says goes to `log`."""
    said = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(said, stream)
    asyncio.run(work(pipe))


async def work(pipe: Connection) -> None:
    told = pipe.recv()
    data = Path(told["data"])
    with OwnerLock(data):
        store = open_store(told["url"], Path(told["keys"]), Clock(told["begun"]))
        await sign_in(store, told["name"], data, told["lease"])
        gate = Gate(
            FarTwin(told["stripe"]),
            store,
            load_limits(),
            Clock(told["begun"]),
            dies_at(told["point"], told["visit"]),
            PATIENT,
        )
        worker = Worker(store, Short(store, gate).take, told["lease"])
        turns = DurableTurns(worker.take, workflow_url(data, told["url"]), told["name"])
        async with worker.at_work(looking_around=True):
            turns.launch()
            pipe.send("ready")
            asked: list[asyncio.Task[None]] = []
            with contextlib.suppress(EOFError):
                while True:
                    case, charge = await asyncio.to_thread(pipe.recv)
                    asked.append(asyncio.create_task(serve(store, turns, case, charge)))
            await asyncio.gather(*asked)
            await asyncio.to_thread(turns.close)
        store.close()


async def serve(store: Store, turns: DurableTurns, case_id: str, charge: str) -> None:
    """As a channel does: the message and its turn in one transaction, then the turn. What fails is taken up again."""
    while True:
        try:
            with store.unit() as uow:
                message = uow.messages.add(case_id, "inbound", "customer:u", charge, external_id=charge)
                turn = next((t for t in uow.turns.of(case_id)), None) or uow.turns.queue(
                    uow.cases.get(case_id), message.id
                )
            break
        except StoreError:
            await asyncio.sleep(0.1)
    try:
        await turns.run(TurnId(turn.id))
    except (StoreError, RuntimeError) as error:
        print(f"{charge}: {error}", file=sys.stderr)
