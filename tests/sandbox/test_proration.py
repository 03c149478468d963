"""Proration and periods as pure arithmetic. Rules: https://docs.stripe.com/billing/subscriptions/prorations"""

import calendar
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.periods import Period, boundary, period_containing
from sandbox.proration import Debit, credit_unused, debit_remaining, share, used_parts

amounts = st.integers(0, 10**9)
lengths = st.integers(1, 400 * 86_400)


def unix(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp())


def debit(amount: int, start: int, end: int) -> Debit:
    return Debit(amount=amount, period=Period(start, end), price="price_1", quantity=1)


def test_halfway_through_the_period_an_upgrade_from_10_to_20_costs_5() -> None:
    """docs.stripe.com/billing/subscriptions/prorations: -5 for unused time, 10 for remaining time."""
    credits = credit_unused([debit(1000, 0, 100)], 50)
    assert [credit.amount for credit in credits] == [-500]
    assert debit_remaining(2000, Period(0, 100), 50) == 1000


@given(amounts, lengths, st.data())
def test_credit_and_use_make_up_the_debit_and_stay_within_it(amount: int, length: int, data: st.DataObject) -> None:
    moment = data.draw(st.integers(0, length))
    credits = credit_unused([debit(amount, 0, length)], moment)
    credited = -sum(credit.amount for credit in credits)
    assert 0 <= credited <= amount
    # The exact share, within half a minor unit.
    assert abs(2 * credited * length - 2 * amount * (length - moment)) <= length


@given(amounts, lengths)
def test_the_full_period_is_the_full_price_and_nothing_is_nothing(amount: int, length: int) -> None:
    period = Period(0, length)
    assert debit_remaining(amount, period, 0) == amount
    assert debit_remaining(amount, period, length) == 0
    assert sum(c.amount for c in credit_unused([debit(amount, 0, length)], 0)) == -amount
    assert credit_unused([debit(amount, 0, length)], length) == []


@given(amounts, amounts, lengths, st.data())
def test_changing_and_changing_back_in_the_same_second_costs_nothing(
    old: int, new: int, length: int, data: st.DataObject
) -> None:
    moment = data.draw(st.integers(0, length))
    period = Period(0, length)
    away = sum(c.amount for c in credit_unused([debit(old, 0, length)], moment)) + debit_remaining(new, period, moment)
    in_force = debit(debit_remaining(new, period, moment), moment, max(moment, length))
    back = sum(c.amount for c in credit_unused([in_force], moment)) + debit_remaining(old, period, moment)
    assert away + back == 0


@given(amounts, st.integers(2, 10**7), st.lists(st.integers(0, 10**7), max_size=12))
def test_any_number_of_changes_at_one_price_conserves_the_money(amount: int, length: int, moments: list[int]) -> None:
    """Credits and debits at an unchanged price cancel but for rounding, also when a change is dated before another one.
    What stays noted as billed is always exactly what was charged less what was credited."""
    period, in_force, total = Period(0, length), [debit(amount, 0, length)], amount
    for moment in (m % length for m in moments):
        credits = credit_unused(in_force, moment)
        charged = debit_remaining(amount, period, moment)
        total += sum(c.amount for c in credits) + charged
        in_force = [*used_parts(in_force, moment), debit(charged, moment, length)]
        assert sum(d.amount for d in in_force) == total
    assert abs(total - amount) <= len(moments) * (len(moments) + 1)


def test_a_change_dated_before_an_earlier_change_credits_both_stretches() -> None:
    """docs.stripe.com/billing/subscriptions/billing-mode/compare: one credit for each debit that covers the time"""
    first = debit(3000, 0, 300)
    second = debit(4000, 100, 300)
    in_force = [*used_parts([first], 100), second]
    assert [(d.amount, d.period) for d in in_force] == [(1000, Period(0, 100)), (4000, Period(100, 300))]
    assert [(c.amount, c.period) for c in credit_unused(in_force, 50)] == [
        (-500, Period(50, 100)),
        (-4000, Period(100, 300)),
    ]


def test_a_credit_takes_the_amount_debited_and_not_todays_price() -> None:
    """docs.stripe.com/billing/subscriptions/billing-mode/compare: flexible credits use the original debited amount,
    one for each debit when several cover the time."""
    first, second = debit(3000, 0, 300), debit(700, 100, 300)
    credits = credit_unused([first, second], 200)
    assert [(credit.amount, credit.period, credit.debit) for credit in credits] == [
        (-1000, Period(200, 300), first),
        (-350, Period(200, 300), second),
    ]


@pytest.mark.parametrize(("amount", "part", "whole"), [(100, 11, 10), (100, -1, 10), (100, 0, 0), (-1, 1, 2)])
def test_a_share_outside_the_whole_is_refused(amount: int, part: int, whole: int) -> None:
    with pytest.raises(ValueError):
        share(amount, part, whole)


def test_an_anchor_on_the_31st_bills_on_the_last_day_of_shorter_months_and_returns_to_the_31st() -> None:
    """docs.stripe.com/billing/subscriptions/billing-cycle"""
    anchor = unix(2026, 1, 31, 12)
    dates = [datetime.fromtimestamp(boundary(anchor, "month", 1, n), UTC) for n in range(5)]
    assert [(d.month, d.day, d.hour) for d in dates] == [
        (1, 31, 12),
        (2, 28, 12),
        (3, 31, 12),
        (4, 30, 12),
        (5, 31, 12),
    ]


def test_a_leap_day_anchor_bills_yearly_on_the_28th() -> None:
    """docs.stripe.com/billing/subscriptions/billing-cycle"""
    anchor = unix(2024, 2, 29)
    assert boundary(anchor, "year", 1, 1) == unix(2025, 2, 28)
    assert boundary(anchor, "year", 1, 4) == unix(2028, 2, 29)


@given(
    st.integers(unix(2000, 1, 1), unix(2060, 1, 1)),
    st.sampled_from(["day", "week", "month", "year"]),
    st.integers(1, 12),
    st.integers(unix(1990, 1, 1), unix(2070, 1, 1)),
)
def test_periods_tile_time_without_gap_or_overlap(anchor: int, interval: str, count: int, moment: int) -> None:
    period = period_containing(anchor, interval, count, moment)
    assert period.start <= moment < period.end
    following = period_containing(anchor, interval, count, period.end)
    assert following.start == period.end
    if interval in ("month", "year"):
        day, at = datetime.fromtimestamp(anchor, UTC).day, datetime.fromtimestamp(period.start, UTC)
        assert at.day == min(day, calendar.monthrange(at.year, at.month)[1])


@pytest.mark.parametrize(("interval", "count"), [("fortnight", 1), ("month", 0)])
def test_an_impossible_interval_is_refused(interval: str, count: int) -> None:
    with pytest.raises(ValueError):
        boundary(0, interval, count, 1)
