"""Many at once: no cap is passed, and nearly all of each can be used."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from policy.actions import Refund
from policy.effects import Intent
from policy.gate import Gate
from policy.proposals import Proposal
from policy.settlement import Settlement, Status
from tests.policy.house import LIMITS, ME, House, charge, furnish, refund, retry

BOTH = pytest.mark.database("sqlite", "postgresql")
# The same limits with a count that does not get in the way of the amounts.
GENEROUS = LIMITS.model_copy(update={"refund": LIMITS.refund.model_copy(update={"refunds_per_customer_month": 1000})})


def statuses(answers: list[Settlement]) -> dict[Status, int]:
    return {status: sum(1 for each in answers if each.status is status) for status in Status}


async def test_many_partial_refunds_of_one_charge_from_many_cases_never_exceed_it(house: House) -> None:
    house.gate = Gate(house.stripe, house.store, GENEROUS, house.clock)
    house.stripe.charges["ch_one"] = charge(amount=1000)
    for _ in range(12):  # what meets one in flight is refused; asked again until nothing is left
        await asyncio.gather(*(house.ask(refund(amount=100)) for _ in range(8)))
    assert house.stripe.refunded("ch_one") == 1000
    assert house.held(f"value_out:{ME}") == 1000
    house.must_balance()


@BOTH
async def test_the_customers_budget_under_64_refunds_at_once(house: House) -> None:
    house.gate = Gate(house.stripe, house.store, GENEROUS, house.clock)
    for n in range(64):
        house.stripe.charges[f"ch_small{n}"] = charge(f"ch_small{n}", 490)
    answers = await asyncio.gather(*(house.ask(refund(f"ch_small{n}")) for n in range(64)))
    out = sum(each.amount for each in house.stripe.made)
    cap = LIMITS.currency["usd"].value_out_per_customer_month
    assert cap * 0.95 <= out <= cap
    assert statuses(answers)[Status.SUCCEEDED] == cap // 490
    assert statuses(answers)[Status.WAITING] == 64 - cap // 490
    house.must_balance()


async def test_the_count_under_32_refunds_at_once(house: House) -> None:
    for n in range(32):
        house.stripe.charges[f"ch_small{n}"] = charge(f"ch_small{n}", 100)
    answers = await asyncio.gather(*(house.ask(refund(f"ch_small{n}")) for n in range(32)))
    assert statuses(answers)[Status.SUCCEEDED] == 2
    assert {each.decision.rule for each in answers} == {"refund.within_limits", "refund.count"}
    house.must_balance()


async def test_the_days_budget_over_many_customers(house: House) -> None:
    names = [f"cus_n{n}" for n in range(40)]
    for n, name in enumerate(names):
        furnish(house.stripe, name, f"many{n}")
        house.stripe.charges[f"ch_many{n}"] = charge(f"ch_many{n}", 10_000, customer=name)
    answers = await asyncio.gather(*(house.ask(refund(f"ch_many{n}"), customer=c) for n, c in enumerate(names)))
    assert sum(each.amount for each in house.stripe.made) == LIMITS.currency["usd"].value_out_per_day
    assert statuses(answers)[Status.SUCCEEDED] == 20
    assert {each.decision.rule for each in answers} == {"refund.within_limits", "value_out.day"}
    house.must_balance()


async def test_what_a_failure_gives_back_can_be_used(house: House) -> None:
    for n in range(32):
        house.stripe.charges[f"ch_small{n}"] = charge(f"ch_small{n}", 100)

    def disputed(intent: Intent) -> None:
        assert isinstance(intent.action, Refund)
        house.stripe.charges[intent.action.charge] = charge(intent.action.charge, 100, disputed=True)

    house.stripe.before_commit = disputed
    answers = [await house.ask(refund(f"ch_small{n}")) for n in range(8)]
    assert statuses(answers)[Status.FAILED] == 8
    house.stripe.before_commit = lambda _: None
    answers = [await house.ask(refund(f"ch_small{n}")) for n in range(8, 12)]
    assert statuses(answers)[Status.SUCCEEDED] == 2
    house.must_balance()


@BOTH
def test_threads_with_gates_of_their_own_share_one_budget(house: House) -> None:
    for n in range(32):
        house.stripe.charges[f"ch_small{n}"] = charge(f"ch_small{n}", 700)
    start = threading.Barrier(8)
    proposals = [house.propose(house.case(), refund(f"ch_small{n}")) for n in range(32)]

    def work(mine: list[Proposal]) -> list[Settlement]:
        async def all_of_them() -> list[Settlement]:
            gate = Gate(house.stripe, house.store, GENEROUS, house.clock)
            return [await gate.submit(each) for each in mine]

        start.wait(timeout=20)
        return asyncio.run(all_of_them())

    with ThreadPoolExecutor(8) as pool:
        answers = [each for some in pool.map(work, [proposals[n::8] for n in range(8)]) for each in some]
    assert statuses(answers)[Status.SUCCEEDED] == 15_000 // 700
    assert 15_000 * 0.95 <= sum(each.amount for each in house.stripe.made) <= 15_000
    house.must_balance()


@BOTH
def test_threads_on_one_confirmed_retry_are_one_charge(house: House) -> None:
    case = house.case()
    proposals = [house.propose(case, retry()) for _ in range(8)]
    for each in proposals:
        asyncio.run(house.gate.submit(each))
    for each in proposals:
        house.says_yes(each)
    start = threading.Barrier(8)

    def work(proposal: Proposal) -> Settlement:
        start.wait(timeout=20)
        return asyncio.run(Gate(house.stripe, house.store, LIMITS, house.clock).submit(proposal))

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(work, proposals))
    assert statuses(answers)[Status.SUCCEEDED] == 1
    assert len(house.stripe.made) == 1
    house.must_balance()
