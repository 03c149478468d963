"""Meters, their events and summaries."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from tests.sandbox.billing import DAY, HOUR, event_types, unix
from tests.sandbox.metering import METER, meter, metered_price, use

NOW = unix(2026, 11, 2, 9)


def refusal(call: Callable[[], Any]) -> stripe.InvalidRequestError:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        call()
    return refused.value


def total(client: stripe.StripeClient, meter_id: str, customer: str, start: int, end: int) -> float:
    found = client.v1.billing.meters.event_summaries.list(
        meter_id, {"customer": customer, "start_time": start, "end_time": end}
    )
    return sum(summary.aggregated_value for summary in found.data)


def test_a_meter_is_made_renamed_put_to_rest_and_woken(client: stripe.StripeClient) -> None:
    """docs.stripe.com/api/billing/meter"""
    made = meter(client)
    assert (made.event_name, made.status, made.event_time_window) == (METER, "active", None)
    assert made.customer_mapping.event_payload_key == "stripe_customer_id"
    assert made.value_settings.event_payload_key == "value"
    assert client.v1.billing.meters.update(made.id, {"display_name": "Calls"}).display_name == "Calls"
    off = client.v1.billing.meters.deactivate(made.id)
    assert (off.status, off.status_transitions.deactivated_at) == ("inactive", NOW)
    assert client.v1.billing.meters.list({"status": "active"}).data == []
    assert "inactive" in str(refusal(lambda: client.v1.billing.meters.deactivate(made.id)))
    assert client.v1.billing.meters.reactivate(made.id).status == "active"
    assert client.v1.billing.meters.retrieve(made.id).id == client.v1.billing.meters.list().data[0].id
    assert event_types(client) == [
        f"billing.meter.{word}" for word in ("created", "updated", "deactivated", "reactivated")
    ]


def test_two_active_meters_never_share_an_event_name(client: stripe.StripeClient) -> None:
    """docs.stripe.com/billing/subscriptions/usage-based/meters/configure: one active meter for an event name"""
    first = meter(client)
    assert refusal(lambda: meter(client)).param == "event_name"
    client.v1.billing.meters.deactivate(first.id)
    meter(client)
    assert refusal(lambda: client.v1.billing.meters.reactivate(first.id)).param == "event_name"


def test_a_resting_meter_takes_no_event_and_no_price(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """docs.stripe.com/api/billing/meter/deactivate"""
    made = meter(client)
    client.v1.billing.meters.deactivate(made.id)
    assert refusal(lambda: use(client, customer.id, 1)).code == "resource_missing"
    assert "deactivated meter" in str(refusal(lambda: metered_price(client, made.id)))


def test_an_event_says_what_it_was_told_and_has_no_id(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """docs.stripe.com/api/billing/meter-event/object"""
    meter(client)
    event = use(client, customer.id, 25, identifier="one", timestamp=NOW - HOUR)
    assert event.to_dict() == {
        "object": "billing.meter_event",
        "created": NOW,
        "event_name": METER,
        "identifier": "one",
        "livemode": False,
        "payload": {"stripe_customer_id": customer.id, "value": "25"},
        "timestamp": NOW - HOUR,
    }
    assert use(client, customer.id, 1).identifier != use(client, customer.id, 1).identifier


def test_an_identifier_counts_once_a_day(
    client: stripe.StripeClient, customer: stripe.Customer, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/api/billing/meter-event/create#create_billing_meter_event-identifier"""
    made = meter(client)
    use(client, customer.id, 5, identifier="hour-9")
    assert str(refusal(lambda: use(client, customer.id, 5, identifier="hour-9"))).endswith(
        "An event already exists with identifier hour-9."
    )
    advance(DAY)
    use(client, customer.id, 5, identifier="hour-9")
    assert total(client, made.id, customer.id, NOW, NOW + 2 * DAY) == 10


@pytest.mark.parametrize(("shift", "taken"), [(-35 * DAY, True), (-35 * DAY - 1, False), (300, True), (301, False)])
def test_the_time_of_an_event_has_limits(
    client: stripe.StripeClient, customer: stripe.Customer, shift: int, taken: bool
) -> None:
    """docs.stripe.com/api/billing/meter-event/create#create_billing_meter_event-timestamp: 35 days, 5 minutes"""
    meter(client)
    if taken:
        assert use(client, customer.id, 1, timestamp=NOW + shift).timestamp == NOW + shift
    else:
        assert refusal(lambda: use(client, customer.id, 1, timestamp=NOW + shift)).param == "timestamp"


@pytest.mark.parametrize(
    ("payload", "param"),
    [
        ({"value": "1"}, "payload"),
        ({"stripe_customer_id": "{customer}"}, "payload"),
        ({"stripe_customer_id": "cus_nobody", "value": "1"}, "payload[stripe_customer_id]"),
        ({"stripe_customer_id": "{customer}", "value": "many"}, "payload[value]"),
        ({"stripe_customer_id": "{customer}", "value": "1.5"}, "payload[value]"),
    ],
)
def test_a_payload_that_cannot_be_counted_is_refused(
    client: stripe.StripeClient, customer: stripe.Customer, payload: dict[str, str], param: str
) -> None:
    """docs.stripe.com/billing/subscriptions/usage-based/meters/configure#meter-configuration-attributes"""
    meter(client)
    filled = {key: value.replace("{customer}", customer.id) for key, value in payload.items()}
    assert refusal(lambda: use(client, customer.id, 1, payload=filled)).param == param


@pytest.mark.parametrize(("formula", "expected"), [("sum", 12), ("count", 4), ("last", -1)])
def test_a_period_adds_up_by_the_meters_formula(
    client: stripe.StripeClient, customer: stripe.Customer, formula: str, expected: int
) -> None:
    """docs.stripe.com/api/billing/meter/create#create_billing_meter-default_aggregation"""
    made = meter(client, formula=formula)
    for units, before in ((7, 4), (6, 3), (-1, 1), (0, 2)):
        use(client, customer.id, units, timestamp=NOW - before * HOUR)
    use(client, customer.id, 500, timestamp=NOW - 6 * HOUR)
    other = client.v1.customers.create({"email": "b@example.com"})
    use(client, other.id, 900)
    assert total(client, made.id, customer.id, NOW - 5 * HOUR, NOW) == expected


def test_a_meter_of_its_own_keys(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """docs.stripe.com/api/billing/meter/create: customer_mapping, value_settings"""
    made = client.v1.billing.meters.create(
        {
            "display_name": "Storage",
            "event_name": "stored",
            "default_aggregation": {"formula": "last"},
            "customer_mapping": {"event_payload_key": "who", "type": "by_id"},
            "value_settings": {"event_payload_key": "bytes"},
            "event_time_window": "day",
        }
    )
    use(client, customer.id, 0, event_name="stored", payload={"who": customer.id, "bytes": "4096"})
    assert total(client, made.id, customer.id, NOW, NOW + HOUR) == 4096


def test_an_event_is_taken_back_within_a_day(
    client: stripe.StripeClient, customer: stripe.Customer, advance: Callable[[int], int]
) -> None:
    """docs.stripe.com/api/billing/meter-event-adjustment/create"""
    made = meter(client)

    def cancel(identifier: str, event_name: str = METER) -> stripe.billing.MeterEventAdjustment:
        return client.v1.billing.meter_event_adjustments.create(
            {"event_name": event_name, "type": "cancel", "cancel": {"identifier": identifier}}
        )

    use(client, customer.id, 100, identifier="wrong")
    use(client, customer.id, 3, identifier="right")
    done = cancel("wrong")
    assert (done.status, done.cancel and done.cancel.identifier) == ("pending", "wrong")
    assert total(client, made.id, customer.id, NOW, NOW + HOUR) == 3
    assert "already canceled" in str(refusal(lambda: cancel("wrong")))
    assert refusal(lambda: cancel("unheard")).code == "resource_missing"
    assert refusal(lambda: cancel("right", "no_meter")).param == "event_name"
    advance(DAY)
    assert "24 hours" in str(refusal(lambda: cancel("right")))


def test_summaries_by_hour_and_day_newest_first(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """docs.stripe.com/api/billing/meter-event-summary/list"""
    made = meter(client)
    midnight = unix(2026, 11, 2)
    for units, at in ((1, midnight - HOUR), (2, midnight + 1), (4, midnight + HOUR), (8, midnight + HOUR + 59)):
        use(client, customer.id, units, timestamp=at)

    def summaries(start: int, end: int, **params: Any) -> list[tuple[int, float]]:
        asked: Any = {"customer": customer.id, "start_time": start, "end_time": end, **params}
        found = client.v1.billing.meters.event_summaries.list(made.id, asked)
        assert len({one.id for one in found.data}) == len(found.data)
        return [(one.start_time, one.aggregated_value) for one in found.data]

    assert summaries(midnight, midnight + DAY) == [(midnight, 14)]
    assert summaries(midnight, midnight + DAY, value_grouping_window="hour") == [(midnight + HOUR, 12), (midnight, 2)]
    days = summaries(midnight - DAY, midnight + DAY, value_grouping_window="day")
    assert days == [(midnight, 14), (midnight - DAY, 1)]
    assert summaries(midnight + 2 * DAY, midnight + 3 * DAY) == []
    assert refusal(lambda: summaries(midnight + 1, midnight + DAY)).param == "start_time"
    assert refusal(lambda: summaries(midnight, midnight + 60, value_grouping_window="hour")).param == "end_time"
    assert refusal(lambda: summaries(midnight, midnight)).param == "end_time"


def test_a_metered_price_needs_a_meter_and_a_licensed_one_takes_none(client: stripe.StripeClient) -> None:
    """docs.stripe.com/api/prices/create#create_price-recurring: metered prices are backed by meters"""
    made = meter(client)
    price = metered_price(client, made.id)
    assert price.recurring is not None
    assert (price.recurring.usage_type, price.recurring.meter) == ("metered", made.id)
    assert [one.id for one in client.v1.prices.list({"recurring": {"meter": made.id}}).data] == [price.id]
    plain: Any = {"currency": "usd", "unit_amount": 1, "product_data": {"name": "X"}}
    without: Any = {**plain, "recurring": {"interval": "month", "usage_type": "metered"}}
    assert "backed by a meter" in str(refusal(lambda: client.v1.prices.create(without)))
    licensed: Any = {**plain, "recurring": {"interval": "month", "meter": made.id}}
    assert refusal(lambda: client.v1.prices.create(licensed)).param == "recurring[meter]"
