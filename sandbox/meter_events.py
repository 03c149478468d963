"""Meter events (docs.stripe.com/api/billing/meter-event): what customers used, as it is reported; and taking one back.

Stripe counts asynchronously; here an event counts at once. Values are whole numbers here.
"""

import re

from sandbox.calls import Call
from sandbox.customers import living
from sandbox.errors import invalid_request
from sandbox.expansion import shown
from sandbox.meters import active_meter
from sandbox.parameters import Choice, Fields, Metadata, Text, Timestamp
from sandbox.periods import SECONDS_PER_DAY, Period
from sandbox.routing import Route
from sandbox.world import Json, World

TYPE = "billing.meter_event"
# docs.stripe.com/api/billing/meter-event/create
OLDEST_DAYS = 35
FUTURE_SECONDS = 5 * 60
UNIQUE_SECONDS = SECONDS_PER_DAY
# docs.stripe.com/api/billing/meter-event-adjustment/create
CANCEL_SECONDS = SECONDS_PER_DAY


def create(call: Call) -> Json:
    given = call.params
    meter = _meter(call, given["event_name"])
    moment = _moment(call)
    payload = given["payload"]
    customer = _customer(call, meter, payload)
    value = _value(meter, payload)
    identifier = given.get("identifier") or f"idmp_{call.new_secret(24, 'meter_event_identifier')}"
    if _recent(call, identifier, UNIQUE_SECONDS):
        raise invalid_request(f"An event already exists with identifier {identifier}.", param="identifier")
    return call.create(
        TYPE,
        {
            "event_name": given["event_name"],
            "identifier": identifier,
            "payload": payload,
            "timestamp": moment,
            "_customer": customer,
            "_meter": meter["id"],
            "_value": value,
        },
    )


@shown(TYPE)
def without_id(_: World, event: Json) -> Json:
    """An event has no id at Stripe, only its identifier."""
    return {name: value for name, value in event.items() if name != "id"}


def _meter(call: Call, event_name: str) -> Json:
    meter = active_meter(call, event_name)
    if meter is None:
        raise invalid_request(
            f"No active meter found for event name `{event_name}`.", param="event_name", code="resource_missing"
        )
    return meter


def _moment(call: Call) -> int:
    moment = call.params.get("timestamp", call.now)
    oldest, latest = call.now - OLDEST_DAYS * SECONDS_PER_DAY, call.now + FUTURE_SECONDS
    if moment < oldest:
        raise invalid_request(
            f"The event timestamp cannot be more than {OLDEST_DAYS} days in past. Expected a timestamp greater than or "
            f"equal to {oldest}.",
            param="timestamp",
        )
    if moment > latest:
        raise invalid_request(
            "The event timestamp cannot be more than 5 minutes in the future. Expected a timestamp less than or equal "
            f"to {latest}.",
            param="timestamp",
        )
    return moment


def _customer(call: Call, meter: Json, payload: dict[str, str]) -> str:
    key = meter["customer_mapping"]["event_payload_key"]
    if not payload.get(key):
        raise invalid_request(
            f"Missing required payload key `{key}`: it maps the event to a customer.", param="payload"
        )
    return living(call, payload[key], f"payload[{key}]")["id"]


def _value(meter: Json, payload: dict[str, str]) -> int:
    """1 where events are only counted."""
    if meter["default_aggregation"]["formula"] == "count":
        return 1
    key = meter["value_settings"]["event_payload_key"]
    if key not in payload:
        raise invalid_request(f"Missing required payload key `{key}`: it holds the event's value.", param="payload")
    if not re.fullmatch(r"-?[0-9]{1,15}", payload[key]):
        raise invalid_request(
            f"Invalid value for payload key `{key}`: {payload[key][:40]}. It must be a whole number.",
            param=f"payload[{key}]",
        )
    return int(payload[key])


def _recent(call: Call, identifier: str, seconds: int) -> Json | None:
    found = call.select(TYPE, identifier=identifier)
    return next((event for event in found if event["created"] > call.now - seconds), None)


def adjust(call: Call) -> Json:
    """Take an event back. Stripe does it asynchronously and answers `pending`; here it no longer counts at once."""
    given = call.params
    _meter(call, given["event_name"])
    identifier = given.get("cancel", {}).get("identifier")
    if identifier is None:
        raise invalid_request(
            "Missing required param: cancel[identifier].", param="cancel[identifier]", code="parameter_missing"
        )
    found = [event for event in call.select(TYPE, identifier=identifier) if event["event_name"] == given["event_name"]]
    if not found:
        raise invalid_request(
            f"No event found with identifier {identifier}.", param="cancel[identifier]", code="resource_missing"
        )
    event = found[0]
    if event["created"] <= call.now - CANCEL_SECONDS:
        raise invalid_request(
            "You can only cancel events within 24 hours of Stripe receiving them.", param="cancel[identifier]"
        )
    if event.get("_canceled"):
        raise invalid_request(
            f"The event with identifier {identifier} is already canceled.", param="cancel[identifier]"
        )
    call.save({**event, "_canceled": True})
    return {
        "object": "billing.meter_event_adjustment",
        "cancel": {"identifier": identifier},
        "event_name": given["event_name"],
        "livemode": False,
        "status": "pending",
        "type": "cancel",
    }


def counted(call: Call, meter: Json, customer: str) -> list[Json]:
    """A customer's events of a meter that were not taken back, by their own time; of one moment, as received."""
    found = call.select(TYPE, _meter=meter["id"], _customer=customer)
    return sorted((event for event in reversed(found) if not event.get("_canceled")), key=lambda e: e["timestamp"])


def aggregated(meter: Json, events: list[Json], period: Period) -> int:
    """The meter's formula over the events of `[start, end)`."""
    values = [event["_value"] for event in events if period.start <= event["timestamp"] < period.end]
    if meter["default_aggregation"]["formula"] == "last":
        return values[-1] if values else 0
    return sum(values)


ROUTES = [
    Route(
        "POST",
        "/v1/billing/meter_events",
        create,
        {
            "event_name": Text(required=True, max_length=100),
            "identifier": Text(max_length=100),
            "payload": Metadata(required=True, clearable=False),
            "timestamp": Timestamp(),
        },
        "billing_meter_event_write",
    ),
    Route(
        "POST",
        "/v1/billing/meter_event_adjustments",
        adjust,
        {
            "cancel": Fields({"identifier": Text(max_length=100)}),
            "event_name": Text(required=True, max_length=100),
            "type": Choice(("cancel",), required=True),
        },
        "billing_meter_event_adjustment_write",
    ),
]
