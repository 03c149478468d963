"""Refunds: every rule at its edge, and the near miss beside it (docs.stripe.com/refunds; limits.toml)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from billing.ids import CustomerId
from billing.money import Money
from policy.actions import Refund
from policy.decisions import Allow, Deny, NeedsApproval, verdict
from policy.question import Standing
from tests.billing import made
from tests.policy.asked import NOW, ask, refund_case
from tests.policy.house import ME, charge, refund, usd

DAYS = timedelta(days=1)


def case_of(amount: int = 2000, currency: str = "usd", **changes: Any) -> Any:
    told = {"amount": Money(amount, currency), "amount_refunded": Money(0, currency), **changes}
    return refund_case(charge=charge(**told))


def twins(**changes: Any) -> Any:
    at = NOW - 3 * DAYS
    one = charge(order="A-1", created=at)
    other = charge("ch_two", order="A-1", created=at + timedelta(seconds=40))
    return refund_case(charge=one, duplicate_of=replace(other, **changes))


TWIN = refund(twin="ch_two")

DENIED: list[tuple[str, Refund, Any, dict[str, Any]]] = [
    ("refund.not_found", refund(), refund_case(charge=None), {}),
    ("refund.not_found", refund(), case_of(customer=CustomerId("cus_other")), {}),
    ("refund.not_found", refund(), case_of(customer=None), {}),
    ("refund.not_found", refund("ch_other"), case_of(), {}),
    ("refund.not_paid", refund(), case_of(status="failed"), {}),
    ("refund.not_paid", refund(), case_of(status="pending"), {}),
    ("refund.not_paid", refund(), case_of(captured=False), {}),
    ("refund.disputed", refund(), case_of(disputed=True), {}),
    ("refund.clock", refund(), case_of(created=NOW + timedelta(minutes=5, microseconds=1)), {}),
    ("refund.nothing_left", refund(), case_of(amount_refunded=usd(2000)), {}),
    ("refund.nothing_left", refund(), case_of(amount_refunded=usd(2001)), {}),
    ("refund.nothing_left", refund(), case_of(), {"standing": Standing(refunded=2000)}),
    ("refund.nothing_left", refund(amount=1), case_of(amount=0), {}),
    ("refund.nothing_left", refund(amount=1), case_of(amount=-500), {}),
    ("refund.more_than_left", refund(amount=2001), case_of(), {}),
    ("refund.more_than_left", refund(amount=1501), case_of(amount_refunded=usd(500)), {}),
    ("refund.more_than_left", refund(amount=1501), case_of(), {"standing": Standing(refunded=500)}),
    ("refund.more_than_left", refund(amount=2001), case_of(amount_refunded=usd(-500)), {}),
    ("refund.currency", refund(), case_of(currency="chf"), {}),
    ("refund.not_duplicate", TWIN, refund_case(), {}),
    ("refund.not_duplicate", TWIN, twins(order="A-2"), {}),
    ("refund.not_duplicate", TWIN, twins(amount=usd(2001)), {}),
    ("refund.not_duplicate", TWIN, twins(created=NOW - 2 * DAYS + timedelta(microseconds=1)), {}),
    ("refund.not_duplicate", TWIN, twins(amount_refunded=usd(1)), {}),
    ("refund.not_duplicate", TWIN, twins(refunded=True), {}),
    ("refund.not_duplicate", TWIN, twins(disputed=True), {}),
    ("refund.not_duplicate", TWIN, twins(status="failed"), {}),
    ("refund.not_duplicate", TWIN, twins(customer=CustomerId("cus_other")), {}),
    ("refund.not_duplicate", refund(twin="ch_three"), twins(), {}),
    ("refund.not_duplicate", refund(twin="ch_one"), refund_case(duplicate_of=charge()), {}),
    ("refund.not_duplicate", TWIN, twins(), {"standing": Standing(twin_refunded=1)}),
    ("ledger.in_flight", refund(), refund_case(), {"standing": Standing(in_flight=True)}),
    ("owner.facts", refund(), refund_case(customer=made.customer(id=CustomerId("cus_other"))), {}),
    ("policy.error", refund(), case_of(amount_refunded=Money(0, "eur")), {}),
]


@pytest.mark.parametrize(("rule", "action", "facts", "more"), DENIED)
def test_a_denial_names_its_rule_in_plain_words(rule: str, action: Refund, facts: Any, more: dict[str, Any]) -> None:
    decision = ask(action, facts, **more)
    assert isinstance(decision, Deny)
    assert decision.rule == rule
    assert decision.reason.endswith(".")
    assert decision.customer_reason.endswith(".")
    assert "{" not in decision.reason + decision.customer_reason


ALLOWED: list[tuple[Refund, Any, dict[str, Any], int]] = [
    (refund(), refund_case(), {}, 2000),
    (refund(amount=1), refund_case(), {}, 1),
    (refund(amount=2000), refund_case(), {}, 2000),
    (refund(), case_of(amount_refunded=usd(1999)), {}, 1),
    (refund(), case_of(), {"standing": Standing(refunded=500)}, 1500),
    (refund(), case_of(amount_refunded=usd(400)), {"standing": Standing(refunded=500)}, 1500),
    (refund(), case_of(amount=10_000), {}, 10_000),
    (refund(amount=10_000), case_of(amount=20_000), {}, 10_000),
    (refund(), case_of(created=NOW - 14 * DAYS), {}, 2000),
    (refund(), case_of(created=NOW + timedelta(minutes=5)), {}, 2000),
    (refund(), case_of(risk_level="normal"), {}, 2000),
    (refund(), case_of(risk_level="not_assessed"), {}, 2000),
    (TWIN, twins(), {}, 2000),
    (TWIN, twins(created=NOW - 2 * DAYS), {}, 2000),  # 24 hours apart to the second
]


@pytest.mark.parametrize(("action", "facts", "more", "amount"), ALLOWED)
def test_just_inside_every_limit_lee_may(action: Refund, facts: Any, more: dict[str, Any], amount: int) -> None:
    decision = ask(action, facts, **more)
    assert isinstance(decision, Allow), decision
    assert decision.rule == "refund.within_limits"
    assert decision.value == usd(amount)
    caps = {entry.budget: (entry.amount, entry.cap) for entry in decision.reservations}
    assert caps == {
        f"value_out:{ME}:usd:2026-11": (amount, 15_000),
        "value_out:all:usd:2026-11-20": (amount, 200_000),
        f"refunds:{ME}:2026-11": (1, 2),
    }


OLD = NOW - 90 * DAYS

FOR_A_HUMAN: list[tuple[str, Refund, Any, dict[str, Any]]] = [
    ("refund.cap", refund(), case_of(amount=10_001), {}),
    ("refund.cap", refund(amount=10_001), case_of(amount=20_000), {}),
    ("refund.window", refund(), case_of(created=NOW - 14 * DAYS - timedelta(microseconds=1)), {}),
    ("refund.second_in_case", refund(amount=1), refund_case(), {"standing": Standing(settled_in_case=1)}),
    ("refund.risk", refund(), refund_case(disputes=(made.dispute(),)), {}),
    ("refund.risk", refund(), case_of(risk_level="elevated"), {}),
    ("refund.risk", refund(), case_of(risk_level="highest"), {}),
    ("refund.risk", refund(), case_of(risk_level="something_new"), {}),
]


@pytest.mark.parametrize(("rule", "action", "facts", "more"), FOR_A_HUMAN)
def test_just_outside_a_human_is_asked(rule: str, action: Refund, facts: Any, more: dict[str, Any]) -> None:
    decision = ask(action, facts, **more)
    assert isinstance(decision, NeedsApproval)
    assert decision.rule == rule
    assert decision.shown.startswith("Refund $")
    assert decision.value is not None
    assert decision.facts["charge"] == "ch_one"


@pytest.mark.parametrize(("past", "verdict_"), [(timedelta(0), "allow"), (timedelta(microseconds=1), "needs_approval")])
def test_a_duplicate_has_its_own_longer_window(past: timedelta, verdict_: str) -> None:
    one = charge(order="A-1", created=OLD - past)
    other = charge("ch_two", order="A-1", created=OLD)
    assert verdict(ask(TWIN, refund_case(charge=one, duplicate_of=other))) == verdict_


def test_windows_are_calendar_months_and_days_of_utc() -> None:
    eastern = timezone(timedelta(hours=-5))
    late = datetime(2026, 11, 30, 21, tzinfo=eastern)  # December in UTC
    decision = ask(refund(), case_of(created=late - DAYS), now=late)
    assert isinstance(decision, Allow)
    assert [entry.budget for entry in decision.reservations] == [
        f"value_out:{ME}:usd:2026-12",
        "value_out:all:usd:2026-12-01",
        f"refunds:{ME}:2026-12",
    ]


@pytest.mark.parametrize("code", ["eur", "gbp", "jpy"])
def test_each_currency_has_its_own_limits_and_budgets(code: str) -> None:
    decision = ask(refund(), case_of(amount=10_000, currency=code))
    assert isinstance(decision, Allow)
    assert decision.reservations[0].budget == f"value_out:{ME}:{code}:2026-11"


@pytest.mark.parametrize(("yen", "verdict"), [(15_000, Allow), (15_001, NeedsApproval)])
def test_yen_have_a_cap_of_their_own_without_decimals(yen: int, verdict: type) -> None:
    decision = ask(refund(), case_of(amount=yen, currency="jpy"))
    assert isinstance(decision, verdict)
    if isinstance(decision, NeedsApproval):
        assert (decision.rule, decision.reason) == (
            "refund.cap",
            "¥15,001 is more than the ¥15,000 that Lee may refund at once.",
        )


def test_the_sentence_changes_with_whatever_a_person_agrees_to() -> None:
    shown = {
        getattr(ask(refund(amount=amount), case_of(amount=whole, last4=last4, created=at)), "shown", "")
        for amount in (10_001, 10_002)
        for whole in (20_000, 20_001)
        for last4 in ("4242", "0001", None)
        for at in (NOW - DAYS, NOW - 2 * DAYS)
    }
    assert len(shown) == 24
