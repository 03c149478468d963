"""What discounts take off: never more than there is, and the shares add up to the cent."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.discount_amounts import Part, Reduction, half_up, spread, taken_off

amounts = st.integers(-5_000, 100_000)
parts = st.lists(st.builds(Part, amounts, st.sampled_from(["prod_a", "prod_b", None]), st.booleans()), max_size=8)
limits = st.sampled_from([None, frozenset({"prod_a"}), frozenset({"prod_a", "prod_b"})])
percents = st.decimals(min_value="0.01", max_value=100, places=2).map(Fraction)
reductions = st.lists(
    st.one_of(
        st.builds(lambda percent, products: Reduction("di_1", percent, None, products), percents, limits),
        st.builds(lambda amount, products: Reduction("di_2", None, amount, products), st.integers(1, 50_000), limits),
    ),
    max_size=4,
)


@given(parts, reductions)
def test_no_line_goes_below_zero_and_only_what_applies_is_touched(parts: list[Part], reductions: list[Reduction]):
    """docs.stripe.com/billing/subscriptions/coupons"""
    taken = taken_off(parts, reductions)
    for at, part in enumerate(parts):
        column = [row[at] for row in taken]
        assert min(column, default=0) >= 0
        assert sum(column) <= max(0, part.amount)
        for reduction, off in zip(reductions, column, strict=True):
            assert off == 0 or reduction.applies_to(part)


@given(parts, reductions)
def test_each_discount_is_rounded_once_over_all_that_it_applies_to(parts: list[Part], reductions: list[Reduction]):
    """docs.stripe.com/billing/subscriptions/coupons#stacking-order: each sees what the one before has left"""
    left = [part.amount for part in parts]
    for reduction, row in zip(reductions, taken_off(parts, reductions), strict=True):
        whole = sum(rest for rest, part in zip(left, parts, strict=True) if reduction.applies_to(part))
        if reduction.percent is None:
            assert sum(row) == min(reduction.amount or 0, whole)
        else:
            assert abs(sum(row) - whole * reduction.percent / 100) <= Fraction(1, 2)
        left = [rest - off for rest, off in zip(left, row, strict=True)]


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=9).filter(any), st.data())
def test_shares_add_up_and_stay_within_one_of_their_proportion(weights: list[int], data: st.DataObject):
    total = data.draw(st.integers(0, sum(weights)))
    shares = spread(total, weights)
    assert sum(shares) == total
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share - Fraction(total * weight, sum(weights))) < 1
        assert share <= weight


def test_a_cent_that_cannot_be_split_goes_to_the_earlier_line():
    assert spread(1, [50, 50]) == [1, 0]
    assert spread(100, [1, 1, 1]) == [34, 33, 33]
    assert half_up(Fraction(5, 2)) == 3


@pytest.mark.parametrize(("total", "weights"), [(-1, [1]), (1, [0, 0]), (1, [2, -1]), (1, [])])
def test_what_cannot_be_shared_is_refused(total: int, weights: list[int]):
    with pytest.raises(ValueError, match=r"share|negative"):
        spread(total, weights)
