"""Coupons and promotion codes: made, found, and no longer redeemable."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from tests.sandbox.billing import DAY, price, subscribe
from tests.sandbox.conftest import START, charged, default_card

NOW = int(START.timestamp())


def code(client: stripe.StripeClient, coupon: str, word: str, **params: Any) -> stripe.PromotionCode:
    given: Any = {"promotion": {"type": "coupon", "coupon": coupon}, "code": word, **params}
    return client.v1.promotion_codes.create(given)


def refused(client: stripe.StripeClient, customer: str, promotion: str, **params: Any) -> stripe.InvalidRequestError:
    plan = price(client, 2000)
    with pytest.raises(stripe.InvalidRequestError) as error:
        subscribe(client, customer, plan.id, discounts=[{"promotion_code": promotion}], **params)
    return error.value


def test_a_coupon_is_made_renamed_and_deleted(client: stripe.StripeClient) -> None:
    """docs.stripe.com/api/coupons"""
    made = client.v1.coupons.create({"percent_off": 12.5, "duration": "forever", "name": "An eighth", "id": "EIGHTH"})
    assert (made.id, made.percent_off, made.amount_off, made.valid, made.times_redeemed) == (
        "EIGHTH",
        12.5,
        None,
        True,
        0,
    )
    assert client.v1.coupons.update("EIGHTH", {"name": "One eighth", "metadata": {"a": "b"}}).name == "One eighth"
    assert [each.id for each in client.v1.coupons.list().data] == ["EIGHTH"]
    assert client.v1.coupons.delete("EIGHTH").deleted is True
    assert client.v1.coupons.list().data == []
    with pytest.raises(stripe.InvalidRequestError) as gone:
        client.v1.coupons.retrieve("EIGHTH")
    assert gone.value.code == "resource_missing"


def test_a_coupon_without_a_name_for_its_id_gets_one_of_stripes_kind(client: stripe.StripeClient) -> None:
    """docs.stripe.com/api/coupons/create#create_coupon-id"""
    made = client.v1.coupons.create({"amount_off": 500, "currency": "usd"})
    assert (len(made.id), made.duration, made.currency) == (8, "once", "usd")


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({}, "percent_off"),
        ({"percent_off": 10, "amount_off": 100, "currency": "usd"}, "percent_off"),
        ({"percent_off": 0}, "percent_off"),
        ({"percent_off": 100.5}, "percent_off"),
        ({"amount_off": 100}, "currency"),
        ({"amount_off": 0, "currency": "usd"}, "amount_off"),
        ({"percent_off": 10, "duration": "repeating"}, "duration_in_months"),
        ({"percent_off": 10, "duration": "once", "duration_in_months": 3}, "duration_in_months"),
        ({"percent_off": 10, "duration": "weekly"}, "duration"),
        ({"percent_off": 10, "redeem_by": NOW - 1}, "redeem_by"),
        ({"percent_off": 10, "redeem_by": NOW + 6 * 365 * DAY}, "redeem_by"),
        ({"percent_off": 10, "applies_to": {"products": ["prod_none"]}}, "applies_to[products][0]"),
    ],
)
def test_what_a_coupon_cannot_be(client: stripe.StripeClient, params: Any, param: str) -> None:
    """docs.stripe.com/api/coupons/create"""
    with pytest.raises(stripe.InvalidRequestError) as error:
        client.v1.coupons.create(params)
    assert error.value.param == param


def test_the_products_of_a_coupon_are_shown_when_expanded(client: stripe.StripeClient) -> None:
    """docs.stripe.com/api/coupons/object#coupon_object-applies_to"""
    plan = price(client, 2000)
    made = client.v1.coupons.create({"percent_off": 10, "applies_to": {"products": [str(plan.product)]}})
    assert "applies_to" not in made.to_dict()
    shown = client.v1.coupons.retrieve(made.id, {"expand": ["applies_to"]})
    assert shown.applies_to is not None
    assert shown.applies_to.products == [plan.product]


def test_a_coupon_ends_with_its_day_or_its_last_redemption(
    client: stripe.StripeClient, customer: stripe.Customer, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/api/coupons/object#coupon_object-valid"""
    client.v1.coupons.create({"percent_off": 10, "id": "ONE", "max_redemptions": 1, "duration": "forever"})
    client.v1.coupons.create({"percent_off": 10, "id": "SOON", "redeem_by": NOW + DAY, "duration": "forever"})
    plan = price(client, 2000)
    subscribe(client, customer.id, plan.id, discounts=[{"coupon": "ONE"}, {"coupon": "SOON"}])
    assert (client.v1.coupons.retrieve("ONE").valid, client.v1.coupons.retrieve("SOON").valid) == (False, True)
    advance(DAY)
    assert client.v1.coupons.retrieve("SOON").valid is False
    for name in ("ONE", "SOON"):
        with pytest.raises(stripe.InvalidRequestError) as error:
            subscribe(client, customer.id, plan.id, discounts=[{"coupon": name}])
        assert (error.value.code, error.value.param) == ("coupon_expired", "discounts[0][coupon]")


def test_a_code_is_found_whatever_its_case_and_shows_its_coupon(client: stripe.StripeClient) -> None:
    """docs.stripe.com/api/promotion_codes/list#list_promotion_codes-code"""
    client.v1.coupons.create({"percent_off": 20, "id": "TWENTY"})
    made = code(client, "TWENTY", "Welcome20", restrictions={"minimum_amount": 1000, "minimum_amount_currency": "usd"})
    code(client, "TWENTY", "OTHER", active=False)
    found = client.v1.promotion_codes.list(
        {"code": "WELCOME20", "active": True, "expand": ["data.promotion.coupon.applies_to"]}
    ).data
    assert [each.id for each in found] == [made.id]
    coupon = found[0].promotion.coupon
    assert isinstance(coupon, stripe.Coupon)
    assert (coupon.id, coupon.percent_off, coupon.applies_to) == ("TWENTY", 20, None)
    assert [each.code for each in client.v1.promotion_codes.list({"active": False}).data] == ["OTHER"]
    assert len(client.v1.promotion_codes.list({"coupon": "TWENTY"}).data) == 2


def test_an_active_code_is_unique_for_whoever_could_use_it(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    """docs.stripe.com/api/promotion_codes/create#create_promotion_code-code"""
    other = client.v1.customers.create({})
    client.v1.coupons.create({"percent_off": 20, "id": "TWENTY"})
    first = code(client, "TWENTY", "WELCOME", customer=customer.id)
    code(client, "TWENTY", "WELCOME", customer=other.id)
    for params in ({}, {"customer": customer.id}):
        with pytest.raises(stripe.InvalidRequestError, match="already exists"):
            code(client, "TWENTY", "welcome", **params)
    assert client.v1.promotion_codes.update(first.id, {"active": False}).active is False
    second = code(client, "TWENTY", "welcome", customer=customer.id)
    with pytest.raises(stripe.InvalidRequestError, match="already exists"):
        client.v1.promotion_codes.update(first.id, {"active": True})
    assert client.v1.promotion_codes.retrieve(second.id).active is True


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"code": "with blank"}, "code"),
        ({"expires_at": NOW}, "expires_at"),
        ({"expires_at": NOW + 11 * DAY}, "expires_at"),
        ({"max_redemptions": 6}, "max_redemptions"),
        ({"restrictions": {"minimum_amount": 5}}, "restrictions[minimum_amount]"),
        ({"customer": "cus_nobody"}, "customer"),
    ],
)
def test_a_code_reaches_no_further_than_its_coupon(client: stripe.StripeClient, params: Any, param: str) -> None:
    """docs.stripe.com/api/promotion_codes/create"""
    client.v1.coupons.create({"percent_off": 20, "id": "TWENTY", "redeem_by": NOW + 10 * DAY, "max_redemptions": 5})
    given: Any = {"promotion": {"type": "coupon", "coupon": "TWENTY"}, **params}
    with pytest.raises(stripe.InvalidRequestError) as error:
        client.v1.promotion_codes.create(given)
    assert error.value.param == param


def test_a_code_is_active_only_while_its_coupon_is_valid(client: stripe.StripeClient) -> None:
    """docs.stripe.com/api/promotion_codes/object#promotion_code_object-active"""
    client.v1.coupons.create({"percent_off": 20, "id": "TWENTY"})
    made = code(client, "TWENTY", "WELCOME")
    client.v1.coupons.delete("TWENTY")
    assert client.v1.promotion_codes.retrieve(made.id).active is False
    with pytest.raises(stripe.InvalidRequestError, match="stays inactive"):
        client.v1.promotion_codes.update(made.id, {"active": True})


def test_who_cannot_redeem_a_code_is_told_why(
    client: stripe.StripeClient, customer: stripe.Customer, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/billing/subscriptions/coupons#promotion-codes"""
    client.v1.coupons.create({"percent_off": 20, "id": "TWENTY", "duration": "forever"})
    least = {"minimum_amount": 5000, "minimum_amount_currency": "usd"}
    made = {
        "it belongs to another customer": code(client, "TWENTY", "A", customer=client.v1.customers.create({}).id),
        "it has expired": code(client, "TWENTY", "B", expires_at=NOW + DAY),
        "it is not active": code(client, "TWENTY", "C", active=False),
        "the associated customer has prior transactions": code(
            client, "TWENTY", "D", restrictions={"first_time_transaction": True}
        ),
        "does not meet the minimum amount of $50.00": code(client, "TWENTY", "E", restrictions=least),
        "its minimum amount is in eur": code(
            client, "TWENTY", "F", restrictions={**least, "minimum_amount_currency": "eur"}
        ),
    }
    charged(client, customer=customer.id, payment_method=default_card(customer))
    advance(DAY)
    for reason, each in made.items():
        error = refused(client, customer.id, each.id)
        assert error.param == "discounts[0][promotion_code]"
        assert reason in str(error)


def test_a_code_for_newcomers_and_its_only_redemption(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """docs.stripe.com/api/promotion_codes/create#create_promotion_code-max_redemptions"""
    client.v1.coupons.create({"percent_off": 20, "id": "TWENTY", "duration": "forever"})
    made = code(client, "TWENTY", "NEW", max_redemptions=1, restrictions={"first_time_transaction": True})
    subscribe(client, customer.id, price(client, 2000).id, discounts=[{"promotion_code": made.id}])
    assert client.v1.promotion_codes.retrieve(made.id).times_redeemed == 1
    error = refused(client, client.v1.customers.create({}).id, made.id, trial_period_days=7)
    assert "used the maximum number of times" in str(error)


def test_a_coupon_of_another_currency_is_refused(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    client.v1.coupons.create({"amount_off": 500, "currency": "eur", "id": "FIVE"})
    with pytest.raises(stripe.InvalidRequestError, match="takes off eur"):
        subscribe(client, customer.id, price(client, 2000).id, discounts=[{"coupon": "FIVE"}])
