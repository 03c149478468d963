"""Products and prices."""

from typing import Any

import pytest
import stripe

from tests.sandbox.billing import event_types, price


def test_a_product_is_made_changed_and_deleted(client: stripe.StripeClient) -> None:
    """docs.stripe.com/api/products"""
    product = client.v1.products.create({"name": "Pro", "metadata": {"tier": "2"}, "id": "prod_pro"})
    assert (product.id, product.active, product.type) == ("prod_pro", True, "service")
    changed = client.v1.products.update(product.id, {"name": "Pro+", "description": "All", "metadata": {"tier": ""}})
    assert (changed.name, changed.description, changed.metadata.to_dict()) == ("Pro+", "All", {})
    assert client.v1.products.update(product.id, {"active": False}).active is False
    assert client.v1.products.list({"active": True}).data == []
    assert client.v1.products.delete(product.id).deleted is True
    with pytest.raises(stripe.InvalidRequestError) as missing:
        client.v1.products.retrieve(product.id)
    assert missing.value.code == "resource_missing"


def test_a_product_with_its_price_in_one_request(client: stripe.StripeClient) -> None:
    """docs.stripe.com/api/products/create#create_product-default_price_data"""
    data: Any = {"currency": "usd", "unit_amount": 1500, "recurring": {"interval": "month"}, "metadata": {"tier": "1"}}
    product = client.v1.products.create({"name": "Mug club", "default_price_data": data, "expand": ["default_price"]})
    assert isinstance(product.default_price, stripe.Price)
    made = product.default_price
    assert (made.product, made.unit_amount, made.type, made.metadata["tier"]) == (product.id, 1500, "recurring", "1")
    assert event_types(client) == ["product.created", "price.created", "product.updated"]
    with pytest.raises(stripe.InvalidRequestError, match="exactly one of `unit_amount`"):
        client.v1.products.create({"name": "Mug", "default_price_data": {"currency": "usd"}})
    assert len(client.v1.products.list().data) == 1


def test_products_are_listed_by_ids(client: stripe.StripeClient) -> None:
    """docs.stripe.com/api/products/list#list_products-ids"""
    made = [client.v1.products.create({"name": name}).id for name in ("A", "B", "C")]
    assert {p.id for p in client.v1.products.list({"ids": made[:2]}).data} == set(made[:2])


def test_a_product_with_prices_cannot_be_deleted_and_an_id_not_used_twice(client: stripe.StripeClient) -> None:
    """docs.stripe.com/api/products/delete"""
    product = client.v1.products.create({"name": "Pro", "id": "prod_pro"})
    made = client.v1.prices.create({"currency": "usd", "unit_amount": 100, "product": product.id})
    with pytest.raises(stripe.InvalidRequestError, match="cannot be deleted"):
        client.v1.products.delete(product.id)
    with pytest.raises(stripe.InvalidRequestError) as twice:
        client.v1.products.create({"name": "Again", "id": "prod_pro"})
    assert twice.value.code == "resource_already_exists"
    assert client.v1.products.update(product.id, {"default_price": made.id}).default_price == made.id


def test_a_recurring_price_with_its_product_made_on_the_way(client: stripe.StripeClient) -> None:
    """docs.stripe.com/api/prices/create"""
    made = client.v1.prices.create(
        {
            "currency": "usd",
            "unit_amount": 2000,
            "recurring": {"interval": "month", "interval_count": 3},
            "product_data": {"name": "Pro"},
            "nickname": "Quarterly",
            "lookup_key": "pro_quarterly",
            "expand": ["product"],
        }
    )
    assert (made.type, made.unit_amount, str(made.unit_amount_decimal)) == ("recurring", 2000, "2000")
    assert made.recurring is not None
    assert (made.recurring.interval_count, made.recurring.usage_type) == (3, "licensed")
    assert isinstance(made.product, stripe.Product)
    assert made.product.name == "Pro"
    assert [p.id for p in client.v1.prices.list({"lookup_keys": ["pro_quarterly"]}).data] == [made.id]


def test_a_lookup_key_belongs_to_one_price_and_can_be_transferred(client: stripe.StripeClient) -> None:
    """docs.stripe.com/products-prices/manage-prices#lookup-keys"""
    old = price(client, 1000, lookup_key="pro")
    with pytest.raises(stripe.InvalidRequestError, match="already uses that lookup key"):
        price(client, 1200, lookup_key="pro")
    new = price(client, 1200, lookup_key="pro", transfer_lookup_key=True)
    assert client.v1.prices.retrieve(old.id).lookup_key is None
    assert [p.id for p in client.v1.prices.list({"lookup_keys": ["pro"]}).data] == [new.id]


def test_tiers_are_shown_only_when_expanded(client: stripe.StripeClient) -> None:
    """docs.stripe.com/api/prices/object#price_object-tiers"""
    made = client.v1.prices.create(
        {
            "currency": "usd",
            "billing_scheme": "tiered",
            "tiers_mode": "graduated",
            "tiers": [{"up_to": 5, "unit_amount": 700}, {"up_to": "inf", "unit_amount": 600, "flat_amount": 100}],
            "recurring": {"interval": "month"},
            "product_data": {"name": "Seats"},
        }
    )
    assert "tiers" not in made.to_dict()
    tiers = client.v1.prices.retrieve(made.id, {"expand": ["tiers"]}).tiers
    assert tiers is not None
    assert [(t.up_to, t.unit_amount, t.flat_amount) for t in tiers] == [(5, 700, None), (None, 600, 100)]


def test_lists_filter_by_product_type_interval_and_activity(client: stripe.StripeClient) -> None:
    """docs.stripe.com/api/prices/list"""
    monthly, yearly, once = price(client, 1), price(client, 2, "year"), price(client, 3, None)
    client.v1.prices.update(monthly.id, {"active": False})

    def ids(**params: Any) -> set[str]:
        asked: Any = params
        return {p.id for p in client.v1.prices.list(asked).data}

    assert ids(active=True) == {yearly.id, once.id}
    assert ids(type="recurring", recurring={"interval": "month"}) == {monthly.id}
    assert ids(type="one_time") == ids(product=once.product) == {once.id}


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"unit_amount": 1}, "product"),
        ({"product": "prod_none", "unit_amount": 1}, "product"),
        ({"product_data": {"name": "X"}}, "unit_amount"),
        ({"product_data": {"name": "X"}, "unit_amount": -1}, "unit_amount"),
        ({"product_data": {"name": "X"}, "unit_amount": 1, "unit_amount_decimal": "1.5"}, "unit_amount"),
        ({"product_data": {"name": "X"}, "unit_amount": 1, "currency": "dollars"}, "currency"),
        ({"product_data": {"name": "X"}, "unit_amount": 1, "tiers_mode": "volume"}, "tiers"),
        ({"product_data": {"name": "X"}, "billing_scheme": "tiered"}, "tiers"),
        ({"product_data": {"name": "X"}, "unit_amount": 1, "recurring": {"interval": "hour"}}, "recurring[interval]"),
        (
            {"product_data": {"name": "X"}, "unit_amount": 1, "recurring": {"interval": "year", "interval_count": 4}},
            "recurring[interval_count]",
        ),
        ({"product_data": {"name": "X"}, "unit_amount": 1, "amount": 5}, "amount"),
    ],
)
def test_wrong_prices_are_refused(client: stripe.StripeClient, params: Any, param: str) -> None:
    """docs.stripe.com/api/prices/create"""
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.prices.create({"currency": "usd"} | params)
    assert refused.value.param == param


@pytest.mark.parametrize(
    "tiers",
    [
        [{"up_to": 5, "unit_amount": 1}],
        [{"up_to": "inf", "unit_amount": 1}, {"up_to": 5, "unit_amount": 1}],
        [{"up_to": 5, "unit_amount": 1}, {"up_to": 5, "unit_amount": 1}, {"up_to": "inf", "unit_amount": 1}],
        [{"up_to": "inf"}],
    ],
)
def test_tiers_must_rise_to_infinity(client: stripe.StripeClient, tiers: Any) -> None:
    """docs.stripe.com/api/prices/create#create_price-tiers"""
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.prices.create(
            {
                "currency": "usd",
                "billing_scheme": "tiered",
                "tiers_mode": "volume",
                "tiers": tiers,
                "product_data": {"name": "Seats"},
            }
        )


def test_an_amount_never_changes(client: stripe.StripeClient) -> None:
    """docs.stripe.com/products-prices/manage-prices: make a new price instead"""
    made = price(client, 1000)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.prices.update(made.id, {"unit_amount": 900})  # pyright: ignore[reportArgumentType]
    assert refused.value.code == "parameter_unknown"
