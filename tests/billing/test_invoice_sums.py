"""Bills drawn at random, computed here on their own, and explained to the minor unit."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.ids import PriceId
from billing.invoice_sums import Bill, BilledLine, NamedAmount, explain, reproduced_usage, tier_text, written_price
from billing.money import Money
from billing.proration import Stretch, rest_of
from billing.usage_bill import Tier, UsagePrice, usage_lines, usage_total

START = datetime(2026, 10, 31, 9, tzinfo=UTC)
MONTH = timedelta(days=30)
USAGE = PriceId("price_usage")


def usd(amount: int) -> Money:
    return Money(amount, "usd")


def half_up(exact: Decimal) -> int:
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


PRICES = st.decimals(min_value=0, max_value=500, places=3)


@st.composite
def usage_prices(draw: st.DrawFn) -> UsagePrice:
    bounds = sorted(draw(st.sets(st.integers(1, 200_000), max_size=3)))
    tiers = [Tier(up_to, draw(PRICES), Decimal(draw(st.integers(0, 9_000)))) for up_to in [*bounds, None]]
    return UsagePrice("usd", draw(st.sampled_from(["graduated", "volume"])), tuple(tiers))


def by_hand(price: UsagePrice, units: int) -> list[tuple[int, Decimal]]:
    """Units and exact cost of each line, walking the tiers by their bounds, not by what is left."""
    lines: list[tuple[int, Decimal]] = []
    floor = 0
    for tier in price.tiers:
        ceiling = units if tier.up_to is None else tier.up_to
        if price.mode == "graduated" and (units > floor or floor == 0):
            inside = max(0, min(units, ceiling) - floor)
            lines += [(0, tier.flat_amount), (inside, tier.unit_amount * inside)]
        if price.mode == "volume" and (tier.up_to is None or units <= tier.up_to):
            lines += [(0, tier.flat_amount), (units, tier.unit_amount * units)]
            break
        floor = ceiling
    return lines


@settings(deadline=None)
@given(usage_prices(), st.integers(0, 400_000))
def test_tiers_unit_by_unit(price: UsagePrice, units: int) -> None:
    lines, hand = usage_lines(price, units), by_hand(price, units)
    assert sum(line.amount.amount for line in lines) == sum(half_up(cost) for _, cost in hand)
    assert usage_total(price, units) == usd(sum(half_up(cost) for _, cost in hand))
    assert sum(line.units for line in lines if not line.flat) == units
    on_one = usage_lines(price, units, on_one_line=True)
    assert sum(line.amount.amount for line in on_one) == half_up(sum((cost for _, cost in hand), Decimal(0)))


@settings(deadline=None)
@given(usage_prices(), st.integers(0, 400_000))
def test_units_within_what_is_included_change_nothing(price: UsagePrice, units: int) -> None:
    assert usage_total(price, min(units, price.included)) == usage_total(price, 0)
    beyond = [line for line in usage_lines(price, units) if line.kind == "overage"]
    if beyond:
        assert beyond[0].first > price.included
        assert 0 < price.included < units


@st.composite
def bills(draw: st.DrawFn) -> tuple[Bill, dict[PriceId, UsagePrice]]:
    """A renewal, a change of plan within the period, usage, a discount, a tax and a balance."""
    end = START + MONTH
    moment = START + timedelta(seconds=draw(st.integers(1, int(MONTH.total_seconds()) - 1)))
    old, new = draw(st.integers(1, 50_000)), draw(st.integers(1, 50_000))
    quantity, units = draw(st.integers(1, 30)), draw(st.integers(0, 300_000))
    price = draw(usage_prices())

    def line(name: str, amount: int, each: int | None, count: int, *, proration: bool, start: datetime) -> BilledLine:
        exact = None if each is None else Fraction(each)
        owner = USAGE if each is None else PriceId(f"price_{each}")
        return BilledLine(name, usd(amount), owner, count, exact, proration, start, end)

    part = Decimal(int((end - moment).total_seconds())) / Decimal(int(MONTH.total_seconds()))
    lines = (
        line("Seats", new * quantity, new, quantity, proration=False, start=START),
        line("Unused", -half_up(old * part), old, 1, proration=True, start=moment),
        line("Remaining", half_up(new * quantity * part), new, quantity, proration=True, start=moment),
        *(
            line("Requests", half_up(cost), None, count, proration=False, start=START)
            for count, cost in by_hand(price, units)
        ),
    )
    subtotal = sum(each.amount.amount for each in lines)
    discount, tax = draw(st.integers(0, 500)), draw(st.integers(0, 500))
    total, balance = subtotal - discount + tax, draw(st.integers(-500, 500))
    bill = Bill(
        "usd",
        lines,
        (NamedAmount("WELCOME", usd(discount)),),
        (NamedAmount("VAT", usd(tax)), NamedAmount("VAT", usd(7), included=True)),
        usd(total),
        usd(balance),
        usd(0),
        usd(total + balance),
        (Stretch(usd(old), START, end),),
    )
    return bill, {USAGE: price}


@settings(deadline=None)
@given(bills())
def test_every_line_is_reproduced_and_adds_up(made: tuple[Bill, dict[PriceId, UsagePrice]]) -> None:
    bill, prices = made
    sums = explain(bill, prices)
    assert sums.complete
    assert sum(line.amount.amount for line in sums.lines) == bill.total.amount
    assert bill.total.amount + sum(line.amount.amount for line in sums.after) == bill.amount_due.amount


@settings(deadline=None)
@given(bills(), st.integers(0, 3), st.integers(-3, 3).filter(bool))
def test_a_cent_that_is_wrong_is_never_explained(
    made: tuple[Bill, dict[PriceId, UsagePrice]], place: int, off: int
) -> None:
    bill, prices = made
    lines = list(bill.lines)
    lines[place] = replace(lines[place], amount=lines[place].amount + usd(off))
    if not lines[place].amount.amount or lines[place].amount.amount * bill.lines[place].amount.amount < 0:
        return
    wrong = replace(bill, lines=tuple(lines), total=bill.total + usd(off), amount_due=bill.amount_due + usd(off))
    # Two prices may differ by just that cent: then another stretch gives the line truly.
    sums = explain(replace(wrong, earlier=()), prices) if place != 2 else explain(wrong, prices)
    assert sum(line.amount.amount for line in sums.lines) == wrong.total.amount
    if place in (0, 3):
        assert not sums.complete


@settings(deadline=None)
@given(bills(), st.integers(-900, 900).filter(bool))
def test_a_total_that_does_not_follow_is_said_to(made: tuple[Bill, dict[PriceId, UsagePrice]], off: int) -> None:
    bill, prices = made
    sums = explain(replace(bill, total=bill.total + usd(off), amount_due=bill.amount_due + usd(off)), prices)
    assert [line.amount for line in sums.lines if line.kind == "not_explained"] == [usd(off)]


def test_a_committed_minimum_with_included_units_and_overage() -> None:
    price = UsagePrice("usd", "graduated", (Tier(100_000, flat_amount=Decimal(50_000)), Tier(None, Decimal("0.1"))))
    assert usage_total(price, 0) == usd(50_000)
    assert usage_total(price, 100_000) == usd(50_000)
    lines = usage_lines(price, 150_005)
    assert [(line.kind, line.amount) for line in lines] == [
        ("minimum", usd(50_000)),
        ("included", usd(0)),
        ("overage", usd(5_001)),
    ]
    assert [tier_text(line, price) for line in lines] == [
        "Committed minimum for up to 100,000 units",
        "100,000 units included (1 to 100,000)",
        "50,005 units at 0.1 cents each (100,001 to 150,005)",
    ]


@pytest.mark.parametrize(("full_only", "packages"), [(False, [0, 1, 1, 2]), (True, [0, 0, 1, 1])])
def test_packages(full_only: bool, packages: list[int]) -> None:
    """docs.stripe.com/products-prices/pricing-models#package-pricing"""
    price = UsagePrice("usd", "per_unit", (Tier(None, Decimal("12.5")),), 100, full_only, "texts")
    assert [usage_total(price, units) for units in (0, 99, 100, 101)] == [
        usd(half_up(Decimal("12.5") * n)) for n in packages
    ]
    assert tier_text(usage_lines(price, 101)[0], price) == (
        f"101 texts in {packages[-1]} packages of 100 at 12.5 cents each"
    )


def test_packages_have_no_tiers() -> None:
    with pytest.raises(ValueError, match="package"):
        UsagePrice("usd", "graduated", (Tier(5), Tier(None)), package=10)


def test_a_bill_with_one_line_for_all_tiers_is_rounded_once() -> None:
    price = UsagePrice("usd", "graduated", (Tier(1, Decimal("0.5")), Tier(None, Decimal("0.5"))))
    assert usage_total(price, 2) == usd(2)
    assert [line.amount for line in usage_lines(price, 2, on_one_line=True)] == [usd(1), usd(0)]
    assert reproduced_usage(price, [2], [usd(1)]) is not None
    assert reproduced_usage(price, [1, 1], [usd(1), usd(0)]) is None
    assert reproduced_usage(price, [2], [Money(2, "eur")]) is None


def test_tiers_at_their_edges() -> None:
    price = UsagePrice("usd", "volume", (Tier(10, Decimal(5)), Tier(None, Decimal(3))))
    assert [usage_total(price, units).amount for units in (0, 10, 11)] == [0, 50, 33]


def test_halves_go_up_once() -> None:
    price = UsagePrice("usd", "per_unit", (Tier(None, Decimal("0.5")),))
    assert [usage_total(price, units).amount for units in (1, 2, 3)] == [1, 1, 2]
    third = rest_of(Stretch(usd(1), START, START + timedelta(seconds=2)), START + timedelta(seconds=1))
    assert third.amount == usd(1)


@pytest.mark.parametrize("tiers", [(), (Tier(5),), (Tier(5), Tier(5), Tier(None)), (Tier(None), Tier(None))])
def test_prices_that_are_none(tiers: tuple[Tier, ...]) -> None:
    with pytest.raises(ValueError, match="price"):
        UsagePrice("usd", "graduated", tiers)


@pytest.mark.parametrize(
    ("exact", "currency", "written"),
    [
        (Fraction(2000), "usd", "$20.00"),
        (Fraction(1, 5), "usd", "0.2 cents"),
        (Fraction(1, 2), "jpy", "¥0.5"),
        (Fraction(1, 5), "chf", "CHF 0.002"),
    ],
)
def test_prices_in_words(exact: Fraction, currency: str, written: str) -> None:
    assert written_price(exact, currency) == written
