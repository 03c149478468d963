"""One of several processes with gates of its own on one database: carries out what its standard input says, at once.

Reads a pickled `Shift`, prints `ready`, begins when a line comes, and prints what became of each proposal, pickled.
"""

from __future__ import annotations

import asyncio
import pickle
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from queue import Empty, SimpleQueue

from billing.ids import ProposalId
from policy.gate import Gate
from policy.limits import Limits
from policy.proposals import Proposal
from policy.sending import Patience
from policy.settlement import Settlement
from store.database import open_store
from store.errors import LogUnavailable
from tests.policy.far_twin import FarTwin
from tests.policy.stripe_twin import noon

PATIENT = Patience(facts_seconds=60, effect_seconds=60, tries=3, pause_seconds=0.0)
AGAIN = ("ledger.in_flight", "ledger.conflict", "ledger.moving")  # somebody else was there at the same moment


@dataclass(frozen=True)
class Shift:
    url: str
    keys: Path
    stripe: str
    limits: Limits
    begun: float  # of the clock that all workers share, in seconds
    threads: int
    proposals: list[Proposal]


@dataclass(frozen=True)
class Clock:
    """Real time, told as if the shift had begun at noon."""

    begun: float

    def __call__(self) -> datetime:
        return noon() + timedelta(seconds=time.time() - self.begun)


def work(shift: Shift) -> Counter[tuple[str, str]]:
    """How often each (status, rule) came in the end."""
    clock = Clock(shift.begun)
    store = open_store(shift.url, shift.keys, clock)
    waiting: SimpleQueue[Proposal] = SimpleQueue()
    for proposal in shift.proposals:
        waiting.put(proposal)
    ended: Counter[tuple[str, str]] = Counter()
    together = threading.Barrier(shift.threads)

    async def one() -> None:
        gate = Gate(FarTwin(shift.stripe), store, shift.limits, clock, patience=PATIENT)
        while True:
            try:
                proposal = waiting.get_nowait()
            except Empty:
                return
            answer = await asked(gate, proposal)
            ended[answer.status.value, answer.decision.rule] += 1

    async def asked(gate: Gate, proposal: Proposal) -> Settlement:
        for n in range(200):
            try:
                answer = await gate.submit(proposal)
            except LogUnavailable:
                continue  # the same again: what was begun is gone on with
            if answer.decision.rule not in AGAIN:
                return answer
            await asyncio.sleep(0.01)
            proposal = replace(proposal, id=ProposalId(f"{proposal.id}_{n}"))
        raise TimeoutError(f"{proposal.id} was never decided")

    def begin() -> None:
        together.wait(timeout=60)
        asyncio.run(one())

    threads = [threading.Thread(target=begin) for _ in range(shift.threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.close()
    return ended


def main() -> None:
    shift: Shift = pickle.loads(sys.stdin.buffer.read(int(sys.stdin.buffer.readline())))
    print("ready", flush=True)
    sys.stdin.buffer.readline()
    pickle.dump(work(shift), sys.stdout.buffer)


if __name__ == "__main__":
    main()
