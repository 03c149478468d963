"""Plays sequences of wild proposals through the real gate, with people who say yes, and a Stripe that misbehaves."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from policy.actions import ACTIONS
from policy.proposals import Proposal, Role
from policy.settlement import Status
from store.errors import Conflict, NotFound
from tests.databases import Databases
from tests.policy.house import House, build, nobody
from tests.policy.oracle import Oracle
from tests.policy.paper_house import PaperHouse
from tests.policy.stripe_twin import FAULTS, Made
from tests.policy.wild_actions import own, wild_action
from tests.policy.wild_world import LIMITS, OWNED, PEOPLE, settle_in

HOURS = (1, 5, 24, 80, 24 * 20)
LATE = (71.9, 72.1, 80, 24 * 20)  # a yes is good for 72 hours


@dataclass
class Play:
    """One world and what happens in it; `tally` counts sequences, proposals, effects and refusals of every kind."""

    house: House | PaperHouse
    rng: random.Random
    tally: Counter[str]
    oracle: Oracle = field(init=False)
    cases: list[str] = field(init=False)
    asked: list[Proposal] = field(default_factory=list)

    def __post_init__(self) -> None:
        cases = settle_in(self.house)
        self.oracle, self.cases = Oracle(self.house, cases), list(cases)

    async def step(self) -> None:
        rng, house = self.rng, self.house
        match rng.choices(
            (
                "wild",
                "own",
                "late",
                "again",
                "together",
                "hands",
                "fault",
                "find_fault",
                "hours",
                "decline",
                "returned",
                "reconcile",
            ),
            (6, 22, 2, 4, 3, 2, 3, 1, 2, 1, 1, 2),
        )[0]:
            case "wild":
                await self._wild()
            case "own":
                await self._own()
            case "late":
                await self._late()
            case "again" if self.asked:
                await self.submit(rng.choice(self.asked))
            case "together" if self.asked:
                some = [rng.choice(self.asked) for _ in range(rng.randint(2, 5))]
                fresh = [self._known(replace(each, id=self._name())) for each in some]
                await asyncio.gather(*(self.submit(each) for each in (*some, *fresh)))
            case "hands":
                self.change_hands(rng.choice(self.cases))
            case "fault":
                house.stripe.faults.extend(rng.choices(FAULTS, k=rng.randint(1, 3)))
            case "find_fault":
                house.stripe.find_faults.append(rng.choice(["down", "nonsense", "odd"]))
            case "hours":
                await self._pass(rng.choice(HOURS))
            case "decline":
                card = f"pm_{rng.choice([*OWNED.values()])}"
                if house.stripe.declines.pop(card, None) is None:
                    house.stripe.declines[card] = "insufficient_funds"
            case "returned" if refunds := self._young_refunds():
                house.stripe.bank_returns(rng.choice(refunds).intent)
            case "reconcile":
                await self._reconcile()
            case _:
                pass

    async def _wild(self) -> None:
        """Anything on anybody's objects, in any role, also in another customer's name."""
        case = self.rng.choice(self.cases)
        customer = self.rng.choice([self.oracle.cases[case]] * 4 + [*PEOPLE])
        role, stale = self.rng.choice([*Role, Role.OWNER]), self.rng.random() < 0.2
        proposal = self.propose(case, wild_action(self.rng), role, customer, stale=stale)
        if proposal is not None:
            await self.submit(proposal)

    async def _own(self) -> None:
        """On the customer's own objects, with the people saying yes, once or twice, or not at all."""
        case = self.rng.choice(self.cases)
        proposal = self.propose(case, own(wild_action(self.rng), self.oracle.cases[case]))
        if proposal is not None:
            await self.insist(proposal, self.rng.randint(0, 3), self.rng.choice(["hanna", "hugo"]))

    async def _late(self) -> None:
        """People say yes, and it is carried out just before that yes runs out, just after, or in another month."""
        case = self.rng.choice(self.cases)
        proposal = self.propose(case, own(wild_action(self.rng), self.oracle.cases[case]))
        if proposal is None or await self.submit(proposal) is not Status.WAITING:
            return
        self.says(proposal, self.rng.choice([None, "hanna", "hugo"]))
        await self._pass(self.rng.choice(LATE))
        self.tally["late"] += 1
        await self.submit(proposal)

    async def insist(self, proposal: Proposal, yeses: int, human: str | None = "hanna") -> None:
        """Ask, get a yes from whoever is waited for, ask again; `human` None: only the customer says yes."""
        for _ in range(yeses):
            if await self.submit(proposal) is not Status.WAITING:
                return
            self.says(proposal, human)
        await self.submit(proposal)

    def propose(
        self,
        case: str,
        told: dict[str, Any],
        role: Role = Role.OWNER,
        customer: str | None = None,
        *,
        stale: bool = False,
    ) -> Proposal | None:
        self.tally["proposals"] += 1
        try:
            action = ACTIONS[told["tool"]].model_validate({k: v for k, v in told.items() if k != "tool"})
        except (ValidationError, KeyError, TypeError):
            self.tally["malformed"] += 1
            return None
        owner, epoch = self.oracle.owners[case]
        epoch -= stale
        made = self.house.propose(
            case,
            action,
            customer=customer or self.oracle.cases[case],
            role=role,
            owner="human" if owner == "human" else "lee",
            epoch=epoch,
            id_=self._name(),
        )
        return self._known(made)

    def _name(self) -> str:
        return f"prop_{next(self.house.names)}"

    def _known(self, proposal: Proposal) -> Proposal:
        self.oracle.proposed(proposal)
        self.asked.append(proposal)
        return proposal

    async def submit(self, proposal: Proposal) -> Status:
        gate = self.house.gate if self.rng.random() < 0.7 else self.house.another_gate()
        answer = await gate.submit(proposal)
        self.tally["submitted"] += 1
        self.tally[answer.status.value] += 1
        if answer.status in (Status.REFUSED, Status.WAITING):
            assert answer.intent is None, "an intent without a permission"
        return answer.status

    def says(self, proposal: Proposal, human: str | None) -> None:
        """Whichever yes it waits for."""
        with contextlib.suppress(Conflict, NotFound):
            self.house.says_yes(proposal, self.house.limits.consent.confirmation_valid_hours)
            self.oracle.customer_says_yes(proposal)
        if human is None:
            return
        with contextlib.suppress(Conflict, NotFound):
            self.house.approves(proposal, human, self.house.limits.consent.approval_valid_hours)
            self.oracle.human_says_yes(proposal, human)

    def change_hands(self, case: str) -> None:
        to = "human" if self.oracle.owners[case][0] == "lee" else "lee"
        self.house.change_hands(case, to)
        self.oracle.changed_hands(case, to)

    async def _pass(self, hours: float) -> None:
        """Who works for days has looked back once an hour, and Stripe has answered once in a month."""
        if hours >= 24:
            self.house.stripe.find_faults.clear()
            await self.house.another_gate().look_back(nobody)
        self.house.clock.pass_(hours=hours)

    def _young_refunds(self) -> list[Made]:
        """Those that a bank may still return (docs.stripe.com/refunds#failed-refunds)."""
        now = self.house.clock()
        return [each for each in self.house.stripe.of("refund") if now - each.at < timedelta(days=30)]

    async def _reconcile(self) -> None:
        gate = self.house.another_gate()
        await gate.reconcile()
        await gate.look_back(nobody)

    async def rest(self) -> None:
        """Good weather, and time for everything to come to its end."""
        self.house.stripe.faults.clear()
        self.house.stripe.find_faults.clear()
        self.house.clock.pass_(minutes=5)
        await self._reconcile()


async def play(folder: Path, databases: Databases, seed: str, steps: int, tally: Counter[str]) -> list[str]:
    """Violations in one sequence, every step of it kept by a real store."""
    return await play_in(build(folder, databases, limits=LIMITS), seed, steps, tally)


async def play_on_paper(seed: str, steps: int, tally: Counter[str]) -> list[str]:
    """Violations in one sequence whose books are kept in memory."""
    return await play_in(PaperHouse(LIMITS), seed, steps, tally)


async def play_in(house: House | PaperHouse, seed: str, steps: int, tally: Counter[str]) -> list[str]:
    """The house is closed afterwards; books are balanced now and then, and at the end."""
    try:
        world = Play(house, random.Random(seed), tally)
        for n in range(steps):
            await world.step()
            if n % 8 == 7:
                house.must_balance(all_settled=False)
        await world.rest()
        house.must_balance()
        tally["sequences"] += 1
        tally.update(f"sent {each.intent.action.tool}" for each in world.oracle.attempts.values())
        tally["effects"] += len(house.stripe.made) + len(house.stripe.returned)
        return [f"{seed}: {each}" for each in world.oracle.violations()]
    finally:
        house.close()
