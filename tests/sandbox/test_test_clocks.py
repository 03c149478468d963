"""Test clocks (docs.stripe.com/api/test_clocks, docs.stripe.com/billing/testing/test-clocks)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe

from sandbox import clock
from sandbox.clock import HOOKS
from sandbox.server import Sandbox, create_app
from sandbox.world import World
from tests.sandbox.billing import DAY, event_types, invoices, price, subscribe, unix
from tests.sandbox.conftest import START
from tools.stripe_asgi import AsgiHTTPClient

JANUARY = unix(2027, 1, 10, 9)


def standing(client: stripe.StripeClient, at: int = JANUARY, **params: Any) -> tuple[str, stripe.Customer]:
    """A test clock, and a customer on it with a good card."""
    made = client.v1.test_helpers.test_clocks.create({"frozen_time": at, "name": "Renewals"})
    wanted: Any = {"test_clock": made.id, "payment_method": "pm_card_visa", **params}
    customer = client.v1.customers.create(wanted)
    card = client.v1.customers.payment_methods.list(customer.id).data[0].id
    return made.id, client.v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": card}})


def advance_to(client: stripe.StripeClient, clock_id: str, moment: int) -> stripe.test_helpers.TestClock:
    asked = client.v1.test_helpers.test_clocks.advance(clock_id, {"frozen_time": moment})
    assert asked.status == "advancing"
    assert asked.status_details.advancing is not None
    assert asked.status_details.advancing.target_frozen_time == moment
    return client.v1.test_helpers.test_clocks.retrieve(clock_id)


def test_made_shown_and_listed(client: stripe.StripeClient, app: Sandbox) -> None:
    made = client.v1.test_helpers.test_clocks.create({"frozen_time": JANUARY, "name": "Renewals"})
    assert (made.status, made.frozen_time, made.name) == ("ready", JANUARY, "Renewals")
    assert (made.created, made.deletes_after) == (clock.now(app.world), clock.now(app.world) + 7 * DAY)
    other = client.v1.test_helpers.test_clocks.create({"frozen_time": unix(2020, 2, 29)})
    assert client.v1.test_helpers.test_clocks.retrieve(other.id).name is None
    assert [one.id for one in client.v1.test_helpers.test_clocks.list().data] == [other.id, made.id]


def test_what_is_made_stands_at_the_clocks_time(client: stripe.StripeClient, app: Sandbox) -> None:
    clock_id, customer = standing(client)
    assert (customer.created, customer.test_clock) == (JANUARY, clock_id)
    subscription = subscribe(client, customer.id, price(client, 2000).id)
    assert (subscription.created, subscription.test_clock, subscription.status) == (JANUARY, clock_id, "active")
    [invoice] = invoices(client, customer=customer.id)
    assert (invoice.created, invoice.test_clock, invoice.status) == (JANUARY, clock_id, "paid")
    waiting = client.v1.invoice_items.create({"customer": customer.id, "amount": 100, "currency": "usd"})
    assert (waiting.date, waiting.test_clock) == (JANUARY, clock_id)
    assert clock.now(app.world) == int(START.timestamp())
    assert client.v1.customers.create({"name": "Beside it"}).created == int(START.timestamp())


def test_only_its_objects_advance(client: stripe.StripeClient, customer: stripe.Customer, app: Sandbox) -> None:
    monthly = price(client, 2000).id
    beside = subscribe(client, customer.id, monthly)
    clock_id, on_it = standing(client)
    subscription = subscribe(client, on_it.id, monthly)
    done = advance_to(client, clock_id, unix(2027, 2, 10, 11))
    assert (done.status, done.frozen_time) == ("ready", unix(2027, 2, 10, 11))
    assert len(invoices(client, customer=on_it.id)) == 2
    renewed = client.v1.subscriptions.retrieve(subscription.id)["items"].data[0]
    assert (renewed.current_period_start, renewed.current_period_end) == (unix(2027, 2, 10, 9), unix(2027, 3, 10, 9))
    newest = invoices(client, customer=on_it.id)[0]
    assert (newest.status, newest.created) == ("paid", unix(2027, 2, 10, 9))
    assert len(invoices(client, customer=customer.id)) == 1
    assert client.v1.subscriptions.retrieve(beside.id).status == "active"
    assert clock.now(app.world) == int(START.timestamp())


def test_the_sandboxs_clock_moves_no_test_clock(client: stripe.StripeClient, advance: Callable[[int], int]) -> None:
    clock_id, customer = standing(client)
    subscribe(client, customer.id, price(client, 2000).id)
    advance(6 * DAY)
    assert len(invoices(client, customer=customer.id)) == 1
    assert client.v1.test_helpers.test_clocks.retrieve(clock_id).frozen_time == JANUARY


def test_declines_and_retries_follow_the_clock(client: stripe.StripeClient, act: Callable[..., Any]) -> None:
    clock_id, customer = standing(client)
    subscription = subscribe(client, customer.id, price(client, 2000).id)
    assert customer.invoice_settings is not None
    card = str(customer.invoice_settings.default_payment_method)
    act("set_card_outcome", payment_method=card, decline="insufficient_funds")
    advance_to(client, clock_id, unix(2027, 2, 10, 11))
    assert client.v1.subscriptions.retrieve(subscription.id).status == "past_due"
    advance_to(client, clock_id, unix(2027, 2, 28, 9))
    assert client.v1.subscriptions.retrieve(subscription.id).status == "canceled"


def test_a_trial_ends_on_the_clock(client: stripe.StripeClient) -> None:
    clock_id, customer = standing(client)
    subscription = subscribe(client, customer.id, price(client, 2000).id, trial_period_days=14)
    assert subscription.trial_end == JANUARY + 14 * DAY
    advance_to(client, clock_id, JANUARY + 11 * DAY)
    assert "customer.subscription.trial_will_end" in event_types(client)
    advance_to(client, clock_id, JANUARY + 14 * DAY + 7200)
    assert client.v1.subscriptions.retrieve(subscription.id).status == "active"


def test_previews_and_prorations_are_reckoned_at_the_clocks_time(client: stripe.StripeClient) -> None:
    clock_id, customer = standing(client)
    subscription = subscribe(client, customer.id, price(client, 3100).id)
    advance_to(client, clock_id, unix(2027, 1, 25, 21))
    change: Any = {
        "items": [{"id": subscription["items"].data[0].id, "price": price(client, 6200).id}],
        "proration_behavior": "always_invoice",
    }
    shown = client.v1.invoices.create_preview({"subscription": subscription.id, "subscription_details": change})
    assert [line.amount for line in shown.lines.data] == [-1550, 3100]
    client.v1.subscriptions.update(subscription.id, change)
    [made, _] = invoices(client, customer=customer.id)
    assert (made.amount_paid, made.created) == (1550, unix(2027, 1, 25, 21))


def test_forward_only_and_two_intervals_at_most(client: stripe.StripeClient) -> None:
    """docs.stripe.com/api/test_clocks/advance#test_clocks_advance-frozen_time"""
    clock_id, customer = standing(client)
    two_years = unix(2029, 1, 10, 9)
    for wrong in (JANUARY - 1, JANUARY, two_years + 1):
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.test_helpers.test_clocks.advance(clock_id, {"frozen_time": wrong})
    subscribe(client, customer.id, price(client, 20000, "year").id)
    subscribe(client, customer.id, price(client, 2000).id)
    with pytest.raises(stripe.InvalidRequestError, match="two intervals"):
        client.v1.test_helpers.test_clocks.advance(clock_id, {"frozen_time": unix(2027, 3, 10, 9) + 1})
    assert advance_to(client, clock_id, unix(2027, 3, 10, 9)).frozen_time == unix(2027, 3, 10, 9)


def test_three_customers_on_a_clock_that_is_there(client: stripe.StripeClient) -> None:
    clock_id, _ = standing(client)
    for _ in range(2):
        client.v1.customers.create({"test_clock": clock_id})
    with pytest.raises(stripe.InvalidRequestError, match="at most 3 customers"):
        client.v1.customers.create({"test_clock": clock_id})
    with pytest.raises(stripe.InvalidRequestError, match="No such"):
        client.v1.customers.create({"test_clock": "clock_none"})


def test_lists_leave_them_out_unless_they_are_named(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """docs.stripe.com/api/customers/list, docs.stripe.com/api/subscriptions/list: test_clock"""
    monthly = price(client, 2000).id
    beside = subscribe(client, customer.id, monthly)
    clock_id, on_it = standing(client)
    subscription = subscribe(client, on_it.id, monthly)
    assert [one.id for one in client.v1.customers.list().data] == [customer.id]
    assert [one.id for one in client.v1.customers.list({"test_clock": clock_id}).data] == [on_it.id]
    assert [one.id for one in client.v1.subscriptions.list().data] == [beside.id]
    assert [one.id for one in client.v1.subscriptions.list({"test_clock": clock_id}).data] == [subscription.id]
    assert [one.id for one in client.v1.subscriptions.list({"customer": on_it.id}).data] == [subscription.id]


def test_deleting_takes_the_customers_along(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    clock_id, on_it = standing(client)
    subscription = subscribe(client, on_it.id, price(client, 2000).id)
    gone = client.v1.test_helpers.test_clocks.delete(clock_id)
    assert gone.deleted
    assert client.v1.customers.retrieve(on_it.id).deleted
    assert client.v1.subscriptions.retrieve(subscription.id).status == "canceled"
    assert not hasattr(client.v1.customers.retrieve(customer.id), "deleted")
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.test_helpers.test_clocks.retrieve(clock_id)
    kinds = [kind for kind in event_types(client) if kind.startswith("test_helpers")]
    assert kinds == ["test_helpers.test_clock.created", "test_helpers.test_clock.deleted"]


def test_a_clock_goes_by_itself_after_a_week(client: stripe.StripeClient, advance: Callable[[int], int]) -> None:
    _, on_it = standing(client)
    advance(7 * DAY)
    assert client.v1.test_helpers.test_clocks.list().data == []
    assert client.v1.customers.retrieve(on_it.id).deleted


def test_killed_while_it_advances_it_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "world.sqlite3"
    app = create_app(path, start=START)
    client = stripe.StripeClient("sk_test_x", http_client=AsgiHTTPClient(app), max_network_retries=0)
    clock_id, customer = standing(client)
    subscribe(client, customer.id, price(client, 2000).id)
    client.v1.test_helpers.test_clocks.advance(clock_id, {"frozen_time": unix(2027, 2, 11)})
    app.world.close()

    again = World(path)
    client = stripe.StripeClient("sk_test_x", http_client=AsgiHTTPClient(create_app(world=again)))
    assert client.v1.test_helpers.test_clocks.retrieve(clock_id).status == "ready"
    assert len(invoices(client, customer=customer.id)) == 2
    again.close()


def test_what_cannot_be_carried_out_is_undone_and_said(
    client: stripe.StripeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """docs.stripe.com/api/test_clocks/object: internal_failure"""
    clock_id, customer = standing(client)
    subscribe(client, customer.id, price(client, 2000).id)

    def broken(*_: Any) -> None:
        raise RuntimeError("a fault of the sandbox's own")

    monkeypatch.setitem(HOOKS, "invoice.finalize", broken)
    failed = advance_to(client, clock_id, unix(2027, 2, 11))
    assert (failed.status, failed.frozen_time) == ("internal_failure", JANUARY)
    assert len(invoices(client, customer=customer.id)) == 1
    with pytest.raises(stripe.InvalidRequestError, match="internal_failure"):
        client.v1.test_helpers.test_clocks.advance(clock_id, {"frozen_time": unix(2027, 2, 12)})
    assert client.v1.test_helpers.test_clocks.delete(clock_id).deleted


async def test_a_hosted_page_lives_in_the_clocks_time(client: stripe.StripeClient, app: Sandbox) -> None:
    """An invoice of 2020 on a clock of 2020: its link has not expired there."""
    _, customer = standing(client, unix(2020, 2, 1))
    made = client.v1.invoices.create(
        {"customer": customer.id, "collection_method": "send_invoice", "days_until_due": 5}
    )
    client.v1.invoice_items.create({"customer": customer.id, "invoice": made.id, "amount": 4200, "currency": "usd"})
    url = client.v1.invoices.finalize_invoice(made.id).hosted_invoice_url
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as http:
        shown = await http.get(str(url))
    assert shown.status_code == 200
    assert "$42.00" in shown.text


def test_keys_are_forgotten_by_the_sandboxs_time(client: stripe.StripeClient) -> None:
    _, customer = standing(client, unix(2035, 1, 1))
    item: Any = {"customer": customer.id, "amount": 100, "currency": "usd"}
    first = client.v1.invoice_items.create(item, {"idempotency_key": "one"})
    client.v1.customers.create({"name": "Ada"}, {"idempotency_key": "two"})
    assert client.v1.invoice_items.create(item, {"idempotency_key": "one"}).id == first.id
