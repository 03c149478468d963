"""The world of one run: processes that die and come back, customers, humans, Stripe, and the books after every step."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from policy.actions import ACTIONS
from policy.crash_points import CrashPoint
from policy.gate import Gate
from policy.proposals import Proposal
from policy.sending import Patience
from policy.settlement import Settlement, Status
from store.checkpoints import checkpoint, verify
from store.database import Store
from store.errors import Conflict, NotFound
from store.unit_of_work import UnitOfWork
from tests.policy.house import House, nobody
from tests.policy.oracle import Oracle
from tests.policy.wild_actions import own
from tests.policy.wild_world import LIMITS, settle_in
from tests.simulation.network import Killed, Network, Wire
from tests.simulation.schedule import PROCESSES, Step


class Violation(AssertionError):
    """Something that must never be. The message says what, and after which step."""


class MortalStore:
    """The database as one process sees it: whoever is dead neither reads nor writes."""

    def __init__(self, store: Store, process: Process) -> None:
        self._store, self._process = store, process

    @contextlib.contextmanager
    def unit(self) -> Generator[UnitOfWork]:
        self._process.must_live()
        with self._store.unit() as uow:
            yield uow

    @contextlib.contextmanager
    def look(self) -> Generator[UnitOfWork]:
        self._process.must_live()
        with self._store.look() as uow:
            yield uow


@dataclass
class Process:
    """One life at a time: `gate` is forgotten with each death."""

    name: str
    world: World
    gate: Gate | None = None
    life: int = 0
    armed: tuple[str, float] | None = None  # the crash point it dies at next, and for how long
    tasks: dict[asyncio.Task[Any], None] = field(default_factory=dict)  # in their order, which a set has not
    up: asyncio.Event = field(default_factory=asyncio.Event)

    def start(self) -> None:
        life = self.life
        alive = lambda: self.gate is not None and self.life == life  # noqa: E731
        wire: Any = Wire(self.world.network, alive)
        store: Any = MortalStore(self.world.house.store, self)
        self.gate = Gate(wire, store, LIMITS, self.world.house.clock, self._reach, Patience())
        self.up.set()

    def must_live(self) -> None:
        if self.gate is None:
            raise Killed

    def _reach(self, point: CrashPoint) -> None:
        self.must_live()
        if self.armed is not None and self.armed[0] == point.value:
            down, self.armed = self.armed[1], None
            self.die(down)
            raise Killed

    def die(self, down: float) -> None:
        """Now, between two awaits, with everything that it was doing. It is started again after `down` seconds."""
        if self.gate is None:
            return
        self.world.tell(f"{self.name} dies for {down} s")
        self.gate, self.life = None, self.life + 1
        self.up.clear()
        for task in [each for each in self.tasks if each is not asyncio.current_task()]:
            task.cancel()
        self.world.begin(self._again(down))

    async def _again(self, down: float) -> None:
        await asyncio.sleep(down)
        self.start()
        self.world.tell(f"{self.name} is back")
        await self.do(lambda gate: gate.reconcile(beside=True))

    async def do(self, what: Any) -> Any:
        """`what(gate)`, or None when the process died over it."""
        await self.up.wait()
        task = asyncio.create_task(what(self.gate))
        self.tasks[task] = None
        try:
            await asyncio.wait([task])
            if task.cancelled() or isinstance(task.exception(), Killed):
                return None
            return task.result()
        finally:
            del self.tasks[task]


@dataclass
class World:
    house: House
    seed: int
    loop: Any
    said: list[str] = field(default_factory=list)
    tally: Counter[str] = field(default_factory=Counter)
    asked: list[Proposal] = field(default_factory=list)
    running: set[asyncio.Task[Any]] = field(default_factory=set)

    def __post_init__(self) -> None:
        cases = settle_in(self.house)
        self.cases = list(cases)
        self.oracle = Oracle(self.house, cases, watching=False)
        self.network = Network(self.house.stripe, self.oracle, random.Random(f"{self.seed}:wire"), self.loop.time)
        self.processes = {name: Process(name, self) for name in PROCESSES}
        for each in self.processes.values():
            each.start()

    def tell(self, what: str) -> None:
        self.said.append(f"{self.loop.time():12.2f} s  {what}")

    def begin(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self.running.add(task)

    async def play(self, steps: list[Step]) -> None:
        """Every step at its time, all at once; then good weather until everything has come to its end."""
        for step in steps:
            self.begin(self._step(step))
        while self.running:
            done, self.running = await asyncio.wait(self.running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        await self._rest()

    async def _step(self, step: Step) -> None:
        await asyncio.sleep(step.at)
        self.tell(f"{step.kind} {step.told}")
        told, process = step.told, self.processes.get(step.told.get("on", ""))
        match step.kind:
            case "ask":
                await self._ask(told)
            case "twice":
                await asyncio.gather(self._ask(told), self._ask({**told, "on": self._other(told["on"])}))
            case "weather":
                self.network.weather[told["what"]] = (self.loop.time() + told["lasts"], told["share"])
            case "kill" if process:
                process.die(told["down"])
            case "armed" if process:
                process.armed = (told["point"], told["down"])
            case "hands":
                self._change_hands(self.cases[told["case"]])
            case "decline":
                if self.house.stripe.declines.pop(told["card"], None) is None:
                    self.house.stripe.declines[told["card"]] = "insufficient_funds"
            case "returned" if (refunds := self._known_refunds()) and process:
                self.house.stripe.bank_returns(refunds[-1])
                await process.do(lambda gate: gate.look_back(nobody))
            case "reconcile" if process:
                await process.do(lambda gate: gate.reconcile(beside=told["beside"]))
            case _:
                pass
        self.check(str(step))

    def _known_refunds(self) -> list[str]:
        """What Lee knows to have succeeded: a bank returns what has arrived, days later."""
        known = {row.id for row in self.house.intents() if row.status == "succeeded"}
        return [each.intent for each in self.house.stripe.of("refund") if each.intent in known]

    @staticmethod
    def _other(name: str) -> str:
        return PROCESSES[1 - PROCESSES.index(name)]

    async def _ask(self, told: dict[str, Any]) -> None:
        """A turn proposes; after a death it is played again, as a durable turn is; people say yes when asked."""
        case = self.cases[told["case"]]
        proposal = self._proposal(case, told)
        if proposal is None:
            return
        on = told["on"]
        for n in range(told["yeses"] + 1):
            answer = await self._submit(proposal, on)
            if answer is None or answer.status is not Status.WAITING or n == told["yeses"]:
                return
            await asyncio.sleep(told["thinks"])
            self._yes(proposal, told["human"])

    def _proposal(self, case: str, told: dict[str, Any]) -> Proposal | None:
        wish = own(told["wish"], self.oracle.cases[case]) if told["own"] else told["wish"]
        try:
            action = ACTIONS[wish["tool"]].model_validate({k: v for k, v in wish.items() if k != "tool"})
        except (ValidationError, KeyError, TypeError):
            return None
        owner, epoch = self.oracle.owners[case]
        asked = self.house.propose(
            case, action, customer=self.oracle.cases[case], owner="human" if owner == "human" else "lee", epoch=epoch
        )
        self.oracle.proposed(asked)
        self.asked.append(asked)
        self.tally["proposals"] += 1
        return asked

    async def _submit(self, proposal: Proposal, on: str) -> Settlement | None:
        """Until a living process has answered; a turn of a dead one may go to the other."""
        for life in range(6):
            process = self.processes[on if life % 2 == 0 else self._other(on)]
            answer: Settlement | None = await process.do(lambda gate: gate.submit(proposal))
            if answer is not None:
                self.tell(f"{proposal.id} {proposal.tool}: {answer.status.value} ({answer.decision.rule})")
                self.tally[answer.status.value] += 1
                return answer
        return None

    def _yes(self, proposal: Proposal, human: str | None) -> None:
        with contextlib.suppress(Conflict, NotFound):
            self.house.says_yes(proposal)
            self.oracle.customer_says_yes(proposal)
        if human is not None:
            with contextlib.suppress(Conflict, NotFound):
                self.house.approves(proposal, human)
                self.oracle.human_says_yes(proposal, human)

    def _change_hands(self, case: str) -> None:
        to = "human" if self.oracle.owners[case][0] == "lee" else "lee"
        with self.house.store.unit() as uow:
            uow.cases.take_over(case, "hanna") if to == "human" else uow.cases.hand_back(case)
        self.oracle.changed_hands(case, to)

    async def _rest(self) -> None:
        self.network.weather.clear()
        for process in self.processes.values():
            process.armed = None
            await process.up.wait()
        for seconds in (1.0, 200.0, 25 * 3600.0):  # the last: a key that answers 500 for ever is given up
            await asyncio.sleep(seconds)
            for process in self.processes.values():
                await process.do(lambda gate: gate.reconcile(beside=True))
                await process.do(lambda gate: gate.look_back(nobody))
        while self.network.travelling:
            await asyncio.sleep(100)
        self.check("the end", at_rest=True)
        signed = checkpoint(self.house.store)
        report = verify(self.house.store)
        if signed is None or report.findings:
            raise Violation(f"the log does not verify: {report}")

    def check(self, after: str, *, at_rest: bool = False) -> None:
        """Raises `Violation`."""
        try:
            self.house.must_balance(all_settled=at_rest)
        except AssertionError as error:
            raise Violation(f"the books do not balance after {after}: {error}") from error
        if wrong := self._unconserved():
            raise Violation(f"budgets are not conserved after {after}: {wrong}")
        if found := self.oracle.violations():
            raise Violation(f"after {after}: {'; '.join(found)}")

    def _unconserved(self) -> list[Any]:
        """Reserved = settled + released + pending, intent by intent; and one open intent at most for each object."""
        right = {
            "reserved": ("held", "settled"),  # `settled` at once: a try that is counted whatever becomes of it
            "pending_reconciliation": ("held", "settled"),
            "succeeded": ("settled",),
            "failed": ("released", "settled"),
        }
        rows = self.house.rows(
            "select i.id, i.status, r.state, r.budget from intents i join reservations r on r.intent_id = i.id"
        )
        wrong: list[Any] = [
            row
            for row in rows
            if row.state not in right[row.status] or (row.state == "settled") > self._may_be_settled(row)
        ]
        still_open = "status in ('reserved', 'pending_reconciliation')"
        many = f"select target from intents where {still_open} group by target having count(*) > 1"
        return wrong + self.house.rows(many)

    @staticmethod
    def _may_be_settled(row: Any) -> bool:
        return row.status == "succeeded" or row.budget.startswith("retries:")
