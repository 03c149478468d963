"""Paging, filters, expansion and events, through the real SDK."""

from collections.abc import Callable

import pytest
import stripe

from tests.sandbox.conftest import START, charged


def make(client: stripe.StripeClient, count: int) -> list[str]:
    """Ids, newest first."""
    return [client.v1.customers.create({"name": f"c{number}"}).id for number in range(count)][::-1]


def test_pages_follow_each_other(client: stripe.StripeClient) -> None:
    """docs.stripe.com/api/pagination"""
    ids = make(client, 7)
    first = client.v1.customers.list({"limit": 3})
    assert ([each.id for each in first.data], first.has_more) == (ids[:3], True)
    second = client.v1.customers.list({"limit": 3, "starting_after": ids[2]})
    assert [each.id for each in second.data] == ids[3:6]
    back = client.v1.customers.list({"limit": 3, "ending_before": ids[6]})
    assert ([each.id for each in back.data], back.has_more) == (ids[3:6], True)
    last = client.v1.customers.list({"limit": 3, "starting_after": ids[5]})
    assert ([each.id for each in last.data], last.has_more) == (ids[6:], False)


def test_the_sdk_pages_by_itself(client: stripe.StripeClient) -> None:
    """docs.stripe.com/api/pagination/auto"""
    ids = make(client, 12)
    assert [each.id for each in client.v1.customers.list({"limit": 5}).auto_paging_iter()] == ids


@pytest.mark.parametrize("params", [{"limit": 0}, {"limit": 101}, {"starting_after": "cus_none"}])
def test_wrong_cursors_are_refused(client: stripe.StripeClient, params: dict[str, object]) -> None:
    """docs.stripe.com/api/pagination"""
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.list(params)  # pyright: ignore[reportArgumentType] - parametrized


def test_created_filters(client: stripe.StripeClient, advance: Callable[[int], int]) -> None:
    """docs.stripe.com/api/customers/list"""
    early = make(client, 1)
    advance(100)
    late = make(client, 1)
    moment = int(START.timestamp())
    assert [c.id for c in client.v1.customers.list({"created": {"lt": moment + 100}}).data] == early
    assert [c.id for c in client.v1.customers.list({"created": {"gte": moment + 100}}).data] == late
    assert [c.id for c in client.v1.customers.list({"created": moment}).data] == early


def test_expand_in_depth_and_in_lists(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """docs.stripe.com/api/expanding_objects"""
    charged(client, customer=customer.id, payment_method="pm_card_visa")
    intents = client.v1.payment_intents.list({"expand": ["data.latest_charge.balance_transaction", "data.customer"]})
    intent = intents.data[0]
    assert isinstance(intent.customer, stripe.Customer)
    assert isinstance(intent.latest_charge, stripe.Charge)
    assert isinstance(intent.latest_charge.balance_transaction, stripe.BalanceTransaction)
    assert intent.latest_charge.balance_transaction.net == 2000 - 88


def test_refunds_of_a_charge_are_absent_unless_expanded(client: stripe.StripeClient, charge: stripe.Charge) -> None:
    """docs.stripe.com/upgrades#2022-11-15"""
    client.v1.refunds.create({"charge": charge.id, "amount": 100})
    assert "refunds" not in client.v1.charges.retrieve(charge.id).to_dict()
    expanded = client.v1.charges.retrieve(charge.id, {"expand": ["refunds"]})
    assert expanded.refunds is not None
    assert [refund.amount for refund in expanded.refunds.data] == [100]


@pytest.mark.parametrize("path", ["email", "nothing", "data.customer", "metadata.cat", "a.b.c.d.e"])
def test_what_cannot_be_expanded_is_refused(client: stripe.StripeClient, charge: stripe.Charge, path: str) -> None:
    """docs.stripe.com/api/expanding_objects"""
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.charges.retrieve(charge.id, {"expand": [path]})


def test_a_refused_expansion_changes_nothing(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.create({"name": "Ada", "expand": ["cats"]})
    assert client.v1.customers.list().data == []


def test_a_change_leaves_an_event_with_what_was_before(client: stripe.StripeClient) -> None:
    """docs.stripe.com/api/events/object"""
    made = client.v1.customers.create({"name": "Ada", "metadata": {"a": "1"}})
    client.v1.customers.update(made.id, {"name": "Eve", "metadata": {"a": "2"}}, {"idempotency_key": "why"})
    client.v1.customers.update(made.id, {"name": "Eve"})
    events = client.v1.events.list({"type": "customer.updated"}).data
    assert len(events) == 1, "an update that changes nothing is no event"
    assert events[0].data.to_dict()["previous_attributes"] == {"name": "Ada", "metadata": {"a": "1"}}
    assert events[0].request is not None
    assert events[0].request.idempotency_key == "why"
    assert client.v1.events.retrieve(events[0].id).api_version == "2026-10-28.endive"


def test_events_filter_by_type(client: stripe.StripeClient, charge: stripe.Charge) -> None:
    """docs.stripe.com/api/events/list"""
    types = [event.type for event in client.v1.events.list({"types": ["charge.*", "payment_intent.succeeded"]}).data]
    assert types == ["payment_intent.succeeded", "charge.succeeded"]
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.events.list({"type": "a", "types": ["b"]})


def test_events_are_listed_for_30_days(client: stripe.StripeClient, advance: Callable[[int], int]) -> None:
    """docs.stripe.com/api/events/list"""
    make(client, 1)
    advance(30 * 24 * 3600)
    assert len(client.v1.events.list().data) == 1
    advance(1)
    assert client.v1.events.list().data == []
