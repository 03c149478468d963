"""Promotion codes: who may redeem one, what it is worth, and that it is worth it once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.discounts import DiscountFacts, Priced, full_price, invoices, later, off_one, renewals
from billing.ids import CustomerId
from billing.money import Money
from policy.actions import Action
from policy.decisions import Allow, Deny, NeedsApproval, NeedsConfirmation
from policy.settlement import Status
from tests.policy.asked import NOW, ask, ask_approved, ask_with_yes, promotion_case
from tests.policy.house import ME, House, charge, coupon, item, promo, promotion, refund, subscription, usd
from tests.policy.stripe_twin import noon

OTHER = CustomerId("cus_other")


def of(**changes: Any) -> Any:
    return promotion_case(promotion=promotion(**changes))


def priced(*items: Any) -> Any:
    held = subscription(items=items)
    return promotion_case(subscription=held, items=tuple(Priced(each, f"prod_{n}") for n, each in enumerate(items)))


def worth_off(**changes: Any) -> Any:
    return of(coupon=coupon(**changes))


DENIED: list[tuple[str, Action, Any]] = [
    ("promotion.no_subscription", promo(), promotion_case(subscription=None)),
    ("promotion.no_subscription", promo(), promotion_case(subscription=subscription(customer=OTHER))),
    *[
        ("promotion.not_active", promo(), promotion_case(subscription=subscription(status=status)))
        for status in ("past_due", "unpaid", "canceled", "paused", "incomplete")
    ],
    ("promotion.not_active", promo(), promotion_case(subscription=subscription(cancel_at_period_end=True))),
    ("promotion.not_active", promo(), promotion_case(subscription=subscription(cancel_at=noon(30)))),
    ("promotion.not_found", promo(), promotion_case(promotion=None)),
    ("promotion.not_found", promo(), of(customer=OTHER)),
    ("promotion.expired", promo(), of(expires_at=NOW)),
    ("promotion.expired", promo(), of(expires_at=noon(1), active=False)),
    ("promotion.used_up", promo(), of(used_up=True, active=False)),
    ("promotion.inactive", promo(), of(active=False)),
    ("promotion.inactive", promo(), worth_off(valid=False)),
    ("promotion.stacked", promo(), promotion_case(discounts=(DiscountFacts("di_1", "c", None, None),))),
    ("promotion.stacked", promo(), promotion_case(discounts=(DiscountFacts("di_1", "c", None, "promo_x", noon(30)),))),
    ("promotion.price", promo(), priced(item(unit_amount=None))),
    ("promotion.price", promo(), priced(item(), item(interval="year"))),
    ("promotion.price", promo(), priced(item(), item(unit_amount=Money(5, "eur")))),
    ("promotion.price", promo(), promotion_case(items=())),
    ("promotion.currency", promo(), priced(item(unit_amount=Money(2000, "chf")))),
    ("promotion.product", promo(), worth_off(products=("prod_team",))),
    ("promotion.product", promo(), worth_off(products=())),
    ("promotion.product", promo(), worth_off(off_ppm=None, amount_off=Money(500, "eur"))),
    ("promotion.too_short", promo(), priced(item(current_period_end=later(NOW, 3)))),
    ("promotion.minimum", promo(), of(minimum=usd(2001))),
    ("promotion.minimum", promo(), of(minimum=Money(100, "eur"))),
    ("promotion.first_time", promo(), promotion_case(promotion=promotion(first_time_only=True), has_paid=True)),
    ("policy.error", promo(), priced(item(interval="fortnight"))),
]


@pytest.mark.parametrize(("rule", "action", "facts"), DENIED)
def test_a_denial_names_its_rule(rule: str, action: Action, facts: Any) -> None:
    decision = ask_with_yes(action, facts)
    assert isinstance(decision, Deny)
    assert decision.rule == rule
    assert decision.customer_reason.endswith((".", "?"))


def test_somebody_elses_code_and_none_at_all_get_the_same_answer() -> None:
    assert ask(promo(), of(customer=OTHER)) == ask(promo(), promotion_case(promotion=None))


CONFIRMED: list[tuple[Any, int]] = [
    (promotion_case(), 1200),
    (promotion_case(subscription=subscription(status="trialing")), 1200),
    (of(customer=CustomerId(ME)), 1200),
    (of(expires_at=NOW + timedelta(seconds=1)), 1200),
    (of(minimum=usd(2000)), 1200),
    (of(first_time_only=True), 1200),
    (worth_off(products=("prod_one", "prod_team")), 1200),
    (worth_off(duration="once", months=None), 400),
    (worth_off(off_ppm=None, amount_off=usd(500)), 1500),
    (worth_off(off_ppm=None, amount_off=usd(9_000)), 6000),
    (worth_off(off_ppm=1_000_000, months=5), 10_000),
    (priced(item(quantity=3), item(unit_amount=usd(500))), 3900),
    (priced(item(unit_amount=usd(1), quantity=5)), 3),
]


@pytest.mark.parametrize(("facts", "worth"), CONFIRMED)
def test_near_misses_need_the_customers_yes_and_hold_their_worth(facts: Any, worth: int) -> None:
    assert isinstance(ask(promo(), facts), NeedsConfirmation)
    allowed = ask_with_yes(promo(), facts)
    assert isinstance(allowed, Allow)
    assert allowed.value == usd(worth)
    assert [(each.budget, each.amount, each.cap) for each in allowed.reservations] == [
        (f"value_out:{ME}:usd:2026-11", worth, 15_000),
        ("value_out:all:usd:2026-11-20", worth, 200_000),
        (f"promotions:{ME}:promo_WELCOME20", 1, 1),
    ]


@pytest.mark.parametrize(
    ("rule", "facts"),
    [
        ("promotion.cap", worth_off(off_ppm=1_000_000, months=6)),
        ("promotion.cap", priced(item(unit_amount=usd(16_668)))),
        ("promotion.forever", worth_off(off_ppm=10_000, duration="forever", months=None)),
        ("promotion.forever", worth_off(off_ppm=10_000, duration="a_new_duration", months=None)),
    ],
)
def test_above_the_cap_or_without_an_end_a_human_decides_after_the_customers_yes(rule: str, facts: Any) -> None:
    assert isinstance(ask(promo(), facts), NeedsConfirmation)
    asked = ask_with_yes(promo(), facts)
    assert isinstance(asked, NeedsApproval)
    assert asked.rule == rule
    assert isinstance(ask_approved(promo(), facts), Allow)


def test_a_discount_without_an_end_is_held_at_what_it_takes_off_in_a_year() -> None:
    asked = ask_with_yes(promo(), worth_off(duration="forever", months=None))
    assert isinstance(asked, NeedsApproval)
    assert asked.value == usd(12 * 400)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (
            promotion_case(),
            "Apply the code WELCOME20: Starter costs $16.00 instead of $20.00 on each of the next 3 invoices, "
            "then $20.00 again. Nothing is charged today.",
        ),
        (worth_off(duration="once"), "$16.00 instead of $20.00 on the next invoice only, then $20.00 again."),
        (worth_off(months=1), "on the next invoice only, then $20.00 again."),
        (worth_off(duration="forever"), "$16.00 instead of $20.00 from the next invoice on."),
        (worth_off(off_ppm=1_000_000), "Starter costs $0.00 instead of $20.00"),
    ],
)
def test_the_sentence_says_the_price_as_it_will_be(facts: Any, said: str) -> None:
    asked = ask(promo(), facts)
    assert isinstance(asked, NeedsConfirmation)
    assert said in asked.shown


@given(
    amounts=st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 99)), min_size=1, max_size=4),
    ppm=st.integers(1, 1_000_000),
    interval=st.sampled_from(["day", "week", "month", "3 months", "year", "2 weeks"]),
    months=st.integers(1, 36),
    starts_in=st.integers(0, 400),
)
def test_it_never_takes_off_more_than_the_price_nor_reaches_past_its_end(
    amounts: list[tuple[int, int]], ppm: int, interval: str, months: int, starts_in: int
) -> None:
    first = NOW + timedelta(days=starts_in)
    items = [
        Priced(item(unit_amount=usd(each), quantity=n, interval=interval, current_period_end=first), "prod_one")
        for each, n in amounts
    ]
    given_ = coupon(off_ppm=ppm, months=months)
    price, off = full_price(items), off_one(given_, items)
    assert price is not None
    assert off is not None
    assert 0 <= off.amount <= price.amount
    assert abs(off.amount * 1_000_000 - price.amount * ppm) <= 500_000
    reached = invoices(given_, items, NOW)
    moments = [moment for moment, _ in zip(renewals(items[0].item), range(reached + 1), strict=False)]
    assert all(moment < later(NOW, months) for moment in moments[:reached])
    assert reached == 1_000 or moments[reached] >= later(NOW, months)


@pytest.mark.parametrize(
    ("start", "months", "expected"),
    [((1, 31), 1, (2, 28)), ((11, 30), 3, (2, 28)), ((12, 31), 2, (2, 28)), ((1, 15), 12, (1, 15))],
)
def test_months_end_on_the_last_day_there_is(start: Any, months: int, expected: Any) -> None:
    moment = later(NOW.replace(month=start[0], day=start[1]), months)
    assert (moment.month, moment.day) == expected


async def test_one_code_serves_one_customer_once_whatever_its_case_and_subscription(house: House) -> None:
    assert (await house.consented(house.propose(house.case(), promo()))).status is Status.SUCCEEDED
    house.stripe.discounts.clear()  # it has ended
    again = await house.consented(house.propose(house.case(), promo()))
    assert (again.status, again.decision.rule) == (Status.WAITING, "promotion.again")
    assert house.held(f"value_out:{ME}") == 1200
    house.must_balance()


async def test_a_refund_and_a_code_share_one_budget(house: House) -> None:
    house.stripe.charges["ch_one"] = charge(amount=10_000)
    assert (await house.ask(refund(amount=10_000))).status is Status.SUCCEEDED
    house.stripe.codes["WELCOME20"] = (promotion(coupon=coupon(off_ppm=1_000_000, duration="repeating")), 100, 3)
    over = await house.consented(house.propose(house.case(), promo()))
    assert (over.status, over.decision.rule) == (Status.WAITING, "value_out.customer_month")
    assert house.held(f"value_out:{ME}") == 10_000
    house.must_balance()


async def test_what_is_sent_is_the_code_that_was_judged(house: House) -> None:
    done = await house.consented(house.propose(house.case(), promo()))
    assert done.intent is not None
    assert done.intent.action == promo("promo_WELCOME20")
    assert done.proposal.action == promo("WELCOME20")
