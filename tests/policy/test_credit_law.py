"""Credits towards next invoices: a human decides unless the limits say otherwise, and every cent counts."""

from __future__ import annotations

from typing import Any

import pytest

from billing.money import Money
from policy.decisions import Allow, Deny, NeedsApproval
from policy.settlement import Status
from tests.billing import made
from tests.policy.asked import ask, credit_case
from tests.policy.house import LIMITS, SHIPPED, House, credit, refund, usd


@pytest.mark.parametrize("grounds", ["service_outage", "billing_error", "goodwill"])
def test_as_shipped_a_human_decides_about_the_first_cent(grounds: str) -> None:
    asked = ask(credit(1, grounds), credit_case(), limits=SHIPPED)
    assert isinstance(asked, NeedsApproval)
    assert (asked.rule, asked.value) == ("credit.cap", usd(1))
    assert asked.shown.startswith("Credit $0.01 towards the next invoices")


@pytest.mark.parametrize(("amount", "verdict"), [(1_000, Allow), (1_001, NeedsApproval)])
def test_the_cap_at_its_edge(amount: int, verdict: type) -> None:
    assert isinstance(ask(credit(amount), credit_case()), verdict)


@pytest.mark.parametrize(("rule", "balance"), [("credit.no_currency", None), ("credit.currency", Money(0, "chf"))])
def test_a_denial_names_its_rule(rule: str, balance: Any) -> None:
    denied = ask(credit(), credit_case(customer=made.customer(balance=balance)))
    assert isinstance(denied, Deny)
    assert denied.rule == rule
    assert denied.customer_reason


async def test_refunds_and_credits_share_one_budget(house: House) -> None:
    """Structuring over tools: what a refund has used of the month is gone for credits."""
    cap = LIMITS.currency["usd"].value_out_per_customer_month
    assert (await house.ask(refund())).status is Status.SUCCEEDED
    given = 0
    for _ in range(cap // 1_000 + 2):
        settled = await house.ask(credit(1_000))
        given += 1_000 if settled.status is Status.SUCCEEDED else 0
    assert cap - 2_000 - 1_000 < given <= cap - 2_000
    assert sum(each.amount for each in house.stripe.made) <= cap
    house.must_balance()
