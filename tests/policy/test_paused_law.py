"""Starting a paused subscription again charges a card: every rule at its edge."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing.ids import InvoiceId
from billing.money import Money
from policy.decisions import Allow, Deny, NeedsApproval, NeedsConfirmation
from policy.facts import ResumeCase
from tests.billing import made
from tests.policy.asked import NOW, ask, ask_approved, ask_with_yes, paused_case
from tests.policy.house import item, on_pause, resume, usd

ACTION = resume("sub_paused")


def of(**changes: Any) -> ResumeCase:
    return paused_case(subscription=on_pause(**changes))


def card(month: int, year: int) -> ResumeCase:
    return paused_case(payment_method=made.card("pm_one", month=month, year=year))


DENIED: list[tuple[str, ResumeCase]] = [
    ("resume.not_found", paused_case(subscription=on_pause("sub_other"))),
    ("resume.paused_and_ending", of(cancel_at_period_end=True)),
    ("resume.paused_and_ending", of(cancel_at=NOW)),
    ("resume.invoice_open", paused_case(open_invoice=InvoiceId("in_open"))),
    ("resume.no_card", paused_case(payment_method=None)),
    ("resume.card_expired", card(10, 2026)),
    ("resume.card_expired", card(13, 2030)),
    ("resume.no_preview", paused_case(due=None)),
    ("resume.no_preview", paused_case(due=usd(-1))),
    ("resume.currency", paused_case(due=Money(2000, "chf"))),
    ("policy.error", of(items=())),
]


def test_a_card_is_good_until_its_month_is_over() -> None:
    december = datetime(2026, 12, 1, tzinfo=UTC)
    last = december - timedelta(microseconds=1)
    assert isinstance(ask(ACTION, card(11, 2026), now=last), NeedsConfirmation)
    assert ask(ACTION, card(11, 2026), now=december).rule == "resume.card_expired"


@pytest.mark.parametrize(("rule", "facts"), DENIED)
def test_a_denial_names_its_rule(rule: str, facts: ResumeCase) -> None:
    decision = ask_with_yes(ACTION, facts)
    assert isinstance(decision, Deny)
    assert decision.rule == rule
    assert decision.customer_reason.endswith(".")


def test_an_open_invoice_is_named_for_the_payment_that_starts_it() -> None:
    decision = ask_with_yes(ACTION, paused_case(open_invoice=InvoiceId("in_open")))
    assert isinstance(decision, Deny)
    assert decision.remedy == "Propose retry_payment for in_open."


@pytest.mark.parametrize(("due", "value"), [(2000, -2000), (0, 0), (50_000, -50_000)])
def test_what_is_charged_is_confirmed_and_counts_as_collected(due: int, value: int) -> None:
    facts = paused_case(due=usd(due))
    assert isinstance(ask(ACTION, facts), NeedsConfirmation)
    allowed = ask_with_yes(ACTION, facts)
    assert isinstance(allowed, Allow)
    assert (allowed.rule, allowed.value) == ("resume.confirmed", usd(value))


def test_a_card_is_good_to_the_end_of_its_month() -> None:
    assert isinstance(
        ask_with_yes(ACTION, card(11, 2026), now=datetime(2026, 11, 30, 23, 59, tzinfo=NOW.tzinfo)), Allow
    )


def test_above_the_cap_a_human_says_yes_too() -> None:
    facts = paused_case(due=usd(50_001))
    decision = ask_with_yes(ACTION, facts)
    assert isinstance(decision, NeedsApproval)
    assert (decision.rule, decision.value) == ("resume.cap", usd(-50_001))
    assert isinstance(ask_approved(ACTION, facts), Allow)


@pytest.mark.parametrize(
    ("items", "said"),
    [
        (
            (item(),),
            "Start Starter again: $20.00 is charged now to the visa card ending 4242, and it renews at $20.00 a month.",
        ),
        (
            (item(unit_amount=None),),
            "Start Starter again: $20.00 is charged now to the visa card ending 4242, and it renews.",
        ),
    ],
)
def test_the_sentence_names_amount_and_card(items: Any, said: str) -> None:
    asked = ask(ACTION, of(items=items))
    assert isinstance(asked, NeedsConfirmation)
    assert asked.shown == said
