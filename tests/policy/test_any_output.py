"""Any sequence of any actions through the real gate, judged by an oracle that knows only the world and who said yes.

The oracle shares no code with the law: it has its own table of who owns what, its own numbers, and the twin's books.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from billing.money import Money
from policy.actions import ACTIONS, Action
from policy.effects import Intent
from policy.proposals import Proposal, Role
from policy.settlement import Status
from store.errors import Conflict, NotFound
from tests.billing import made
from tests.databases import Databases
from tests.policy.house import House, build, charge, furnish
from tests.policy.stripe_twin import FAULTS, Made
from tests.policy.wild_actions import ACTION, AMOUNTS, OWNED, PEOPLE
from tests.proofs import times

EXAMPLES = times(60, 2_000)

# Each commit is flushed: in memory a hundred worlds take seconds. Shrinking would play thousands more.
QUICK_DISK = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
PHASES = [Phase.explicit, Phase.reuse, Phase.generate]

# The oracle's own numbers (cents), from the brief to the company, not from limits.toml.
PER_REFUND, PER_PROMOTION, PER_MONTH, COUNT, PER_CARD_CHARGE, PER_APPROVAL = 10_000, 10_000, 15_000, 2, 50_000, 500_000
BILLING = ("owner", "admin", "billing")

STEP = st.one_of(
    st.tuples(st.just("submit"), st.integers(0, 4), ACTION, st.sampled_from([*Role]), st.sampled_from([None, *PEOPLE])),
    st.tuples(st.just("submit"), st.integers(0, 4), ACTION, st.just(Role.OWNER), st.none()),
    st.tuples(st.just("submit"), st.integers(0, 4), ACTION, st.just(Role.OWNER), st.none()),
    st.tuples(st.just("ask_and_say_yes"), st.integers(0, 4), ACTION),
    *[st.tuples(st.just("ask_for_own"), st.integers(0, 4), ACTION)] * 4,
    st.tuples(st.just("ask_and_approve"), st.integers(0, 4), ACTION),
    st.tuples(st.sampled_from(["again", "yes", "approve"]), st.integers(0, 30)),
    st.tuples(st.just("together"), st.lists(st.integers(0, 30), min_size=2, max_size=5)),
    st.tuples(st.sampled_from(["take_over", "hand_back"]), st.integers(0, 4)),
    st.tuples(st.just("fault"), st.lists(st.sampled_from([*FAULTS]), min_size=1, max_size=3)),
    st.tuples(st.just("find_fault"), st.sampled_from(["down", "nonsense", "odd"])),
    st.tuples(st.just("hours"), st.sampled_from([1, 24, 80, 24 * 40])),
    st.just(("decline",)),
    st.just(("reconcile",)),
)


@dataclass
class World:
    """Drives the steps, and keeps what the oracle needs: who said yes to what, and when."""

    house: House
    cases: list[tuple[str, str]] = field(default_factory=list)  # case id, customer
    proposals: list[Proposal] = field(default_factory=list)
    yes: Counter[tuple[str, str]] = field(default_factory=Counter)  # (case, action) -> yeses not yet spent
    approved: Counter[str] = field(default_factory=Counter)  # proposal id
    begun: dict[str, tuple[str, str]] = field(default_factory=dict)  # intent id -> (proposal id, month)
    intents: dict[str, Intent] = field(default_factory=dict)
    effects: int = 0

    async def step(self, step: tuple[Any, ...]) -> None:
        kind, house = step[0], self.house
        match step:
            case ("submit", n, told, role, customer):
                await self._submit(self._propose(n, told, role, customer))
            case ("ask_for_own", n, told):
                await self.step(("ask_and_say_yes", n, own(told, self.cases[n][1])))
            case ("ask_and_say_yes", n, told):
                await self._submit(proposal := self._propose(n, told))
                self._yes(proposal)
                await self._submit(proposal)
            case ("ask_and_approve", n, told):
                await self._submit(proposal := self._propose(n, told))
                self._yes(proposal)
                await self._submit(proposal)
                self._approve(proposal)
                await self._submit(proposal)
            case ("again" | "yes" | "approve", n) if self.proposals:
                proposal = self.proposals[n % len(self.proposals)]
                if kind == "again":
                    await self._submit(proposal)
                elif kind == "yes":
                    self._yes(proposal)
                else:
                    self._approve(proposal)
            case ("together", numbers) if self.proposals:
                some = [self.proposals[n % len(self.proposals)] for n in numbers]
                fresh = [replace(each, id=f"prop_{next(house.names)}") for each in some]
                self.proposals += fresh
                await asyncio.gather(*(self._submit(each) for each in (*some, *fresh)))
            case ("take_over", n):
                with house.store.unit() as uow:
                    uow.cases.take_over(self.cases[n][0], "hanna")
            case ("hand_back", n):
                with house.store.unit() as uow:
                    uow.cases.hand_back(self.cases[n][0])
            case ("fault", faults):
                house.stripe.faults.extend(faults)
            case ("find_fault", fault):
                house.stripe.find_faults.append(fault)
            case ("hours", hours):
                house.clock.pass_(hours=hours)
            case ("decline",):
                house.stripe.declines["pm_one"] = "insufficient_funds"
            case ("reconcile",):
                await house.another_gate().reconcile()
            case _:
                pass

    def _propose(self, n: int, told: dict[str, Any], role: Role = Role.OWNER, customer: str | None = None) -> Proposal:
        case, owner = self.cases[n]
        with self.house.store.look() as uow:
            row = uow.cases.get(case)
        action: Action = ACTIONS[told["tool"]].model_validate({k: v for k, v in told.items() if k != "tool"})
        proposal = self.house.propose(
            case,
            action,
            customer=customer or owner,
            role=role,
            owner="human" if row.owner == "human" else "lee",
            epoch=row.epoch,
        )
        self.proposals.append(proposal)
        return proposal

    async def _submit(self, proposal: Proposal) -> None:
        month = f"{self.house.clock.now:%Y-%m}"
        answer = await self.house.gate.submit(proposal)
        if answer.intent is not None:
            self.begun.setdefault(answer.intent.id, (proposal.id, month))
        if answer.status in (Status.REFUSED, Status.WAITING):
            assert answer.intent is None

    def _yes(self, proposal: Proposal) -> None:
        try:
            self.house.says_yes(proposal)
        except (Conflict, NotFound):
            return
        self.yes[(proposal.case, json.dumps(proposal.arguments, sort_keys=True))] += 1

    def _approve(self, proposal: Proposal) -> None:
        try:
            self.house.approves(proposal)
        except (Conflict, NotFound):
            return
        self.approved[proposal.id] += 1

    def judge(self) -> None:
        """The oracle: every effect in the world, in the order it was made."""
        out: Counter[tuple[str, str, str]] = Counter()
        count: Counter[tuple[str, str]] = Counter()
        refunded: Counter[str] = Counter()
        carried_out: Counter[str] = Counter()
        spent: Counter[tuple[str, str]] = Counter()
        redeemed: set[str] = set()
        undone: set[str] = set()
        begun_again: set[str] = set()
        moved: set[str] = set()
        opened: dict[str, datetime] = {}
        numbers: defaultdict[str, list[str]] = defaultdict(list)
        case_of = dict(self.cases)
        who: dict[str, Proposal] = {each.id: each for each in self.proposals}
        for effect in self.house.stripe.made:
            intent = self.intents[effect.intent]
            proposal_id, month = self.begun[effect.intent]
            proposal, human = who[proposal_id], self.approved[proposal_id] > 0
            carried_out[proposal_id] += 1
            assert effect.customer == case_of[intent.case] == proposal.principal.customer
            assert proposal.principal.role.value in BILLING
            self._owner(effect)
            assert effect.currency != "chf"
            assert abs(effect.amount) <= PER_APPROVAL
            if effect.tool == "refund":
                refunded[effect.target] += effect.amount
                count[(effect.customer, month)] += 1
                assert effect.amount <= PER_REFUND or human
                assert count[(effect.customer, month)] <= COUNT or human
                assert not effect.target.endswith("_bad")
            if effect.amount > 0:
                out[(effect.customer, effect.currency, month)] += effect.amount
                assert out[(effect.customer, effect.currency, month)] <= PER_MONTH or human
            if effect.amount < 0:
                assert -effect.amount <= PER_CARD_CHARGE or human
            if effect.tool == "apply_promotion_code":
                word = proposal.arguments["code"]
                assert effect.target not in redeemed, "two discounts on one subscription"
                assert effect.amount <= PER_PROMOTION or human
                assert word in ("WELCOME20", "YEARFREE", f"MINE-{OWNED[effect.customer]}")
                redeemed.add(effect.target)
            if effect.tool == "resume_subscription" and effect.amount:
                assert effect.target.endswith("_paused")
                assert effect.target not in begun_again, "one subscription started twice"
                begun_again.add(effect.target)
            if effect.tool == "undo_scheduled_change":
                assert effect.target.endswith("_planned")
                assert effect.target not in undone, "one plan taken back twice"
                undone.add(effect.target)
            if effect.tool == "update_billing_details":
                wrote = proposal.arguments
                assert (wrote["email"] is None and wrote["country"] in (None, "DE")) or human
                moved |= {effect.customer} if wrote["country"] else set()
            if effect.tool == "set_tax_id":
                wrote = str(proposal.arguments["value"]).replace(" ", "").replace(".", "").upper()
                assert wrote in ("DE123456789", "DE999999999", "FR12345678901")
                numbers[effect.customer].append(wrote)
                at_home = wrote.startswith("DE") or effect.customer in moved
                assert (numbers[effect.customer] == [wrote] and at_home) or human
                assert len(set(numbers[effect.customer])) == len(numbers[effect.customer]), "one number twice"
            if effect.tool == "new_checkout_link":
                before = opened.get(effect.target)
                assert before is None or effect.at - before >= timedelta(hours=24), "two links for one thing"
                opened[effect.target] = effect.at
            if effect.tool not in ("refund", "account_credit", "new_checkout_link"):
                spent[(intent.case, json.dumps(proposal.arguments, sort_keys=True))] += 1
        for name, amount in refunded.items():
            assert amount <= INITIAL[name].amount
        for pair in {("tw1", "tw2")}:
            for name in OWNED.values():
                calls_both_the_twin = [
                    each.intent
                    for each in self.house.stripe.made
                    if each.target in {f"ch_{name}_{kind}" for kind in pair}
                    and self.intents[each.intent].action.model_dump().get("grounds") == "duplicate"
                ]
                assert len(calls_both_the_twin) <= 1
        assert all(times <= self.yes[what] for what, times in spent.items()), "an effect without its own yes"
        assert all(times == 1 for times in carried_out.values())
        self.effects = len(self.house.stripe.made)

    def _owner(self, effect: Made) -> None:
        assert effect.target.split("_")[1] == OWNED[effect.customer]


def own(told: dict[str, Any], customer: str) -> dict[str, Any]:
    """The same wish for the customer's own objects: far more of these reach Stripe."""

    def mine(value: Any) -> Any:
        words = value.split("_") if isinstance(value, str) else []
        if len(words) < 2 or words[1] not in (*OWNED.values(), "nobody"):
            return value
        return "_".join([words[0], OWNED[customer], *words[2:]])

    return {name: mine(value) for name, value in told.items()}


INITIAL: dict[str, Money] = {}
for _name in OWNED.values():
    INITIAL |= {f"ch_{_name}_{kind}": Money(amount, "usd") for kind, amount in AMOUNTS.items()}
    INITIAL |= {f"ch_{_name}_{code}": Money(5000, code) for code in ("eur", "chf")}
    INITIAL |= {f"ch_{_name}_{kind}": Money(1200, "usd") for kind in ("bad", "tw1", "tw2")}


def settle_in(house: House) -> World:
    world = World(house)
    for customer, name in OWNED.items():
        furnish(house.stripe, customer, name)
        for id_, whole in INITIAL.items():
            if id_.startswith(f"ch_{name}_"):
                twin = {"order": f"{name}-7"} if id_[-3:] in ("tw1", "tw2") else {}
                house.stripe.charges[id_] = charge(
                    id_,
                    whole,
                    customer=customer,
                    amount_refunded=Money(0, whole.currency),
                    disputed=id_.endswith("_bad"),
                    **twin,
                )
    house.stripe.invoices["in_three"] = replace(house.stripe.invoices["in_three"], amount_remaining=made.usd(60_000))
    world.cases = [(house.case(customer), customer) for customer in ("cus_me", "cus_me", "cus_me", *PEOPLE[1:])]
    house.stripe.before_commit = lambda intent: world.intents.update({intent.id: intent})
    return world


async def play(folder: Path, databases: Databases, steps: list[tuple[Any, ...]]) -> int:
    house = build(folder, databases)
    try:
        world = settle_in(house)
        for step in steps:
            await world.step(step)
            house.must_balance(all_settled=False)
        house.stripe.faults.clear()
        house.stripe.find_faults.clear()
        house.clock.pass_(minutes=5)
        await house.another_gate().reconcile()
        world.judge()
        house.must_balance()
        return world.effects
    finally:
        house.close()


REACHED: Counter[str] = Counter()


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=PHASES,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(steps=st.lists(STEP, min_size=10, max_size=30))
def test_no_sequence_moves_a_cent_outside_policy(databases: Databases, steps: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory(dir=QUICK_DISK) as folder:
        REACHED["effects"] += asyncio.run(play(Path(folder) / "house", databases, steps))
        REACHED["examples"] += 1


def test_the_oracle_sees_an_effect_nobody_allowed(databases: Databases, tmp_path: Path) -> None:
    """A property that cannot fail is worth nothing: without the law the same oracle objects."""
    import pytest

    async def lawless() -> None:
        house = build(tmp_path / "house", databases)
        world = settle_in(house)
        steps = [
            (
                "ask_and_say_yes",
                0,
                {
                    "tool": "refund",
                    "charge": f"ch_one_{kind}",
                    "amount": None,
                    "grounds": "requested_by_customer",
                    "duplicate_of": None,
                },
            )
            for kind in ("aaa", "bbb", "fff")
        ]
        for step in steps:
            await world.step(step)
        world.judge()
        assert world.effects == 2
        world.begun = {key: (prop, month) for key, (prop, month) in world.begun.items()}
        first = house.stripe.made[0]
        house.stripe.made.append(replace(first, amount=first.amount * 9))
        with pytest.raises(AssertionError):
            world.judge()
        house.stripe.made[-1] = replace(first, customer="cus_other")
        with pytest.raises(AssertionError):
            world.judge()
        house.close()

    asyncio.run(lawless())
