"""Plan changes, cancellations and card links: every rule at its edge."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from billing.ids import CustomerId, PriceId
from billing.money import Money
from policy.actions import Action
from policy.decisions import Allow, Deny, NeedsApproval, NeedsConfirmation
from tests.billing.made_schedules import DOWN
from tests.policy.asked import NOW, ask, ask_with_yes, cancel_case, link_case, plan_case, resume_case
from tests.policy.house import ME, cancel, change, item, link, on_team, price, resume, subscription, usd

OTHER = CustomerId("cus_other")
HOURS = timedelta(hours=24)


def ending(**changes: Any) -> Any:
    return subscription("sub_ending", **{"cancel_at_period_end": True, **changes})


def of(**changes: Any) -> Any:
    return plan_case(subscription=subscription(**changes))


DENIED: list[tuple[str, Action, Any]] = [
    ("plan.not_found", change(), plan_case(subscription=None)),
    ("plan.not_found", change(), of(customer=OTHER)),
    ("plan.not_found", change(), plan_case(subscription=subscription("sub_other"))),
    *[("plan.not_active", change(), of(status=s)) for s in ("past_due", "unpaid", "canceled", "incomplete", "paused")],
    ("plan.not_active", change(), of(cancel_at_period_end=True)),
    ("plan.scheduled", change(), of(schedule=DOWN.schedule)),
    ("plan.scheduled", change(), of(schedule=DOWN.schedule, scheduled_change=DOWN)),
    ("plan.several_items", change(), of(items=())),
    ("plan.several_items", change(), of(items=(item(), item()))),
    ("plan.price", change(), plan_case(price=None)),
    ("plan.price", change(), plan_case(price=price("price_business"))),
    ("plan.price", change(), plan_case(price=price(active=False))),
    ("plan.price", change(), plan_case(price=price(unit_amount=None))),
    ("plan.price", change(), plan_case(price=price(interval=None))),
    ("plan.same", change(price="price_starter"), plan_case(price=price("price_starter"))),
    ("plan.same", change(), of(items=(item(price=PriceId("price_team")),))),
    ("plan.preview", change(due=3999), plan_case()),
    ("plan.preview", change(due=4001), plan_case()),
    ("plan.preview", change(), plan_case(amount_due=None)),
    ("plan.preview", change(at=NOW - HOURS - timedelta(seconds=1)), plan_case()),
    ("plan.preview", change(at=NOW + timedelta(minutes=5, seconds=1)), plan_case()),
    ("plan.currency", change(), plan_case(amount_due=Money(4000, "chf"))),
    ("cancel.not_found", cancel(), cancel_case(subscription=None)),
    ("cancel.not_found", cancel(), cancel_case(subscription=subscription(customer=OTHER))),
    ("cancel.not_found", cancel(subscription="sub_other"), cancel_case()),
    ("cancel.already", cancel(), cancel_case(subscription=subscription(status="canceled"))),
    ("cancel.already", cancel("now"), cancel_case(subscription=subscription(status="canceled"))),
    ("cancel.already", cancel("now"), cancel_case(subscription=subscription(status="incomplete_expired"))),
    ("cancel.already", cancel(), cancel_case(subscription=subscription(cancel_at_period_end=True))),
    ("cancel.scheduled", cancel(), cancel_case(subscription=on_team("sub_one"))),
    ("cancel.scheduled", cancel(), cancel_case(subscription=on_team("sub_one", scheduled_change=None))),
    ("policy.error", cancel(), cancel_case(subscription=subscription(items=()))),
    ("resume.not_found", resume(), resume_case(subscription=None)),
    ("resume.not_found", resume(), resume_case(subscription=ending(customer=OTHER))),
    ("resume.not_found", resume("sub_other"), resume_case()),
    ("resume.ended", resume(), resume_case(subscription=ending(status="canceled"))),
    ("resume.ended", resume(), resume_case(subscription=ending(status="incomplete_expired"))),
    *[
        ("resume.not_running", resume(), resume_case(subscription=ending(status=status)))
        for status in ("past_due", "unpaid", "incomplete", "a_new_status")
    ],
    ("resume.not_ending", resume(), resume_case(subscription=ending(cancel_at_period_end=False))),
    ("resume.fixed_end", resume(), resume_case(subscription=ending(cancel_at_period_end=False, cancel_at=NOW))),
    ("policy.error", resume(), resume_case(subscription=ending(items=()))),
]


@pytest.mark.parametrize(("rule", "action", "facts"), DENIED)
def test_a_denial_names_its_rule(rule: str, action: Action, facts: Any) -> None:
    decision = ask_with_yes(action, facts)
    assert isinstance(decision, Deny)
    assert decision.rule == rule
    assert decision.customer_reason.endswith(".")


CONFIRMED: list[tuple[Action, Any, Money | None]] = [
    (change(), plan_case(), usd(-4000)),
    (change(), of(status="trialing"), usd(-4000)),
    (change(at=NOW - HOURS), plan_case(), usd(-4000)),
    (change(at=NOW + timedelta(minutes=5)), plan_case(), usd(-4000)),
    (change(due=50_000), plan_case(amount_due=usd(50_000)), usd(-50_000)),
    (change(due=0), plan_case(amount_due=usd(0)), usd(0)),
    (change(due=-1500), plan_case(amount_due=usd(-1500)), usd(1500)),
    (cancel(), cancel_case(), None),
    (resume(), resume_case(), None),
    (resume(), resume_case(subscription=ending(status="trialing")), None),
    (cancel("now"), cancel_case(), None),
    (cancel("now"), cancel_case(subscription=on_team("sub_one")), None),
    (cancel("now"), cancel_case(subscription=subscription(cancel_at_period_end=True)), None),
    (cancel("now"), cancel_case(subscription=subscription(items=())), None),
    *[(cancel(), cancel_case(subscription=subscription(status=s)), None) for s in ("past_due", "unpaid", "trialing")],
]


@pytest.mark.parametrize(("action", "facts", "value"), CONFIRMED)
def test_near_misses_need_the_customers_yes_and_no_more(action: Action, facts: Any, value: Money | None) -> None:
    first = ask(action, facts)
    assert isinstance(first, NeedsConfirmation)
    allowed = ask_with_yes(action, facts)
    assert isinstance(allowed, Allow)
    assert allowed.confirmation == "conf_1"
    assert allowed.value == value
    budgets = {entry.budget: entry.amount for entry in allowed.reservations}
    credit = value.amount if value is not None and value.amount > 0 else 0
    expected = {f"value_out:{ME}:usd:2026-11": credit, "value_out:all:usd:2026-11-20": credit} if credit else {}
    assert budgets == expected


def test_a_dearer_change_goes_to_a_human_after_the_customers_yes() -> None:
    facts = plan_case(amount_due=usd(50_001))
    assert isinstance(ask(change(due=50_001), facts), NeedsConfirmation)
    decision = ask_with_yes(change(due=50_001), facts)
    assert isinstance(decision, NeedsApproval)
    assert decision.rule == "plan.cap"


@pytest.mark.parametrize(
    ("due", "quantity", "said"),
    [
        (4000, 1, "Change from Starter to Team: $40.00 is charged now, then $60.00 per month."),
        (-1500, 1, "Change from Starter to Team: $15.00 is credited to your account, then $60.00 per month."),
        (0, 3, "Change from Starter to Team: nothing is charged now, then 3 x $60.00 per month."),
    ],
)
def test_the_sentence_says_what_is_paid_now_and_later(due: int, quantity: int, said: str) -> None:
    held = subscription(items=(item(quantity=quantity),))
    decision = ask(change(due=due), plan_case(subscription=held, amount_due=usd(due)))
    assert isinstance(decision, NeedsConfirmation)
    assert decision.shown == said


def test_a_cancellation_says_until_when_access_stays() -> None:
    later, now = ask(cancel(), cancel_case()), ask(cancel("now"), cancel_case())
    assert isinstance(later, NeedsConfirmation)
    assert isinstance(now, NeedsConfirmation)
    assert later.shown == "Cancel Starter at the end of the paid period: access stays until 10 December 2026."
    assert now.shown == "Cancel Starter at once: access ends now and nothing is refunded."


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ((item(),), "renews on 10 December 2026 at $20.00 a month"),
        ((item(quantity=3),), "at $60.00 a month"),
        (
            (item(), item(id="si_two", product_name="Extra", unit_amount=usd(500))),
            "at $20.00 a month and $5.00 a month",
        ),
        ((item(unit_amount=None),), "renews on 10 December 2026. Nothing is charged today."),
    ],
)
def test_letting_it_go_on_says_what_it_will_cost_and_when(items: Any, said: str) -> None:
    asked = ask(resume(), resume_case(subscription=ending(items=items)))
    assert isinstance(asked, NeedsConfirmation)
    assert said in asked.shown


def test_a_link_needs_a_role_and_is_counted() -> None:
    decision = ask(link(), link_case())
    assert isinstance(decision, Allow)
    assert decision.rule == "link.role"
    assert [(each.budget, each.amount, each.cap) for each in decision.reservations] == [
        (f"links:{ME}:2026-11-20", 1, 10)
    ]
