"""What a quantity costs. Rules: https://docs.stripe.com/products-prices/pricing-models"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.price_amounts import amount_for

TIERS = [
    {"up_to": 5, "unit_amount": 700, "flat_amount": None},
    {"up_to": 10, "unit_amount": 650, "flat_amount": None},
    {"up_to": None, "unit_amount": 600, "flat_amount": None},
]


def tiered(mode: str, tiers: list[dict]) -> dict:
    return {"billing_scheme": "tiered", "tiers_mode": mode, "tiers": tiers}


def per_unit(**fields: object) -> dict:
    return {"billing_scheme": "per_unit", **fields}


@pytest.mark.parametrize(("quantity", "total"), [(0, 0), (1, 700), (5, 3500), (6, 4150), (20, 12_750)])
def test_graduated_tiers_price_each_unit_by_the_tier_it_falls_in(quantity: int, total: int) -> None:
    """docs.stripe.com/products-prices/pricing-models: graduated pricing"""
    assert amount_for(tiered("graduated", TIERS), quantity) == total


@pytest.mark.parametrize(("quantity", "total"), [(1, 700), (5, 3500), (6, 3900), (20, 12_000)])
def test_volume_tiers_price_every_unit_by_the_tier_of_the_whole(quantity: int, total: int) -> None:
    """docs.stripe.com/products-prices/pricing-models: volume pricing"""
    assert amount_for(tiered("volume", TIERS), quantity) == total


def test_flat_amounts_are_added_once_a_tier_is_entered() -> None:
    """docs.stripe.com/billing/subscriptions/usage-based/pricing-models: flat fee tiers"""
    tiers = [
        {"up_to": 5, "unit_amount": 500, "flat_amount": 1000},
        {"up_to": None, "unit_amount": 400, "flat_amount": 2000},
    ]
    assert amount_for(tiered("graduated", tiers), 0) == 1000
    assert amount_for(tiered("graduated", tiers), 5) == 3500
    assert amount_for(tiered("graduated", tiers), 6) == 5900
    assert amount_for(tiered("volume", tiers), 6) == 4400


@pytest.mark.parametrize(("quantity", "total"), [(1, 0), (2, 1), (5, 1), (6, 2), (1000, 250)])
def test_a_fraction_of_a_minor_unit_is_rounded_once_on_the_total(quantity: int, total: int) -> None:
    """docs.stripe.com/products-prices/pricing-models: unit_amount_decimal; half up, so 2 × 0.25 is 1"""
    assert amount_for(per_unit(unit_amount=None, unit_amount_decimal="0.25"), quantity) == total


@pytest.mark.parametrize(("rounding", "quantity", "total"), [("up", 11, 2000), ("down", 11, 1000), ("up", 10, 1000)])
def test_packages_round_the_quantity_as_the_price_says(rounding: str, quantity: int, total: int) -> None:
    """docs.stripe.com/products-prices/pricing-models: package pricing"""
    price = per_unit(unit_amount=1000, transform_quantity={"divide_by": 10, "round": rounding})
    assert amount_for(price, quantity) == total


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_more_units_never_cost_less_under_graduated_tiers(fewer: int, more: int) -> None:
    fewer, more = sorted((fewer, more))
    price = tiered("graduated", TIERS)
    assert amount_for(price, fewer) <= amount_for(price, more)


def test_what_cannot_be_priced_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        amount_for(per_unit(unit_amount=100), -1)
    with pytest.raises(ValueError, match="unit_amount"):
        amount_for(per_unit(unit_amount=None), 1)
    with pytest.raises(ValueError, match="unlimited"):
        amount_for(tiered("volume", TIERS[:2]), 11)
