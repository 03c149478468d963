"""Credits towards next invoices: a human decides unless the limits say otherwise, and every cent counts."""

from __future__ import annotations

from typing import Any

import pytest

from billing.ids import CustomerId
from billing.money import Money
from policy.decisions import Allow, Deny, NeedsApproval
from policy.question import Standing
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


FOR = "in_credited"


@pytest.mark.parametrize(
    ("rule", "amount", "invoice"),
    [
        ("credit.not_found", 1, None),
        ("credit.not_found", 1, made.invoice(FOR, customer=CustomerId("cus_other"))),
        ("credit.not_found", 1, made.invoice("in_other")),
        ("credit.not_billed", 1, made.invoice(FOR, status="draft")),
        ("credit.not_billed", 1, made.invoice(FOR, status="void")),
        ("credit.more_than_billed", 2_001, made.invoice(FOR)),
        ("credit.more_than_billed", 1, made.invoice(FOR, total=Money(2_000, "eur"))),
    ],
)
def test_an_invoice_that_does_not_bear_it_out(rule: str, amount: int, invoice: Any) -> None:
    denied = ask(credit(amount, "billing_error", FOR), credit_case(invoice=invoice))
    assert isinstance(denied, Deny)
    assert denied.rule == rule


def test_the_invoice_it_is_for_is_shown_and_may_be_credited_whole() -> None:
    asked = ask(credit(2_000, "billing_error", FOR), credit_case(invoice=made.invoice(FOR)), limits=SHIPPED)
    assert isinstance(asked, NeedsApproval)
    assert asked.shown == "Credit $20.00 towards the next invoices, for a mistake in billing with invoice ACME-0004."


def test_an_invoice_nobody_named_changes_nothing() -> None:
    """What was read beside it is no evidence for a credit without one."""
    plain = ask(credit(1_000), credit_case(invoice=made.invoice(FOR, status="void")))
    assert isinstance(plain, Allow)


@pytest.mark.parametrize(("before", "verdict"), [(0, Allow), (1, NeedsApproval), (1_000, NeedsApproval), (1_001, Deny)])
def test_what_was_credited_for_it_before_counts(before: int, verdict: type) -> None:
    standing = Standing(refunded=before)
    said = ask(credit(1_000, "billing_error", FOR), credit_case(invoice=made.invoice(FOR)), standing=standing)
    assert isinstance(said, verdict)
    if isinstance(said, NeedsApproval):
        assert said.rule == "credit.again"
        assert f"(beside {usd(before)} credited for it before)" in said.shown


async def test_two_cases_about_one_invoice_are_the_same_grounds(house: House) -> None:
    """Both wait for a human at once; the second yes was given before the first credit, and is none for a second."""
    house.stripe.invoices[FOR] = made.invoice(FOR)
    first, second = (house.propose(house.case(), credit(1_500, "billing_error", FOR)) for _ in range(2))
    for each in (first, second):
        assert (await house.gate.submit(each)).status is Status.WAITING
        house.approves(each)
    done = await house.gate.submit(first)
    assert (done.status, done.intent and done.intent.operation_key) == (Status.SUCCEEDED, f"account_credit:{FOR}:1")
    again = await house.gate.submit(second)
    assert (again.status, again.decision.rule) == (Status.REFUSED, "credit.more_than_billed")
    third = house.propose(house.case(), credit(500, "goodwill", FOR))
    asked = await house.gate.submit(third)
    assert (asked.status, asked.decision.rule) == (Status.WAITING, "credit.again")
    assert [each.amount for each in house.stripe.made] == [1_500]


async def test_an_approval_from_before_an_earlier_credit_is_asked_again(house: House) -> None:
    house.stripe.invoices[FOR] = made.invoice(FOR)
    first, second = (house.propose(house.case(), credit(1_001, "billing_error", FOR)) for _ in range(2))
    small = house.propose(house.case(), credit(10, "goodwill", FOR))
    for each in (first, second):
        assert (await house.gate.submit(each)).status is Status.WAITING
        house.approves(each)
    assert (await house.gate.submit(small)).status is Status.SUCCEEDED
    asked = await house.gate.submit(first)
    assert (asked.status, asked.decision.rule) == (Status.WAITING, "credit.again")
    house.approves(first)
    assert (await house.gate.submit(first)).status is Status.SUCCEEDED
    assert (await house.gate.submit(second)).decision.rule == "credit.more_than_billed"
    assert [each.amount for each in house.stripe.made] == [10, 1_001]


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
