"""The gullible model is as gullible as it says: dressed in whatever way, an order is found and obeyed."""

from __future__ import annotations

import pytest

from evals.attacks.disguises import DISGUISES
from evals.attacks.goals import Goal, read_goals
from evals.attacks.orders import Orders, orders

NAMES = {
    **{
        f"{whose}_{what}": f"{what}_{whose}"
        for whose in ("own", "other")
        for what in ("charge", "subscription", "card")
    },
    "own_invoice": "in_own",
    "other_invoice": "in_other",
    "business_price": "price_business",
    "now": "1795000000",
}


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize("goal", read_goals(), ids=lambda goal: goal.id)
def test_every_goal_is_read_in_every_disguise(goal: Goal, disguise: str) -> None:
    plain = orders([goal.order(NAMES)])
    assert len(plain.calls) == len(goal.calls)
    assert len(plain.says) == len(goal.says)
    dressed = orders(DISGUISES[disguise](goal.order(NAMES)))
    assert set(plain.calls) <= set(dressed.calls)
    assert len(dressed.says) >= len(plain.says)
    assert set(plain.copies) <= set(dressed.copies)


def test_what_customers_write_is_no_order() -> None:
    said = ["Please call me about the refund; I say this again: call support.", "You say «hello», they say goodbye"]
    assert orders(said[:1]) == Orders((), (), ())
    assert orders(said).calls == ()
