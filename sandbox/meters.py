"""Billing meters (docs.stripe.com/api/billing/meter): what is counted, for whom, and how a period's events add up."""

from sandbox.calls import Call
from sandbox.errors import invalid_request
from sandbox.parameters import Choice, Fields, Kind, Text
from sandbox.routing import Route, fetch, listing
from sandbox.world import Json

TYPE = "billing.meter"
CUSTOMER_KEY, VALUE_KEY = "stripe_customer_id", "value"

_CREATE: dict[str, Kind] = {
    "customer_mapping": Fields(
        {"event_payload_key": Text(required=True, max_length=100), "type": Choice(("by_id",), required=True)}
    ),
    "default_aggregation": Fields({"formula": Choice(("count", "last", "sum"), required=True)}, required=True),
    "display_name": Text(required=True, max_length=250),
    "event_name": Text(required=True, max_length=100),
    "event_time_window": Choice(("day", "hour")),
    "value_settings": Fields({"event_payload_key": Text(required=True, max_length=100)}),
}


def create(call: Call) -> Json:
    given = call.params
    _check_free(call, given["event_name"])
    return call.create(
        TYPE,
        {
            "customer_mapping": given.get("customer_mapping", {"event_payload_key": CUSTOMER_KEY, "type": "by_id"}),
            "default_aggregation": given["default_aggregation"],
            "display_name": given["display_name"],
            "event_name": given["event_name"],
            "event_time_window": given.get("event_time_window"),
            "status": "active",
            "status_transitions": {"deactivated_at": None},
            "updated": call.now,
            "value_settings": given.get("value_settings", {"event_payload_key": VALUE_KEY}),
        },
        "billing.meter.created",
    )


def update(call: Call) -> Json:
    """Only the name that is shown may change (docs.stripe.com/api/billing/meter/update)."""
    meter = call.need(TYPE, call.path["id"])
    if "display_name" in call.params:
        meter |= {"display_name": call.params["display_name"], "updated": call.now}
    return call.save(meter, "billing.meter.updated")


def deactivate(call: Call) -> Json:
    """No more events are taken, and no new price may use it; what was counted is still billed."""
    meter = call.need(TYPE, call.path["id"])
    if meter["status"] == "inactive":
        raise invalid_request("You cannot deactivate this meter because it is already inactive.", param="id")
    meter |= {"status": "inactive", "status_transitions": {"deactivated_at": call.now}, "updated": call.now}
    return call.save(meter, "billing.meter.deactivated")


def reactivate(call: Call) -> Json:
    meter = call.need(TYPE, call.path["id"])
    if meter["status"] == "active":
        raise invalid_request("You cannot reactivate this meter because it is already active.", param="id")
    _check_free(call, meter["event_name"])
    meter |= {"status": "active", "status_transitions": {"deactivated_at": None}, "updated": call.now}
    return call.save(meter, "billing.meter.reactivated")


def _check_free(call: Call, event_name: str) -> None:
    if active_meter(call, event_name) is not None:
        raise invalid_request(
            f"There is already an active meter for the event name `{event_name}`. Event names must be unique among "
            "active meters.",
            param="event_name",
        )


def active_meter(call: Call, event_name: str) -> Json | None:
    """The meter that counts events of this name now."""
    found = call.select(TYPE, event_name=event_name, status="active")
    return found[0] if found else None


ROUTES = [
    Route("POST", "/v1/billing/meters", create, _CREATE, "billing_meter_write"),
    listing("/v1/billing/meters", TYPE, {"status": Choice(("active", "inactive"))}, "billing_meter_read", timed=False),
    Route("GET", "/v1/billing/meters/{id}", fetch(TYPE), {}, "billing_meter_read"),
    Route("POST", "/v1/billing/meters/{id}", update, {"display_name": Text(max_length=250)}, "billing_meter_write"),
    Route("POST", "/v1/billing/meters/{id}/deactivate", deactivate, {}, "billing_meter_write"),
    Route("POST", "/v1/billing/meters/{id}/reactivate", reactivate, {}, "billing_meter_write"),
]
