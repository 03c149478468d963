"""Search through the API: what it finds, when it finds it, and page by page."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from sandbox.access import register
from sandbox.search_index import DELAY_SECONDS
from sandbox.server import Sandbox
from tests.sandbox.billing import DAY, price, subscribe
from tests.sandbox.conftest import charged, default_card, in_error
from tools.stripe_asgi import AsgiHTTPClient

Advance = Callable[[int], int]


def emails(client: stripe.StripeClient, query: str) -> list[str | None]:
    return [each.email for each in client.v1.customers.search({"query": query}).data]


def test_what_is_made_is_found_a_minute_later(client: stripe.StripeClient, advance: Advance) -> None:
    """docs.stripe.com/search#data-freshness"""
    client.v1.customers.create({"email": "amy@rocketrides.io"})
    advance(DELAY_SECONDS - 1)
    assert emails(client, 'email~"amy"') == []
    assert len(client.v1.customers.list({"email": "amy@rocketrides.io"}).data) == 1
    advance(1)
    assert emails(client, 'email~"amy"') == ["amy@rocketrides.io"]


def test_what_was_changed_is_found_by_what_it_was_for_a_minute(client: stripe.StripeClient, advance: Advance) -> None:
    """docs.stripe.com/search#data-freshness: updated data too; what is returned is the object itself"""
    amy = client.v1.customers.create({"email": "amy@rocketrides.io"})
    advance(DAY)
    client.v1.customers.update(amy.id, {"email": "first@example.com"})
    advance(30)
    client.v1.customers.update(amy.id, {"email": "second@example.com"})
    advance(29)
    assert emails(client, 'email~"rocketrides"') == ["second@example.com"]
    advance(1)
    assert emails(client, 'email~"rocketrides"') == []
    assert emails(client, 'email~"first"') == ["second@example.com"]
    assert emails(client, 'email~"second"') == []
    advance(30)
    assert emails(client, 'email~"first"') == []
    assert emails(client, 'email~"second"') == ["second@example.com"]


def test_the_deleted_are_found_no_more(client: stripe.StripeClient, advance: Advance) -> None:
    amy = client.v1.customers.create({"email": "amy@rocketrides.io"})
    sold = client.v1.products.create({"name": "Rocket"})
    advance(DAY)
    client.v1.customers.delete(amy.id)
    client.v1.products.delete(sold.id)
    assert emails(client, 'email~"amy"') == []
    assert client.v1.products.search({"query": 'name:"rocket"'}).data == []


def test_every_resource_is_searched_by_its_own_fields(
    client: stripe.StripeClient, customer: stripe.Customer, advance: Advance
) -> None:
    """docs.stripe.com/search#supported-query-fields-for-each-resource"""
    monthly = price(client, 2000, lookup_key="plan_monthly", metadata={"tier": "one"}, name="Starter plan")
    begun = subscribe(client, customer.id, monthly.id, metadata={"workspace": "north"})
    paid = charged(client, customer=customer.id, payment_method=default_card(customer), amount=4900)
    client.v1.refunds.create({"charge": paid.id, "amount": 100})
    advance(DELAY_SECONDS)
    v1 = client.v1

    def ids(service: Any, query: str) -> list[str]:
        return [each.id for each in service.search({"query": query}).data]

    (invoice,) = v1.invoices.list({"customer": customer.id}).data
    assert ids(v1.customers, 'email:"ada@example.com"') == [customer.id]
    assert ids(v1.charges, f'amount>2000 AND customer:"{customer.id}" AND refunded:"false"') == [paid.id]
    assert len(ids(v1.charges, 'payment_method_details.card.last4:4242 AND status:"succeeded" disputed:"false"')) == 2
    assert ids(v1.charges, 'payment_method_details.card.brand:"mastercard" OR amount<2000') == []
    assert ids(v1.payment_intents, '-amount:2000 currency:"USD"') == [paid.payment_intent]
    assert ids(v1.invoices, f'subscription:"{begun.id}" status:"paid" total>=2000') == [invoice.id]
    assert ids(v1.invoices, f"number:'{invoice.number}' -total>2000") == [invoice.id]
    assert ids(v1.subscriptions, 'status:"active" AND metadata["workspace"]:"north"') == [begun.id]
    assert ids(v1.prices, "active:'true' AND metadata['tier']:'one'") == [monthly.id]
    assert ids(v1.prices, f'product:"{monthly.product}" lookup_key~"monthly" type:"recurring"') == [monthly.id]
    assert ids(v1.products, 'name:"starter plan" AND url:null AND active:"true"') == [monthly.product]


def test_a_canceled_subscription_can_be_found(
    client: stripe.StripeClient, customer: stripe.Customer, advance: Advance
) -> None:
    begun = subscribe(client, customer.id, price(client, 2000).id)
    client.v1.subscriptions.cancel(begun.id)
    advance(DELAY_SECONDS)
    assert client.v1.subscriptions.list({"customer": customer.id}).data == []
    assert [each.id for each in client.v1.subscriptions.search({"query": 'status:"canceled"'}).data] == [begun.id]


def test_pages_follow_each_other_whatever_is_made_meanwhile(client: stripe.StripeClient, advance: Advance) -> None:
    """docs.stripe.com/api/pagination/search"""
    for n in range(25):
        client.v1.customers.create({"email": f"{n}@example.com"})
    advance(DELAY_SECONDS)
    wanted = [f"{n}@example.com" for n in reversed(range(25))]
    first = client.v1.customers.search({"query": 'email~"example"', "expand": ["total_count"]})
    assert (first.has_more, len(first.data), first.to_dict()["total_count"]) == (True, 10, 25)
    client.v1.customers.create({"email": "late@example.com"})
    advance(DELAY_SECONDS)
    second = client.v1.customers.search({"query": 'email~"example"', "page": first.next_page})
    third = client.v1.customers.search({"query": 'email~"example"', "page": second.next_page})
    assert (third.has_more, third.to_dict()["next_page"], third.to_dict()["url"]) == (
        False,
        None,
        "/v1/customers/search",
    )
    assert [each.email for page in (first, second, third) for each in page.data] == wanted
    assert "total_count" not in third.to_dict()
    found = client.v1.customers.search({"query": 'email~"example"', "limit": 7}).auto_paging_iter()
    assert [each.email for each in found] == ["late@example.com", *wanted]


def test_what_is_found_can_be_expanded(client: stripe.StripeClient, charge: stripe.Charge, advance: Advance) -> None:
    advance(DELAY_SECONDS)
    found = client.v1.charges.search({"query": "amount:2000", "expand": ["data.customer"]}).data[0]
    assert isinstance(found.customer, stripe.Customer)
    assert found.customer.id == charge.customer
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        client.v1.charges.search({"query": "amount:2000", "expand": ["customer"]})


@pytest.mark.parametrize(
    ("params", "told", "param", "code"),
    [
        ({}, "Missing required param: query", "query", "parameter_missing"),
        ({"query": "asdf"}, "unable to parse your search query", "query", None),
        ({"query": 'foo:"bar"'}, "unsupported search field for resource `payment_intents`", "query", None),
        ({"query": "amount:1", "page": "nonsense"}, "gave out", "page", None),
        ({"query": "amount:1", "page": "é"}, "gave out", "page", None),
        ({"query": "amount:1", "limit": 101}, "less than or equal to 100", "limit", None),
        ({"query": "amount:1", "starting_after": "pi_1"}, "unknown parameter", "starting_after", "parameter_unknown"),
    ],
)
def test_what_is_refused(
    client: stripe.StripeClient, params: dict[str, Any], told: str, param: str, code: str | None
) -> None:
    asked: Any = params
    with pytest.raises(stripe.InvalidRequestError, match=told) as refused:
        client.v1.payment_intents.search(asked)
    assert (refused.value.http_status, refused.value.param, in_error(refused.value, "code")) == (400, param, code)


def test_what_belongs_to_a_test_clock_is_not_found(client: stripe.StripeClient, advance: Advance) -> None:
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": 1_800_000_000})
    client.v1.customers.create({"email": "amy@rocketrides.io", "test_clock": clock.id})
    advance(DELAY_SECONDS)
    assert emails(client, 'email~"amy"') == []


def test_a_restricted_key_searches_what_it_may_read(app: Sandbox, client: stripe.StripeClient) -> None:
    register(app.world, "rk_test_reader", ["customer_read"])
    limited = stripe.StripeClient("rk_test_reader", http_client=AsgiHTTPClient(app), max_network_retries=0)
    assert limited.v1.customers.search({"query": "created>0"}).data == []
    with pytest.raises(stripe.PermissionError, match="rak_charge_read"):
        limited.v1.charges.search({"query": "created>0"})


def test_only_the_last_minute_is_remembered(app: Sandbox, client: stripe.StripeClient, advance: Advance) -> None:
    made = client.v1.customers.create({"email": "amy@rocketrides.io"})
    for n in range(5):
        client.v1.customers.update(made.id, {"description": str(n)})
    assert app.world.rows("SELECT count(*) FROM unindexed") == [(6,)]
    advance(DELAY_SECONDS)
    client.v1.customers.update(made.id, {"description": "last"})
    assert app.world.rows("SELECT count(*) FROM unindexed") == [(1,)]
