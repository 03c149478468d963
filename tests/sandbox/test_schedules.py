"""Subscription schedules. Periods run 2 November to 2 December 2026, then to 2 January 2027."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import stripe

from sandbox import clock
from sandbox.server import Sandbox
from tests.sandbox.billing import DAY, HOUR, amounts, event_types, invoices, item_of, price, subscribe, unix

BEGIN, BOUNDARY, LATER = unix(2026, 11, 2, 9), unix(2026, 12, 2, 9), unix(2027, 1, 2, 9)


@pytest.fixture
def team(client: stripe.StripeClient) -> stripe.Price:
    return price(client, 6000, name="Team")


@pytest.fixture
def starter(client: stripe.StripeClient) -> stripe.Price:
    return price(client, 2000, name="Starter")


@pytest.fixture
def subscription(client: stripe.StripeClient, customer: stripe.Customer, team: stripe.Price) -> stripe.Subscription:
    return subscribe(client, customer.id, team.id)


@pytest.fixture
def schedule(client: stripe.StripeClient, subscription: stripe.Subscription) -> stripe.SubscriptionSchedule:
    return client.v1.subscription_schedules.create({"from_subscription": subscription.id})


def phase(price_id: str, **fields: Any) -> Any:
    return {"items": [{"price": price_id, "quantity": 1}], **fields}


def then(
    client: stripe.StripeClient, schedule: stripe.SubscriptionSchedule, first: str, second: str
) -> stripe.SubscriptionSchedule:
    """The present plan to the end of the period, another one from there."""
    phases = [phase(first, start_date=BEGIN, end_date=BOUNDARY), phase(second)]
    return client.v1.subscription_schedules.update(schedule.id, {"phases": phases})


def test_a_subscription_is_put_under_a_schedule(
    client: stripe.StripeClient, subscription: stripe.Subscription, schedule: stripe.SubscriptionSchedule
) -> None:
    """docs.stripe.com/api/subscription_schedules/create#create_subscription_schedule-from_subscription"""
    assert (schedule.status, schedule.end_behavior) == ("active", "release")
    assert schedule.current_phase is not None
    assert (schedule.current_phase.start_date, schedule.current_phase.end_date) == (BEGIN, BOUNDARY)
    assert [item.price for item in schedule.phases[0]["items"]] == [item_of(subscription).price.id]
    held = client.v1.subscriptions.retrieve(subscription.id, {"expand": ["schedule"]})
    assert isinstance(held.schedule, stripe.SubscriptionSchedule)
    assert (held.schedule.id, held.cancel_at) == (schedule.id, None)
    assert event_types(client)[-2:] == ["subscription_schedule.created", "customer.subscription.updated"]
    with pytest.raises(stripe.InvalidRequestError, match="already attached to a schedule"):
        client.v1.subscription_schedules.create({"from_subscription": subscription.id})


def test_a_downgrade_at_the_end_of_the_period_is_billed_by_the_renewal_without_a_proration(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    subscription: stripe.Subscription,
    schedule: stripe.SubscriptionSchedule,
    team: stripe.Price,
    starter: stripe.Price,
    advance: Callable[[int], int],
) -> None:
    """docs.stripe.com/billing/subscriptions/subscription-schedules/use-cases#downgrading-subscriptions"""
    changed = then(client, schedule, team.id, starter.id)
    assert [(each.start_date, each.end_date) for each in changed.phases] == [(BEGIN, BOUNDARY), (BOUNDARY, LATER)]
    soon = client.v1.invoices.create_preview({"subscription": subscription.id})
    assert amounts(soon) == [2000]
    advance(30 * DAY - 1)
    assert item_of(client.v1.subscriptions.retrieve(subscription.id)).price.id == team.id
    advance(HOUR + 2)
    after = client.v1.subscriptions.retrieve(subscription.id)
    assert item_of(after).id == item_of(subscription).id
    assert (item_of(after).price.id, item_of(after).current_period_end) == (starter.id, LATER)
    renewal = invoices(client, customer=customer.id)[0]
    assert (renewal.billing_reason, amounts(renewal), renewal.status) == ("subscription_cycle", [2000], "paid")
    moved = client.v1.subscription_schedules.retrieve(schedule.id)
    assert moved.current_phase is not None
    assert (moved.status, moved.current_phase.start_date) == ("active", BOUNDARY)
    advance(31 * DAY)
    gone = client.v1.subscription_schedules.retrieve(schedule.id)
    assert (gone.status, gone.subscription, gone.released_subscription) == ("released", None, subscription.id)
    assert (gone.released_at, gone.current_phase) == (LATER, None)
    ongoing = client.v1.subscriptions.retrieve(subscription.id)
    assert (ongoing.status, ongoing.schedule) == ("active", None)
    assert [invoice.total for invoice in invoices(client, customer=customer.id)] == [2000, 2000, 6000]


def test_a_released_schedule_leaves_the_subscription_as_it_is(
    client: stripe.StripeClient,
    subscription: stripe.Subscription,
    schedule: stripe.SubscriptionSchedule,
    team: stripe.Price,
    starter: stripe.Price,
    advance: Callable[[int], int],
) -> None:
    """docs.stripe.com/api/subscription_schedules/release"""
    then(client, schedule, team.id, starter.id)
    gone = client.v1.subscription_schedules.release(schedule.id)
    assert (gone.status, gone.subscription, gone.released_subscription) == ("released", None, subscription.id)
    assert client.v1.subscriptions.retrieve(subscription.id).schedule is None
    assert event_types(client)[-2:] == ["customer.subscription.updated", "subscription_schedule.released"]
    advance(31 * DAY)
    assert item_of(client.v1.subscriptions.retrieve(subscription.id)).price.id == team.id
    refused = "currently in the `released` status. It must be in `not_started, active` status to be "
    with pytest.raises(stripe.InvalidRequestError, match=f"You cannot release a .* {refused}released"):
        client.v1.subscription_schedules.release(schedule.id)
    with pytest.raises(stripe.InvalidRequestError, match=f"You cannot update a .* {refused}updated"):
        client.v1.subscription_schedules.update(schedule.id, {"end_behavior": "cancel"})
    assert client.v1.subscription_schedules.create({"from_subscription": subscription.id}).status == "active"


def test_the_end_of_a_scheduled_subscription_is_the_schedules(
    client: stripe.StripeClient, subscription: stripe.Subscription, schedule: stripe.SubscriptionSchedule
) -> None:
    """The words are those that callers report; docs.stripe.com/billing/subscriptions/subscription-schedules"""
    cancellations: list[Any] = [{"cancel_at_period_end": True}, {"cancel_at": BOUNDARY}]
    for change in cancellations:
        with pytest.raises(stripe.InvalidRequestError, match=f"`{schedule.id}`, and updating any cancelation behavior"):
            client.v1.subscriptions.update(subscription.id, change)
    named = client.v1.subscriptions.update(subscription.id, {"metadata": {"seat": "a"}})
    assert named.metadata is not None
    assert named.metadata["seat"] == "a"


def test_a_direct_change_of_items_joins_the_present_phase_and_the_next_one_still_comes(
    client: stripe.StripeClient,
    subscription: stripe.Subscription,
    schedule: stripe.SubscriptionSchedule,
    team: stripe.Price,
    starter: stripe.Price,
    advance: Callable[[int], int],
) -> None:
    then(client, schedule, team.id, starter.id)
    advance(15 * DAY)
    client.v1.subscriptions.update(subscription.id, {"items": [{"id": item_of(subscription).id, "quantity": 2}]})
    present, following = client.v1.subscription_schedules.retrieve(schedule.id).phases
    assert ([i.quantity for i in present["items"]], [i.quantity for i in following["items"]]) == ([2], [1])
    advance(15 * DAY + HOUR)
    after = item_of(client.v1.subscriptions.retrieve(subscription.id))
    assert (after.price.id, after.quantity) == (starter.id, 1)


@pytest.mark.parametrize(("behavior", "total"), [("create_prorations", -2000), ("none", 0)])
def test_a_phase_that_changes_within_the_period_prorates_as_it_says(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    schedule: stripe.SubscriptionSchedule,
    team: stripe.Price,
    starter: stripe.Price,
    advance: Callable[[int], int],
    behavior: Any,
    total: int,
) -> None:
    middle = BEGIN + 15 * DAY
    phases = [
        phase(team.id, start_date=BEGIN, end_date=middle),
        phase(starter.id, duration={"interval": "month"}, proration_behavior=behavior),
    ]
    client.v1.subscription_schedules.update(schedule.id, {"phases": phases})
    advance(15 * DAY)
    waiting = client.v1.invoice_items.list({"customer": customer.id, "pending": True}).data
    assert (sum(item.amount for item in waiting), len(waiting)) == (total, 2 if total else 0)


def test_the_present_phase_can_be_changed_but_not_moved(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    subscription: stripe.Subscription,
    schedule: stripe.SubscriptionSchedule,
    starter: stripe.Price,
    advance: Callable[[int], int],
) -> None:
    """docs.stripe.com/api/subscription_schedules/update"""
    advance(15 * DAY)
    with pytest.raises(stripe.InvalidRequestError, match="can not modify the start date of the current phase"):
        client.v1.subscription_schedules.update(schedule.id, {"phases": [phase(starter.id, start_date=BEGIN + 1)]})
    with pytest.raises(stripe.InvalidRequestError, match="missing at least one phase with a `start_date`"):
        client.v1.subscription_schedules.update(schedule.id, {"phases": [phase(starter.id)]})
    client.v1.subscription_schedules.update(
        schedule.id, {"phases": [phase(starter.id, start_date=BEGIN, end_date=BOUNDARY)]}
    )
    assert item_of(client.v1.subscriptions.retrieve(subscription.id)).price.id == starter.id
    waiting = client.v1.invoice_items.list({"customer": customer.id, "pending": True}).data
    assert sum(item.amount for item in waiting) == -3000 + 1000


def test_a_yearly_phase_begins_a_period_of_its_own(
    client: stripe.StripeClient,
    subscription: stripe.Subscription,
    schedule: stripe.SubscriptionSchedule,
    team: stripe.Price,
    advance: Callable[[int], int],
) -> None:
    yearly = price(client, 60000, "year", name="Team yearly")
    then(client, schedule, team.id, yearly.id)
    assert amounts(client.v1.invoices.create_preview({"subscription": subscription.id})) == [60000]
    advance(30 * DAY + HOUR)
    after = client.v1.subscriptions.retrieve(subscription.id)
    assert (item_of(after).price.id, item_of(after).current_period_end) == (yearly.id, unix(2027, 12, 2, 9))
    assert [invoice.total for invoice in invoices(client, subscription=subscription.id)] == [60000, 6000]


@pytest.mark.parametrize("lasts", [30, 45])
def test_a_schedule_may_end_the_subscription(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    subscription: stripe.Subscription,
    schedule: stripe.SubscriptionSchedule,
    team: stripe.Price,
    advance: Callable[[int], int],
    lasts: int,
) -> None:
    """docs.stripe.com/billing/subscriptions/subscription-schedules: end_behavior; at a period's end and within one"""
    until = BEGIN + lasts * DAY
    client.v1.subscription_schedules.update(
        schedule.id, {"end_behavior": "cancel", "phases": [phase(team.id, start_date=BEGIN, end_date=until)]}
    )
    assert client.v1.subscriptions.retrieve(subscription.id).cancel_at == until
    advance(lasts * DAY)
    ended = client.v1.subscriptions.retrieve(subscription.id)
    assert (ended.status, ended.ended_at) == ("canceled", until)
    done = client.v1.subscription_schedules.retrieve(schedule.id)
    assert (done.status, done.completed_at) == ("completed", until)
    advance(60 * DAY)
    assert len(invoices(client, customer=customer.id)) == (1 if lasts == 30 else 2)


@pytest.mark.parametrize(("keep", "status"), [(False, "active"), (True, "canceled")])
def test_a_released_schedule_takes_its_end_with_it_unless_it_is_kept(
    client: stripe.StripeClient,
    subscription: stripe.Subscription,
    schedule: stripe.SubscriptionSchedule,
    advance: Callable[[int], int],
    keep: bool,
    status: str,
) -> None:
    client.v1.subscription_schedules.update(schedule.id, {"end_behavior": "cancel"})
    client.v1.subscription_schedules.release(schedule.id, {"preserve_cancel_date": keep})
    assert client.v1.subscriptions.retrieve(subscription.id).cancel_at == (BOUNDARY if keep else None)
    advance(30 * DAY + HOUR)
    assert client.v1.subscriptions.retrieve(subscription.id).status == status


def test_a_canceled_schedule_ends_the_subscription_with_a_credit(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    subscription: stripe.Subscription,
    schedule: stripe.SubscriptionSchedule,
    advance: Callable[[int], int],
) -> None:
    """docs.stripe.com/api/subscription_schedules/cancel: prorate and invoice_now default to true"""
    advance(15 * DAY)
    gone = client.v1.subscription_schedules.cancel(schedule.id)
    assert (gone.status, gone.canceled_at) == ("canceled", BEGIN + 15 * DAY)
    assert client.v1.subscriptions.retrieve(subscription.id).status == "canceled"
    assert client.v1.customers.retrieve(customer.id).balance == -3000
    assert event_types(client)[-1] == "subscription_schedule.canceled"


def test_a_canceled_subscription_takes_its_schedule_with_it(
    client: stripe.StripeClient, subscription: stripe.Subscription, schedule: stripe.SubscriptionSchedule
) -> None:
    client.v1.subscriptions.cancel(subscription.id)
    assert client.v1.subscription_schedules.retrieve(schedule.id).status == "canceled"
    assert event_types(client)[-2:] == ["customer.subscription.deleted", "subscription_schedule.canceled"]
    with pytest.raises(stripe.InvalidRequestError, match="in the `canceled` status"):
        client.v1.subscription_schedules.create({"from_subscription": subscribe_ended(client, subscription)})


def subscribe_ended(client: stripe.StripeClient, like: stripe.Subscription) -> str:
    other = subscribe(client, str(like.customer), item_of(like).price.id)
    return client.v1.subscriptions.cancel(other.id).id


def test_a_schedule_starts_a_subscription_in_the_future(
    client: stripe.StripeClient, customer: stripe.Customer, team: stripe.Price, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/billing/subscriptions/subscription-schedules/use-cases#start-subscription-future"""
    begin = BEGIN + 10 * DAY
    planned = client.v1.subscription_schedules.create(
        {"customer": customer.id, "start_date": begin, "phases": [phase(team.id)], "metadata": {"a": "b"}}
    )
    assert (planned.status, planned.subscription, planned.current_phase) == ("not_started", None, None)
    waiting = client.v1.subscription_schedules.list({"customer": customer.id, "scheduled": True})
    assert [each.id for each in waiting.data] == [planned.id]
    advance(10 * DAY)
    begun = client.v1.subscription_schedules.retrieve(planned.id, {"expand": ["subscription"]})
    assert isinstance(begun.subscription, stripe.Subscription)
    assert (begun.status, begun.subscription.status, begun.subscription.start_date) == ("active", "active", begin)
    assert invoices(client, customer=customer.id)[0].status == "draft"
    advance(HOUR)
    assert invoices(client, customer=customer.id)[0].status == "paid"
    assert client.v1.subscription_schedules.list({"customer": customer.id, "scheduled": True}).data == []


def test_a_schedule_may_start_now_and_take_several_steps(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    team: stripe.Price,
    starter: stripe.Price,
    advance: Callable[[int], int],
) -> None:
    made = client.v1.subscription_schedules.create(
        {
            "customer": customer.id,
            "start_date": "now",
            "end_behavior": "cancel",
            "phases": [phase(starter.id, duration={"interval": "month", "interval_count": 2}), phase(team.id)],
        }
    )
    assert made.status == "active"
    advance(120 * DAY)
    assert [invoice.total for invoice in invoices(client, customer=customer.id)] == [6000, 2000, 2000]
    ended = client.v1.subscriptions.list({"customer": customer.id, "status": "canceled"}).data
    assert [each.ended_at for each in ended] == [unix(2027, 2, 2, 9)]


def test_a_phase_whose_price_was_switched_off_is_not_entered_and_time_goes_on(
    client: stripe.StripeClient,
    subscription: stripe.Subscription,
    schedule: stripe.SubscriptionSchedule,
    team: stripe.Price,
    starter: stripe.Price,
    advance: Callable[[int], int],
) -> None:
    then(client, schedule, team.id, starter.id)
    client.v1.prices.update(starter.id, {"active": False})
    advance(30 * DAY + HOUR)
    after = client.v1.subscriptions.retrieve(subscription.id)
    assert (item_of(after).price.id, after.schedule) == (team.id, None)
    assert client.v1.subscription_schedules.retrieve(schedule.id).status == "released"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"from_subscription": "sub_none"}, "No such subscription"),
        ({"from_subscription": "SUB", "end_behavior": "cancel"}, "cannot set `end_behavior`"),
        ({"customer": "CUS"}, "Missing required param: phases"),
        ({"phases": []}, "Missing required param: customer"),
        ({"customer": "CUS", "phases": [{"items": [{"price": "P"}]}], "start_date": BEGIN - 1}, "in the past"),
        (
            {
                "customer": "CUS",
                "phases": [{"items": [{"price": "P"}], "duration": {"interval": "day"}, "end_date": 1}],
            },
            "only specify one of these parameters",
        ),
        ({"customer": "CUS", "phases": [{"items": [{"price": "P"}], "end_date": BEGIN}]}, "end after its start"),
        ({"customer": "CUS", "phases": [{"items": [{"price": "P"}, {"price": "P"}]}]}, "in a phase only once"),
        ({"customer": "CUS", "phases": [{"items": [{"price": "P"}], "currency": "eur"}]}, "only supports `usd`"),
    ],
)
def test_what_cannot_be_scheduled_is_refused(
    client: stripe.StripeClient,
    app: Sandbox,
    subscription: stripe.Subscription,
    team: stripe.Price,
    asked: Any,
    words: str,
) -> None:
    ids = {"CUS": str(subscription.customer), "SUB": subscription.id, "P": team.id}
    named = re.sub(r'"(CUS|SUB|P)"', lambda found: json.dumps(ids[found[1]]), json.dumps(asked))
    before = app.world.snapshot()
    with pytest.raises(stripe.InvalidRequestError, match=words):
        client.v1.subscription_schedules.create(json.loads(named))
    assert app.world.snapshot() == before


def test_a_test_clock_carries_out_its_schedules(
    client: stripe.StripeClient, app: Sandbox, team: stripe.Price, starter: stripe.Price
) -> None:
    """docs.stripe.com/billing/testing/test-clocks"""
    own = client.v1.test_helpers.test_clocks.create({"frozen_time": BEGIN})
    customer = client.v1.customers.create({"test_clock": own.id, "payment_method": "pm_card_visa"})
    card = client.v1.customers.payment_methods.list(customer.id).data[0].id
    client.v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": card}})
    subscription = subscribe(client, customer.id, team.id)
    made = client.v1.subscription_schedules.create({"from_subscription": subscription.id})
    assert made.test_clock == own.id
    then(client, made, team.id, starter.id)
    client.v1.test_helpers.test_clocks.advance(own.id, {"frozen_time": BOUNDARY + HOUR})
    clock.catch_up(app.world)
    after = item_of(client.v1.subscriptions.retrieve(subscription.id))
    assert after.price.id == starter.id
    assert invoices(client, customer=customer.id)[0].total == 2000
