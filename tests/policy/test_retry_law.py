"""Charging an open invoice again: every rule at its edge (docs.stripe.com/declines/codes; limits.toml)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from billing.ids import CustomerId, InvoiceId, PaymentMethodId
from billing.money import Money
from policy.actions import RetryPayment
from policy.decisions import Allow, Deny, NeedsApproval, NeedsConfirmation
from policy.settlement import Status
from tests.billing import made
from tests.policy.asked import ask, ask_with_yes, retry_case
from tests.policy.house import ME, House, invoice, retry, usd

CARD = PaymentMethodId("pm_one")


def with_card(month: int, year: int) -> Any:
    return retry_case(payment_method=made.card("pm_one", month=month, year=year))


def declined(decline_code: str | None, advice: str | None = None, code: str = "card_declined", **more: Any) -> Any:
    return retry_case(invoice=invoice(last_decline=made.decline(decline_code, advice, code), **more))


DENIED: list[tuple[str, RetryPayment, Any]] = [
    ("retry.not_found", retry(), retry_case(invoice=None)),
    ("retry.not_found", retry(), retry_case(invoice=invoice(customer=CustomerId("cus_other")))),
    ("retry.not_found", retry("in_other"), retry_case()),
    *[("retry.not_open", retry(), retry_case(invoice=invoice(status=s))) for s in ("draft", "paid", "void")],
    ("retry.not_open", retry(), retry_case(invoice=invoice(status="uncollectible"))),
    ("retry.not_open", retry(), retry_case(invoice=invoice(amount=0))),
    ("retry.not_open", retry(), retry_case(invoice=invoice(amount=-1))),
    ("retry.currency", retry(), retry_case(invoice=invoice(amount_remaining=Money(500, "chf")))),
    ("retry.no_card", retry(), retry_case(payment_method=None)),
    ("retry.no_card", retry(card="pm_other"), retry_case()),
    ("retry.card_expired", retry(), with_card(10, 2026)),
    ("retry.card_expired", retry(), with_card(12, 2025)),
    ("retry.card_expired", retry(), with_card(0, 2029)),
    ("retry.card_expired", retry(), with_card(13, 2029)),
    *[("retry.same_card", retry(), declined(c)) for c in ("lost_card", "stolen_card", "pickup_card", "fraudulent")],
    ("retry.same_card", retry(), declined("generic_decline", "do_not_try_again")),
    ("retry.same_card", retry(), declined("authentication_required")),
    ("retry.same_card", retry(), declined(None, code="authentication_required")),
    ("retry.same_card", retry(), declined("generic_decline", code="authentication_required")),
    ("retry.same_card", retry(), declined("incorrect_cvc")),
    ("retry.same_card", retry(), declined("lost_card", last_payment_method=CARD)),
    ("retry.same_card", retry(), declined("insufficient_funds", requires_action=True)),
    ("retry.same_card", retry(), retry_case(invoice=invoice(requires_action=True))),
]


@pytest.mark.parametrize(("rule", "action", "facts"), DENIED)
def test_a_denial_names_its_rule(rule: str, action: RetryPayment, facts: Any) -> None:
    decision = ask_with_yes(action, facts)
    assert isinstance(decision, Deny)
    assert decision.rule == rule
    assert decision.customer_reason.endswith(".")


@pytest.mark.parametrize(
    "facts",
    [
        retry_case(),
        with_card(11, 2026),  # the month it expires in is still good
        with_card(1, 2027),
        declined("insufficient_funds"),
        declined("generic_decline", "try_again_later"),
        declined("lost_card", last_payment_method=PaymentMethodId("pm_before")),
        retry_case(invoice=invoice(amount=50_000)),
        retry_case(invoice=invoice(amount=1)),
    ],
)
def test_near_misses_need_the_customers_yes_and_no_more(facts: Any) -> None:
    first = ask(retry(), facts)
    assert isinstance(first, NeedsConfirmation)
    assert first.rule == "retry.confirmation"
    allowed = ask_with_yes(retry(), facts)
    assert isinstance(allowed, Allow)
    assert (allowed.rule, allowed.confirmation, allowed.approval) == ("retry.confirmed", "conf_1", None)
    assert allowed.value == -facts.invoice.amount_remaining
    [entry] = allowed.reservations
    assert (entry.budget, entry.amount, entry.cap, entry.per_try) == ("retries:in_one:2026-11-20", 1, 3, True)


def test_more_than_lee_may_charge_goes_to_a_human_after_the_customers_yes() -> None:
    facts = retry_case(invoice=invoice(amount=50_001))
    assert isinstance(ask(retry(), facts), NeedsConfirmation)
    decision = ask_with_yes(retry(), facts)
    assert isinstance(decision, NeedsApproval)
    assert (decision.rule, decision.value) == ("retry.cap", usd(-50_001))


@pytest.mark.parametrize("moment", [datetime(2026, 11, 30, 23, 59, 59, 999999, UTC), datetime(2026, 11, 1, tzinfo=UTC)])
def test_a_card_is_good_to_the_last_moment_of_its_month(moment: datetime) -> None:
    assert isinstance(ask(retry(), with_card(11, 2026), now=moment), NeedsConfirmation)


def test_and_not_a_moment_longer() -> None:
    december = datetime(2026, 12, 1, tzinfo=UTC)
    assert ask(retry(), with_card(11, 2026), now=december).rule == "retry.card_expired"


def test_the_sentence_names_amount_invoice_and_card() -> None:
    decision = ask(retry(), retry_case())
    assert isinstance(decision, NeedsConfirmation)
    assert decision.shown == "Charge $20.00 for invoice ACME-0004 to the visa card ending 4242."
    nameless = ask(retry(), retry_case(invoice=invoice(number=None)))
    assert isinstance(nameless, NeedsConfirmation)
    assert "invoice in_one to" in nameless.shown
    other = ask(retry("in_two"), retry_case(invoice=invoice(id=InvoiceId("in_two"))))
    assert isinstance(other, NeedsConfirmation)


async def test_the_card_that_was_shown_is_the_card_that_is_charged(house: House) -> None:
    """The default changes after the customer's yes, in the instant before Stripe looks it up."""
    other = made.card("pm_other")
    house.stripe.cards[other.id] = (CustomerId(ME), other)
    house.stripe.declines[other.id] = "insufficient_funds"

    def the_default_changes(_intent: Any) -> None:
        who = house.stripe.customers[CustomerId(ME)]
        house.stripe.customers[CustomerId(ME)] = replace(who, default_payment_method=other.id)

    house.stripe.before_commit = the_default_changes
    settled = await house.consented(house.propose(house.case(), retry()))
    assert settled.status is Status.SUCCEEDED
    (row,) = house.intents()
    assert json.loads(row.arguments)["payment_method"] == "pm_one"
    assert house.stripe.customers[CustomerId(ME)].default_payment_method == "pm_other"
