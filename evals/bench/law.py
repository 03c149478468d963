"""What the law costs: a decision alone, and a whole effect written down durably, with Stripe's own time taken out.

`python -m evals.bench.law [--database postgresql://…]`. SQLite and PostgreSQL both wait for their disk (fsync).
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from billing.facts import ChargeFacts, CustomerFacts
from billing.ids import CaseId, ChargeId, CustomerId, ProposalId
from billing.money import Money
from evals.bench.machine import machine
from policy.actions import Action, Refund
from policy.crash_points import CrashPoint
from policy.decisions import Allow
from policy.effects import Intent, Receipt
from policy.facts import RefundCase
from policy.gate import Gate
from policy.law import decide
from policy.limits import Limits, load_limits
from policy.proposals import Principal, Proposal, Role
from policy.question import Consents, Question, Standing
from policy.rules import LAWS
from policy.settlement import Status
from store.database import Store, open_store

HEAD: Final = ["milliseconds", "N", "p50", "p99", "a second", "bar", "another's"]
CUSTOMER: Final = CustomerId("cus_bench")
NOW: Final = datetime.now(UTC)

# money-safety.md: a policy with an in-memory audit list (agent-governance-toolkit), p50 / p99.
OTHERS: Final = "0.069 / 0.416"
DECISION_BAR: Final = "p50 < 0.05, p99 < 0.2"
DURABLE_BAR: Final = "p99 < 10"


def rows(decisions: int, effects: int, database: str | None = None) -> list[list[str]]:
    """The table. `database`: where the effects are written; None: a new SQLite file on the disk of the temporary files.

    Raises RuntimeError when the law does not allow what is measured."""
    found = [_row("decision alone (a refund)", _decisions(decisions), DECISION_BAR, OTHERS)]
    with tempfile.TemporaryDirectory(prefix="lee-bench-") as folder:
        url = database or f"sqlite:///{folder}/lee.db"
        with closing(open_store(url, Path(folder) / "keys", lambda: datetime.now(UTC))) as store:
            spans = asyncio.run(_effects(store, effects))
    where = "PostgreSQL" if url.startswith("postgresql") else "SQLite"
    durable = [("decide, reserve, audit: committed", DURABLE_BAR), ("mark as sent: committed", DURABLE_BAR)]
    durable += [("settle, audit: committed", DURABLE_BAR), ("all of it, without Stripe", "")]
    return found + [_row(f"{what} ({where})", took, bar) for (what, bar), took in zip(durable, spans, strict=True)]


def _decisions(times: int) -> list[float]:
    action = _refund("ch_bench")
    asked = Question(_proposal(0, "case_bench", action), action, _facts(action), _limits(), Standing(), Consents(), NOW)
    if not isinstance(decide(asked, LAWS), Allow):
        raise RuntimeError("the refund that is measured has to be allowed")
    return [_timed(lambda: decide(asked, LAWS)) for _ in range(times)]


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@dataclass
class Instant:
    """A Stripe that answers at once: what is left is the law's own time."""

    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def facts(self, action: Action, principal: Principal) -> RefundCase:  # noqa: ARG002
        return _facts(action)

    async def perform(self, intent: Intent) -> Receipt:
        return Receipt("refund", f"re_{next(self.numbers)}", "succeeded", intent.value)

    async def find(self, intent: Intent) -> Receipt | None:  # noqa: ARG002
        return None

    async def taken_back(self, intent: Intent, stripe_id: str) -> str | None:  # noqa: ARG002
        return None


async def _effects(store: Store, times: int) -> list[list[float]]:
    """Seconds of each part, of `times` refunds one after the other, and of the whole; the first ten are not counted."""
    passed: list[float] = []

    def reach(_: CrashPoint) -> None:
        passed.append(time.perf_counter())

    gate = Gate(Instant(), store, _limits(), lambda: datetime.now(UTC), reach)
    with store.unit() as uow:
        case = uow.cases.open(CUSTOMER, "bench", Role.OWNER.value, "bench").id
    spans: list[list[float]] = [[], [], [], []]
    for n in range(times + 10):
        passed.clear()
        began = time.perf_counter()
        answer = await gate.submit(_proposal(n, case, _refund(f"ch_bench{n}")))
        ended = time.perf_counter()
        if answer.status is not Status.SUCCEEDED:
            raise RuntimeError(f"the refund that is measured has to succeed: {answer.decision.reason}")
        read, reserved, sending, answered, settled = passed
        if n >= 10:
            parts = (reserved - read, sending - reserved, settled - answered, ended - began)
            for span, took in zip(spans, parts, strict=True):
                span.append(took)
    return spans


def _limits() -> Limits:
    """As shipped, without the counts that would end the bench after two refunds."""
    shipped = load_limits()
    many = shipped.currency["usd"].model_copy(
        update={"value_out_per_customer_month": 2**31 - 1, "value_out_per_day": 2**31 - 1}
    )
    refund = shipped.refund.model_copy(update={"refunds_per_customer_month": 10_000})
    return shipped.model_copy(update={"refund": refund, "currency": {**shipped.currency, "usd": many}})


def _refund(charge: str) -> Refund:
    return Refund(charge=charge, amount=None, grounds="requested_by_customer", duplicate_of=None)


def _proposal(n: int, case: str, action: Action) -> Proposal:
    who = Principal(CUSTOMER, "bench", Role.OWNER)
    return Proposal(ProposalId(f"prop_{n}"), CaseId(case), None, who, action, "lee:bench", "lee", 1)


def _facts(action: Action) -> RefundCase:
    nothing, created = Money(0, "usd"), NOW - timedelta(days=3)
    charge = ChargeFacts(
        id=ChargeId(action.charge if isinstance(action, Refund) else ""),
        customer=CUSTOMER,
        payment_intent=None,
        invoice=None,
        amount=Money(2_000, "usd"),
        amount_refunded=nothing,
        status="succeeded",
        captured=True,
        disputed=False,
        refunded=False,
        description=None,
        last4="4242",
        created=created,
    )
    customer = CustomerFacts(CUSTOMER, "Bench", "bench@example.com", created, nothing, False, None)
    return RefundCase(NOW, customer, charge, None, (), (), ())


def _row(what: str, seconds: Sequence[float], bar: str, others: str = "") -> list[str]:
    cuts = statistics.quantiles(seconds, n=100)
    each = sum(seconds) / len(seconds)
    return [
        what,
        f"{len(seconds):,}",
        f"{cuts[49] * 1e3:.3f}",
        f"{cuts[98] * 1e3:.3f}",
        f"{1 / each:,.0f}",
        bar,
        others,
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m evals.bench.law", description=__doc__)
    parser.add_argument("--database", help="a PostgreSQL URL; default: a new SQLite file")
    parser.add_argument("--decisions", type=int, default=20_000)
    parser.add_argument("--effects", type=int, default=1_000)
    options = parser.parse_args()
    print(machine(), "\n")
    for row in [HEAD, *rows(options.decisions, options.effects, options.database)]:
        print("  " + "   ".join([row[0].ljust(42), *(cell.rjust(9) for cell in row[1:])]))


if __name__ == "__main__":
    main()
