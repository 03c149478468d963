"""Taking a planned change back: what nobody may, what a human decides, and what the customer says yes to."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from billing.ids import CustomerId
from billing.money import Money
from policy.decisions import Allow, Deny, NeedsApproval, NeedsConfirmation
from policy.facts import ScheduledChangeCase
from tests.billing.made_schedules import DOWN
from tests.policy.asked import NOW, ask, ask_approved, ask_with_yes, undo_case
from tests.policy.house import item, on_team, undo, usd


def planned(**changes: Any) -> ScheduledChangeCase:
    """With another change than the usual step down."""
    return undo_case(subscription=on_team(scheduled_change=replace(DOWN, **changes)))


DENIED: list[tuple[str, ScheduledChangeCase]] = [
    ("undo.not_found", undo_case(subscription=None)),
    ("undo.not_found", undo_case(subscription=on_team(customer=CustomerId("cus_other")))),
    ("undo.not_found", undo_case(subscription=on_team("sub_other"))),
    *[
        ("undo.not_running", undo_case(subscription=on_team(status=status)))
        for status in ("canceled", "unpaid", "paused", "incomplete", "incomplete_expired", "a_new_status")
    ],
    ("undo.nothing_planned", undo_case(subscription=on_team(scheduled_change=None))),
    ("undo.nothing_planned", undo_case(subscription=on_team(schedule=None, scheduled_change=None))),
    ("undo.too_late", planned(at=NOW)),
    ("undo.too_late", planned(at=NOW - timedelta(days=1))),
]


@pytest.mark.parametrize(("rule", "facts"), DENIED)
def test_a_denial_names_its_rule(rule: str, facts: ScheduledChangeCase) -> None:
    decision = ask_with_yes(undo(), facts)
    assert isinstance(decision, Deny)
    assert decision.rule == rule
    assert decision.customer_reason.endswith(".")


FOR_A_HUMAN: list[tuple[str, ScheduledChangeCase]] = [
    ("undo.several_items", undo_case(subscription=on_team(items=(item(), item())))),
    ("undo.agreed_plan", planned(steps=2)),
    ("undo.agreed_plan", planned(ends=True)),
    ("undo.no_step_down", planned(unit_amount=usd(6000))),
    ("undo.no_step_down", planned(unit_amount=usd(7000))),
    ("undo.no_step_down", planned(unit_amount=None)),
    ("undo.no_step_down", planned(unit_amount=Money(2000, "eur"))),
    ("undo.no_step_down", planned(interval="year")),
    ("undo.no_step_down", planned(quantity=3)),
    ("undo.no_step_down", undo_case(subscription=on_team(items=(item(unit_amount=None),)))),
]


@pytest.mark.parametrize(("rule", "facts"), FOR_A_HUMAN)
def test_what_may_have_been_agreed_is_a_humans_after_the_customers_yes(rule: str, facts: ScheduledChangeCase) -> None:
    assert isinstance(ask(undo(), facts), NeedsConfirmation)
    decision = ask_with_yes(undo(), facts)
    assert isinstance(decision, NeedsApproval)
    assert decision.rule == rule
    assert isinstance(ask_approved(undo(), facts), Allow)


@pytest.mark.parametrize(
    ("facts", "said"),
    [(planned(steps=3), "holds 3 steps"), (planned(ends=True), "holds the end of the subscription")],
)
def test_the_human_reads_what_else_would_be_undone(facts: ScheduledChangeCase, said: str) -> None:
    decision = ask_with_yes(undo(), facts)
    assert isinstance(decision, NeedsApproval)
    assert said in decision.reason


@pytest.mark.parametrize(
    "facts",
    [
        undo_case(),
        planned(at=NOW + timedelta(seconds=1)),
        planned(quantity=2),
        planned(unit_amount=usd(5999)),
        undo_case(subscription=on_team(status="trialing")),
        undo_case(subscription=on_team(status="past_due")),
    ],
)
def test_a_step_down_is_the_customers_to_take_back(facts: ScheduledChangeCase) -> None:
    allowed = ask_with_yes(undo(), facts)
    assert isinstance(allowed, Allow)
    assert (allowed.rule, allowed.value, allowed.reservations) == ("undo.confirmed", None, ())
    assert allowed.facts["schedule"] == DOWN.schedule


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "renews on 10 December 2026 at $60.00 a month. Nothing is charged today."),
        ({"quantity": 3}, "at $180.00 a month."),
        ({"interval": "3 months"}, "at $60.00 every 3 months."),
        ({"unit_amount": None}, "renews on 10 December 2026. Nothing is charged today."),
    ],
)
def test_the_price_that_goes_on_is_shown(changes: dict[str, Any], said: str) -> None:
    team = replace(on_team().items[0], **changes)
    asked = ask(undo(), undo_case(subscription=on_team(items=(team,))))
    assert isinstance(asked, NeedsConfirmation)
    assert asked.shown.startswith(
        "Stay on Team: the change to Starter on 10 December 2026 is taken back, and Team renews"
    )
    assert said in asked.shown


def test_of_several_items_the_first_to_renew_says_when() -> None:
    team = on_team().items[0]
    later = replace(team, current_period_end=team.current_period_end + timedelta(days=60))
    asked = ask(undo(), undo_case(subscription=on_team(items=(later, team))))
    assert isinstance(asked, NeedsConfirmation)
    assert "renews on 10 December 2026" in asked.shown
