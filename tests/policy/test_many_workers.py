"""Many workers in several processes on one database: no cap is passed, and all of each can be used.

Each worker is a thread with a gate of its own; all of them ask for far more than the law gives, at the same moment.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.house import ROOT
from policy.limits import Limits
from policy.proposals import Proposal
from tests.databases import POSTGRESQL, SQLITE, Databases
from tests.policy.far_twin import counter
from tests.policy.gate_worker import Shift
from tests.policy.house import LIMITS, House, build, charge, furnish, link, refund
from tests.proofs import PROVE, Proved, times

pytestmark = [pytest.mark.process, pytest.mark.timeout(600)]

PROCESSES = 4 if PROVE else 2
THREADS = 32
ROUNDS = times(1, 5)


@dataclass(frozen=True)
class Cap:
    """`used` of `cap` after the rush, in its own unit."""

    name: str
    cap: int
    used: int


def rush(house: House, proposals: Sequence[Proposal], limits: Limits) -> Counter[tuple[str, str]]:
    """All of them at once, dealt out to the processes."""
    ended: Counter[tuple[str, str]] = Counter()
    with counter(house.stripe) as address:
        begun = time.time()
        children: list[subprocess.Popen[bytes]] = []
        try:
            for n in range(PROCESSES):
                mine = list(proposals[n::PROCESSES])
                told = pickle.dumps(Shift(house.url, house.keys, address, limits, begun, THREADS, mine))
                command = [sys.executable, "-m", "tests.policy.gate_worker"]
                child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
                children.append(child)
                assert child.stdin is not None
                child.stdin.write(b"%d\n%b" % (len(told), told))
                child.stdin.flush()
            for child in children:
                assert child.stdout is not None
                assert child.stdout.readline() == b"ready\n"
            for child in children:
                out, _ = child.communicate(b"go\n")
                assert child.returncode == 0
                ended += pickle.loads(out)
        finally:
            for child in children:
                child.kill()
                child.wait()
    return ended


def out_of(house: House, of: str = "") -> int:
    """What the twin's own books say left the company, for the customers whose id begins so."""
    return sum(each.amount for each in house.stripe.made if each.amount > 0 and each.customer.startswith(of))


def refunds(house: House, customer: str, count: int, amount: int) -> list[Proposal]:
    """So many charges of one customer, and a refund asked for each."""
    for n in range(count):
        id_ = f"ch_{customer}_{n}"
        house.stripe.charges[id_] = charge(id_, amount, customer=customer)
    asked = (refund(f"ch_{customer}_{n}") for n in range(count))
    return [house.propose(house.case(customer), each, customer=customer) for each in asked]


def amounts(house: House) -> list[Cap]:
    """The caps in money: of one charge, of a customer's month, of Lee's day. A count does not get in their way."""
    usd = LIMITS.currency["usd"]
    many = LIMITS.refund.model_copy(update={"refunds_per_customer_month": 1_000})
    furnish(house.stripe, "cus_parts", "parts")
    house.stripe.charges["ch_parts"] = charge("ch_parts", 1_000, customer="cus_parts")
    asked = [
        house.propose(house.case("cus_parts"), refund("ch_parts", 100), customer="cus_parts")
        for _ in range(times(16, 64))
    ]
    furnish(house.stripe, "cus_month", "month")
    asked += refunds(house, "cus_month", 48, 490)
    for n in range(42):
        furnish(house.stripe, f"cus_day{n}", f"day{n}")
        asked += refunds(house, f"cus_day{n}", 1, 5_000)
    rush(house, asked, LIMITS.model_copy(update={"refund": many}))
    return [
        Cap("a charge", 1_000, house.stripe.refunded("ch_parts")),
        Cap("a customer's month", usd.value_out_per_customer_month, out_of(house, "cus_month")),
        Cap("Lee's day", usd.value_out_per_day, out_of(house)),
    ]


def counts(house: House) -> list[Cap]:
    """The caps that count."""
    furnish(house.stripe, "cus_count", "count")
    asked = refunds(house, "cus_count", 40, 100)
    furnish(house.stripe, "cus_links", "links")
    asked += [house.propose(house.case("cus_links"), link(), customer="cus_links") for _ in range(40)]
    rush(house, asked, LIMITS)
    made = sum(each.customer == "cus_count" for each in house.stripe.made)
    return [
        Cap("refunds of a customer's month", LIMITS.refund.refunds_per_customer_month, made),
        Cap("links of a customer's day", LIMITS.links.per_customer_day, house.stripe.links),
    ]


# SQLite is for one process and those beside it; it holds, but its writers wait by looking again and again.
@pytest.mark.database(*((SQLITE, POSTGRESQL) if PROVE else (POSTGRESQL,)))
@pytest.mark.parametrize("caps", [amounts, counts] if PROVE else [amounts])
def test_no_cap_is_passed_and_all_of_each_can_be_used(
    caps: Callable[[House], list[Cap]], databases: Databases, tmp_path: Path, proved: Proved
) -> None:
    used: list[Cap] = []
    for n in range(ROUNDS):
        house = build(tmp_path / str(n), databases)
        used += caps(house)
        house.must_balance()
        house.close()
    assert [cap for cap in used if cap.used < 0.95 * cap.cap] == []
    where = f"{PROCESSES * THREADS} workers in {PROCESSES} processes on {databases.dialect}"
    for name in {cap.name for cap in used}:
        mine = [cap for cap in used if cap.name == name]
        least = min(cap.used / cap.cap for cap in mine)
        beyond = sum(cap.used > cap.cap for cap in mine)
        proved(f"caps passed ({name}, at least {least:.1%} of it used), {where}", len(mine), beyond)
