"""Facts of another customer's object, or of another object, are as good as none; and prices that are unclear.

Facts come from outside: the law looks again at whose they are, whatever the hands have looked at.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update

from billing.checkouts import CheckoutItem, TodaysPrice
from billing.ids import CustomerId
from billing.money import Money
from policy.decisions import Deny, NeedsApproval
from policy.settlement import Status
from store.instants import written
from store.tables import intents
from tests.policy.asked import (
    ask,
    cancel_case,
    checkout_case,
    paused_case,
    plan_case,
    promotion_case,
    resume_case,
    undo_case,
)
from tests.policy.house import (
    House,
    cancel,
    change,
    checkout,
    on_pause,
    on_team,
    promo,
    refund,
    resume,
    session,
    subscription,
    undo,
    usd,
)

OTHER = CustomerId("cus_other")
SUBSCRIPTIONS: list[tuple[str, Any, Any, Any]] = [
    ("cancel.not_found", cancel(), cancel_case, subscription()),
    ("plan.not_found", change(), plan_case, subscription()),
    ("promotion.no_subscription", promo(), promotion_case, subscription()),
    ("resume.not_found", resume(), resume_case, subscription("sub_ending", cancel_at_period_end=True)),
    ("resume.not_found", resume("sub_paused"), paused_case, on_pause()),
    ("undo.not_found", undo(), undo_case, on_team()),
]


@pytest.mark.parametrize(("rule", "action", "facts", "mine"), SUBSCRIPTIONS)
@pytest.mark.parametrize("changes", [None, {"customer": OTHER}, {"id": "sub_another"}])
def test_a_subscription_that_is_not_the_one(rule: str, action: Any, facts: Any, mine: Any, changes: Any) -> None:
    assert ask(action, facts(subscription=mine)).rule != rule
    given = None if changes is None else replace(mine, **changes)
    assert ask(action, facts(subscription=given)).rule == rule


@pytest.mark.parametrize(
    ("amounts", "count"),
    [((None,), 1), ((), 1), ((usd(4900), None), 2), ((usd(1), Money(1, "eur")), 2), ((usd(1), usd(2)), 1)],
)
def test_a_price_of_today_that_is_not_clear(amounts: Any, count: int) -> None:
    prices = tuple(TodaysPrice(f"price_{n}", active=True, amount=each) for n, each in enumerate(amounts))
    items = tuple(CheckoutItem(f"price_{n}", "prod_a", "Add-on", 1, usd(4900)) for n in range(count))
    answer = ask(checkout(), checkout_case(session=session(items=items), prices=prices))
    assert (type(answer), answer.rule) == (Deny, "checkout.price_unclear")
    assert answer.facts == {"items": count}


@pytest.mark.parametrize("currencies", [("usd", "eur"), ()])
def test_a_price_of_then_that_is_not_clear(currencies: tuple[str, ...]) -> None:
    items = tuple(CheckoutItem("price_a", "prod_a", "Add-on", 1, Money(100, code)) for code in currencies)
    prices = tuple(TodaysPrice("price_a", active=True, amount=usd(100)) for _ in currencies)
    answer = ask(checkout(), checkout_case(session=session(items=items), prices=prices))
    assert (type(answer), answer.rule) == (Deny, "checkout.price_unclear")


def test_another_price_is_told_with_both() -> None:
    prices = (TodaysPrice("price_addon", active=True, amount=usd(5900)),)
    answer = ask(checkout(), checkout_case(prices=prices))
    assert isinstance(answer, NeedsApproval)
    assert {name: answer.facts[name] for name in ("then", "today")} == {"then": 4900, "today": 5900}


def test_what_is_planned_says_what_can_be_done() -> None:
    planned = ask(cancel(subscription="sub_planned"), cancel_case(subscription=on_team()))
    assert isinstance(planned, Deny)
    assert planned.remedy == "Propose undo_scheduled_change first."
    assert planned.customer_remedy == "Ask me to take it back, and this is possible."
    unknown = ask(cancel(subscription="sub_planned"), cancel_case(subscription=on_team(scheduled_change=None)))
    assert isinstance(unknown, Deny)
    assert unknown.remedy == "A human looks at the schedule."
    assert unknown.customer_remedy == ""


@pytest.mark.parametrize(("moves", "told"), [(2, "refund.within_limits"), (3, "ledger.moving")])
async def test_a_ledger_that_keeps_moving_is_looked_at_three_times(house: House, moves: int, told: str) -> None:
    """Each time the facts are read, another refund of the same charge is settled meanwhile."""
    assert (await house.ask(refund(amount=1))).status is Status.SUCCEEDED
    inner, looks = house.stripe.facts, 0

    async def facts(action: Any, principal: Any) -> Any:
        nonlocal looks
        looks += 1
        if looks <= moves:
            with house.store.unit() as uow:
                uow.connection.execute(update(intents).values(settled_at=written(house.clock())))
        return await inner(action, principal)

    house.stripe.facts = facts
    case = house.case()
    answer = await house.ask(refund(amount=2), case)
    assert (answer.decision.rule, looks) == (told, 3)
    assert [entry["rule"] for _, entry in house.log(case) if "rule" in entry] == [told]
    assert [each.amount for each in house.stripe.made] == ([1, 2] if moves == 2 else [1])
    house.must_balance()
